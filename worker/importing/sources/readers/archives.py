"""The one table in a ZIP archive or a .gz file, unpacked for the parent to open."""

import gzip
import re
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from worker.exceptions import JobRefusedError
from worker.importing.sources.formats import HEAD_BYTES, find_format

_PIECE_BYTES = 1 << 20
# What is looked at, of an archive that holds a whole disk.
_MOST_FILES = 50
_SHOWN_FILES = 10

# What systems put into archives for themselves.
_SYSTEM_FOLDER = "__MACOSX"
_SYSTEM_FILES = {".ds_store", "thumbs.db", "desktop.ini"}
_READ_ME = re.compile(
    r"(?:read[ _-]?me|licen[cs]e|copying|changelog|manifest)\b.*|.*\.md", re.IGNORECASE
)

_BY_MIME_TYPE = {
    "text": "an OpenDocument text",
    "presentation": "an OpenDocument presentation",
    "graphics": "an OpenDocument drawing",
    "database": "an OpenDocument database",
}
_COPY = "copy its table into a spreadsheet and upload that"

_DAMAGED = "The {} is damaged or incomplete. Pack it again, or upload the file that is in it."


def holds_workbook(path: Path) -> bool:
    """Whether a ZIP archive is a workbook, or too damaged to tell.

    Raises:
        JobRefusedError: it is another program's document.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.replace("\\", "/").lower() for name in archive.namelist()]
            mime_type = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error):
        return True  # its reader says what is wrong
    _refuse_documents(names, mime_type.decode("latin-1"))
    return any(
        name in {"[content_types].xml", "content.xml"}
        or name.startswith("xl/")
        or name.endswith(("workbook.xml", "workbook.bin"))
        for name in names
    )


def _refuse_documents(names: list[str], mime_type: str) -> None:
    what, advice = "", _COPY
    folders = {name.partition("/")[0] for name in names}
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        what, advice = "an Apple Numbers file", "export it as .xlsx or CSV and upload that"
    elif "[content_types].xml" in names and "xl" not in folders:
        if "word" in folders:
            what = "a Word document"
        elif "ppt" in folders:
            what = "a PowerPoint presentation"
            advice = "upload the spreadsheet that its table was made from"
    elif found := re.search(r"opendocument\.(\w+)", mime_type):
        what = _BY_MIME_TYPE.get(found[1], "")
    elif "epub" in mime_type:
        what = "a book"
    if what:
        raise JobRefusedError(f"The file is not a table we can read. It is {what}; {advice}.")


def unpack_zip(path: Path, into: Path, most_bytes: int) -> list[str]:
    """Unpack the only table of an archive: its name, and those of the files beside it.

    Raises:
        JobRefusedError: there is none, or several, or it is protected, damaged or too large.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            chosen, others = _chosen(archive)
            with archive.open(chosen) as source:
                _copy(source, into, most_bytes)
            return [_shown(chosen), *others]
    except NotImplementedError:
        raise JobRefusedError(
            "The ZIP archive is packed in a way that we cannot unpack. "
            "Unpack it and upload the file that is in it."
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
        raise JobRefusedError(_DAMAGED.format("ZIP archive")) from None


def unpack_gzip(path: Path, into: Path, most_bytes: int) -> list[str]:
    """Unpack a .gz file; it names nothing.

    Raises:
        JobRefusedError: it is damaged or too large.

    """
    try:
        with gzip.GzipFile(path) as source:
            _copy(source, into, most_bytes)
            return []
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise JobRefusedError(_DAMAGED.format("compressed file (.gz)")) from None


def _copy(source: IO[bytes] | gzip.GzipFile, into: Path, most_bytes: int) -> None:
    """Believe nothing that the archive says of its sizes."""
    if not most_bytes:
        raise JobRefusedError(
            "The archive holds another archive. Unpack both and upload the file that is in them."
        )
    left = most_bytes
    with into.open("wb") as target:
        for piece in iter(partial(source.read, _PIECE_BYTES), b""):
            left -= len(piece)
            if left < 0:
                raise JobRefusedError(
                    f"The file in the archive is larger than {most_bytes >> 20:,} MB. "
                    "Please split it and upload the parts."
                )
            target.write(piece)


def _chosen(archive: zipfile.ZipFile) -> tuple[zipfile.ZipInfo, list[str]]:
    """Choose the only file that is a table, and name the others."""
    files = [part for part in archive.infolist() if not part.is_dir() and not _is_system(part)]
    if not files:
        raise JobRefusedError("The ZIP archive is empty. Upload the file that should be in it.")
    if any(part.flag_bits & 1 for part in files):
        raise JobRefusedError(
            "The ZIP archive is protected with a password. "
            "Unpack it and upload the file that is in it."
        )
    tables = files
    if 1 < len(files) <= _MOST_FILES:
        tables = [part for part in files if _is_table(archive, part)]
        if len(tables) > 1:
            tables = [part for part in tables if not _is_read_me(part)] or tables
    if len(tables) != 1:
        what = "several files" if tables else "several files, and none is a table"
        raise JobRefusedError(
            f"The ZIP archive holds {what}: {_listed(tables or files)}. "
            "Unpack it and upload the one that is meant."
        )
    return tables[0], [_shown(part) for part in files if part is not tables[0]]


def _is_table(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a file begins as something that we read, or may be."""
    with archive.open(part) as source:
        head = source.read(HEAD_BYTES)
    try:
        return bool(head) and (
            find_format(head) != "text" or b"\0" not in head.replace(b"\0\0", b"")
        )
    except JobRefusedError:
        return False


def _is_system(part: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(part.filename.replace("\\", "/"))
    name = path.name.lower()
    return _SYSTEM_FOLDER in path.parts or name in _SYSTEM_FILES or name.startswith("._")


def _is_read_me(part: zipfile.ZipInfo) -> bool:
    return _READ_ME.fullmatch(PurePosixPath(part.filename.replace("\\", "/")).name) is not None


def _listed(parts: list[zipfile.ZipInfo]) -> str:
    listed = ", ".join(f'"{_shown(part)}"' for part in parts[:_SHOWN_FILES])
    more = len(parts) - _SHOWN_FILES
    return f"{listed} and {more:,} more" if more > 0 else listed


def _shown(part: zipfile.ZipInfo) -> str:
    """Give a name as it can be shown, without its folders."""
    name = PurePosixPath(part.filename.replace("\\", "/")).name[-60:]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
