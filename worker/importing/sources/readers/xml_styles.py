"""The number formats of an XML spreadsheet, by the names of their styles."""

from worker.importing.sources.marks import Mark
from worker.importing.sources.number_formats import format_mark

# Formats that have a name instead of signs.
_NAMED = {"Percent": "0.00%"}
# Of cells that name no style.
_DEFAULT = "Default"


class Styles:
    """What the styles say, which stand before all sheets."""

    def __init__(self) -> None:
        self._style = ""
        self._parents: dict[str, str] = {}
        self._formats: dict[str, str] = {}
        self._marks: dict[str, Mark | None] = {}

    def begin(self, attributes: dict[str, str]) -> None:
        """Begin a style; what it does not say its parent says."""
        self._style = attributes.get("ID", "")
        self._parents[self._style] = attributes.get("Parent", "")

    def set_format(self, attributes: dict[str, str]) -> None:
        """Take the format of the style that was begun last."""
        written = attributes.get("Format", "")
        self._formats[self._style] = _NAMED.get(written, written)

    def mark(self, style: str | None) -> Mark | None:
        """Find the mark that a style makes."""
        style = style or _DEFAULT
        if style not in self._marks:
            self._marks[style] = format_mark(self._format(style))
        return self._marks[style]

    def _format(self, style: str) -> str:
        for _ in range(len(self._parents)):
            if style in self._formats:
                break
            style = self._parents.get(style, "")
        return self._formats.get(style, "")
