"""A workbook's sheet as lines of JSON. Belongs into a child process: worker.sources.readers."""

import errno
import json
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import python_calamine as calamine

from worker.sources.cells import json_cell
from worker.sources.marks import Mark, MarkedRows, format_mark, uncalculated
from worker.sources.ods_marks import ods_marks
from worker.sources.table import LONGEST_ROW
from worker.sources.xls_marks import is_protected, xls_marks
from worker.sources.xlsx_marks import xlsx_marks

# Why there are no rows.
Cause = Literal[
    "", "binary", "damaged", "damaged ods", "document", "large", "no sheet", "protected", "zip"
]

# What the parent is told of a workbook that has no end of sheets.
_MOST_NAMES = 1000
_LONGEST_NAME = 100

# What an archive may unpack to, and from where on it is suspicious to unpack so much from little.
_MOST_UNPACKED = 1_000_000_000
_SUSPICIOUS_UNPACKED = 100_000_000
_SUSPICIOUS_RATIO = 200

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_XLS_STREAMS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
# The stream in which Office puts an encrypted workbook.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class Report(NamedTuple):
    """What became of a workbook."""

    cause: Cause = ""
    # The sheet whose rows were written, and all that there are.
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    # Formulas whose values are not in the file.
    uncalculated: int = 0


class _RefusedError(Exception):
    def __init__(self, cause: Cause, sheets: Iterable[str] = ()) -> None:
        super().__init__(cause)
        self.report = Report(cause, sheets=tuple(sheets))


def report_rows(path: Path, spool: Path, wanted: str | None) -> dict[str, object]:
    """Write the rows, and report on them as the parent wants it."""
    report = write_rows(path, spool, wanted)
    report = report._replace(
        sheet=report.sheet[:_LONGEST_NAME],
        sheets=tuple(name[:_LONGEST_NAME] for name in report.sheets[:_MOST_NAMES]),
    )
    return report._asdict()


def write_rows(path: Path, spool: Path, wanted: str | None) -> Report:
    """Write a row a line as JSON, [number, cells], and say what was read."""
    try:
        return _write_rows(path, spool, wanted)
    except _RefusedError as error:
        return error.report
    except MemoryError:
        return Report("large")
    except OSError as error:
        # The spool has reached its limit, or the disk its end; else the workbook can't be read.
        return Report("large" if error.errno in {errno.EFBIG, errno.ENOSPC} else "damaged")
    except BaseException:  # noqa: BLE001 - whatever the readers raise (a Rust panic is no Exception)
        return Report("damaged")


def _write_rows(path: Path, spool: Path, wanted: str | None) -> Report:
    if not zipfile.is_zipfile(path):
        return _write_xls(path, spool, wanted)
    with zipfile.ZipFile(path) as archive:
        _refuse_bomb(archive)
        names = set(archive.namelist())
        if "xl/workbook.bin" in names:
            raise _RefusedError("binary")
        if b"encryption-data" in _part(archive, "META-INF/manifest.xml"):
            raise _RefusedError("protected")
        if "content.xml" in names:
            try:
                return _write(path, spool, wanted, lambda sheet: ods_marks(archive, sheet))
            except calamine.CalamineError:
                raise _RefusedError("damaged ods") from None
        if not any(name.startswith("xl/") for name in names):
            raise _RefusedError("zip")
        try:
            return _write(path, spool, wanted, lambda sheet: xlsx_marks(archive, sheet))
        except calamine.CalamineError:
            return _write_with_openpyxl(path, spool, wanted)


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    """Believe what the archive says of its sizes; what lies meets the memory limit."""
    unpacked = sum(part.file_size for part in archive.infolist())
    packed = sum(part.compress_size for part in archive.infolist())
    if unpacked > _MOST_UNPACKED or (
        unpacked > _SUSPICIOUS_UNPACKED and unpacked > _SUSPICIOUS_RATIO * packed
    ):
        raise _RefusedError("large")


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.NameToInfo else b""


