"""Flat OpenDocument (.fods): the parts of an .ods in one XML file, without an archive."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_archive(path: Path) -> Iterator[Path]:
    """Put it into an archive, where its readers look for the rows."""
    archive = path.with_name(f"{path.name}.ods")
    try:
        with zipfile.ZipFile(archive, "w") as parts:
            parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            parts.writestr("META-INF/manifest.xml", "<manifest/>")
            parts.write(path, "content.xml")
        yield archive
    finally:
        archive.unlink(missing_ok=True)
