"""XML: <quotes><quote><title>…</title>…</quote>…</quotes>, each column an element."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from worker.exporting.entities import Entity
from worker.exporting.formats.characters import without_unfit

_QUOTES = {'"': "&quot;", "'": "&apos;", "\r": "&#13;"}


class XmlWriter:
    """An XML file; an element without text is there, and empty."""

    def __init__(self, path: Path, entity: Entity) -> None:
        self.notes: list[str] = []
        self._entity = entity
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<{entity.name}>\n')

    def write(self, cells: Sequence[Sequence[str]]) -> None:
        """Write some rows, given by column."""
        row = self._entity.row
        names = [column.name for column in self._entity.columns]
        for texts in zip(*cells, strict=True):
            fields = "".join(
                f"    <{name}>{_escaped(text)}</{name}>\n"
                for name, text in zip(names, texts, strict=True)
            )
            self._file.write(f"  <{row}>\n{fields}  </{row}>\n")

    def close(self) -> None:
        """Close the outermost element."""
        self._file.write(f"</{self._entity.name}>\n")
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        self._file.close()


def _escaped(text: str) -> str:
    return text if text.isalnum() else escape(without_unfit(text), _QUOTES)