def _write_xls(path: Path, spool: Path, wanted: str | None) -> Report:
    content = path.read_bytes()
    if not content.startswith(_OLE):
        raise _RefusedError("damaged")  # a ZIP archive that was cut
    if _ENCRYPTED in content:
        raise _RefusedError("protected")
    if not any(stream in content for stream in _XLS_STREAMS):
        raise _RefusedError("document")
    if is_protected(content):
        raise _RefusedError("protected")
    return _write(path, spool, wanted, lambda sheet: xls_marks(content, sheet))


def _write(
    path: Path, spool: Path, wanted: str | None, find_marks: Callable[[str], MarkedRows]
) -> Report:
    # Not by its path: calamine would believe the name's ending.
    with path.open("rb") as file, calamine.CalamineWorkbook.from_filelike(file) as workbook:
        sheets = [
            sheet
            for sheet in workbook.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        names = [sheet.name for sheet in sheets]
        if not names:
            raise _RefusedError("damaged")
        name = _named(wanted, names) if wanted is not None else ""
        # What is hidden holds the lists that others choose from.
        sheets.sort(key=lambda sheet: sheet.visible != calamine.SheetVisibleEnum.Visible)
        for candidate in [name] if name else [sheet.name for sheet in sheets]:
            sheet = workbook.get_sheet_by_name(candidate)
            if sheet.start is not None or name:
                marked = _marked(sheet.iter_rows(), find_marks(candidate))
                return Report("", candidate, tuple(names), _spool(marked, spool))
    return Report("", names[0], tuple(names), _spool([], spool))


def _named(wanted: str, names: list[str]) -> str:
    """Find the sheet that is meant: exactly, else but for upper and lower case."""
    for name in names:
        if name == wanted:
            return name
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    raise _RefusedError("no sheet", names)


# A row's cells as they were read, and its marks.
_MarkedCells = tuple[list[object], dict[int, Mark]]


def _marked(rows: Iterable[Sequence[object]], marked_rows: MarkedRows) -> Iterator[_MarkedCells]:
    """Put the marks beside the cells; both come in order of the rows."""
    marks = iter(marked_rows)
    row, columns = next(marks, (math.inf, {}))
    for number, cells in enumerate(rows, start=1):
        while row < number:
            row, columns = next(marks, (math.inf, {}))
        yield list(cells), columns if row == number else {}


def _write_with_openpyxl(path: Path, spool: Path, wanted: str | None) -> Report:
    """Read what calamine can't, slowly."""
    # Takes half a second, and is seldom needed.
    import openpyxl  # type: ignore[import-untyped] # noqa: PLC0415

    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        names = [sheet.title for sheet in workbook.worksheets]
        chosen = [_named(wanted, names)] if wanted is not None else names
        for name in chosen:
            sheet = workbook[name]
            sheet.reset_dimensions()  # they may claim a million rows
            if wanted is not None or next(sheet.iter_rows(), None) is not None:
                marked = (
                    (
                        [cell.value for cell in cells],
                        {
                            column: mark
                            for column, cell in enumerate(cells)
                            if (mark := format_mark(cell.number_format or ""))
                        },
                    )
                    for cells in sheet.iter_rows()
                )
                return Report("", name, tuple(names), _spool(marked, spool))
    finally:
        workbook.close()
    return Report("", names[0] if names else "", tuple(names), _spool([], spool))


def _spool(rows: Iterable[_MarkedCells], spool: Path) -> int:
    """Write the rows; how many formulas have no value."""
    count = 0
    with spool.open("w", encoding="utf-8") as file:
        for number, (cells, marks) in enumerate(rows, start=1):
            for column, mark in marks.items():
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = mark(cells[column])
                count += mark is uncalculated
            written = [json_cell(cell) for cell in cells]
            while written and written[-1] == "":
                written.pop()
            if not written:
                continue
            line = json.dumps([number, written], ensure_ascii=False, separators=(",", ":"))
            if len(line) > LONGEST_ROW:
                raise _RefusedError("large")
            file.write(line + "\n")
    return count
