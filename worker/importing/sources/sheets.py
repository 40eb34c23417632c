"""What every workbook's reader gives: its sheets, each with its rows."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from worker.importing.sources.marks import NumberedRows

# Why there are no rows.
Cause = Literal["", "damaged", "document", "large", "no sheet", "protected", "zip"]

# A sheet's bounds: in .xlsx, and in LibreOffice.
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384


class Sheet(NamedTuple):
    """A sheet of cells; one of charts or macros is none."""

    name: str
    # What is hidden holds the lists that others choose from.
    is_hidden: bool
    # Reads (1-based row, its cells from column A on), at each call from the beginning. Whatever
    # the reader's library raises, it raises.
    rows: Callable[[], NumberedRows]


def find_name(wanted: str, names: Iterable[str]) -> str | None:
    """Find the sheet that is meant: exactly, else but for upper and lower case."""
    nearly = None
    for name in names:
        if name == wanted:
            return name
        if nearly is None and name.strip().casefold() == wanted.strip().casefold():
            nearly = name
    return nearly


class RefusedError(Exception):
    """A workbook that no reader can read, or a sheet that unpacks to more than anybody meant."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause: Cause = cause
