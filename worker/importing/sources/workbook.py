"""A workbook's sheet as lines of JSON. Belongs into a child process: readers/."""

import errno
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from worker.importing.sources import ods, xls, xlsx
from worker.importing.sources.choice import Ask, write_sheet
from worker.importing.sources.parts import Parts
from worker.importing.sources.sheets import Cause, RefusedError, Sheet

# What the parent is told of a workbook that has no end of sheets.
_MOST_NAMES = 1000
_LONGEST_NAME = 100

# What an archive may unpack to, and from where on it is suspicious to unpack so much from little.
_MOST_UNPACKED = 1_000_000_000
_SUSPICIOUS_UNPACKED = 100_000_000
_SUSPICIOUS_RATIO = 200

_ZIP = b"PK"


class Report(NamedTuple):
    """What became of a workbook."""

    cause: Cause = ""
    # The sheet whose rows were written, and all that there are.
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    # Formulas whose values are not in the file.
    uncalculated: int = 0
    # Columns at the left in which there is nothing.
    blank_columns: int = 0


def report_rows(path: Path, spool: Path, wanted: str | None, ask: Ask) -> dict[str, object]:
    """Write the rows, and report on them as the parent wants it."""
    report = write_rows(path, spool, wanted, ask)
    report = report._replace(
        sheet=report.sheet[:_LONGEST_NAME],
        sheets=tuple(name[:_LONGEST_NAME] for name in report.sheets[:_MOST_NAMES]),
    )
    return report._asdict()


def write_rows(path: Path, spool: Path, wanted: str | None, ask: Ask = bool) -> Report:
    """Write a row a line as JSON, and say what was read."""
    try:
        return _write_rows(path, spool, wanted, ask)
    except RefusedError as error:
        return Report(error.cause)
    except MemoryError:
        return Report("large")
    except OSError as error:
        # The spool has reached its limit, or the disk its end; else the workbook can't be read.
        return Report("large" if error.errno in {errno.EFBIG, errno.ENOSPC} else "damaged")
    except BaseException:  # noqa: BLE001 - whatever the readers raise (a Rust panic is no Exception)
        return Report("damaged")


def _write_rows(path: Path, spool: Path, wanted: str | None, ask: Ask) -> Report:
    problem: BaseException = RefusedError("damaged")
    with closing(_readers(path)) as readers:
        for read in readers:
            try:
                return _report(read(), wanted, ask, spool)
            except (MemoryError, OSError, RefusedError):
                raise
            except BaseException as error:  # noqa: BLE001 - what one can't read, another may
                problem = error
    raise problem


def _report(sheets: list[Sheet], wanted: str | None, ask: Ask, spool: Path) -> Report:
    names = tuple(sheet.name for sheet in sheets)
    try:
        chosen = write_sheet(sheets, wanted, ask, spool)
    except RefusedError as error:
        return Report(error.cause, sheets=names)
    return Report("", chosen.name, names, chosen.uncalculated, chosen.blank_columns)


def _readers(path: Path) -> Generator[Callable[[], list[Sheet]], None, None]:
    """Give those that can read a workbook, the best one first; its first bytes tell its format."""
    with path.open("rb") as file:
        if file.read(2) != _ZIP:
            file.seek(0)
            content = file.read()
            yield lambda: xls.sheets(content)
            return
        if not zipfile.is_zipfile(file):
            raise RefusedError("damaged")  # an archive that was cut
        with zipfile.ZipFile(file) as archive:
            _refuse_bomb(archive)
            parts = Parts(archive)
            if ods.is_encrypted(parts):
                raise RefusedError("protected")
            if ods.CONTENT in parts:
                yield lambda: ods.sheets(parts)
            else:
                yield from _xlsx_readers(path, parts)


def _xlsx_readers(path: Path, parts: Parts) -> Iterator[Callable[[], list[Sheet]]]:
    main = xlsx.main_part(parts)
    if main is None:
        raise RefusedError("zip")
    package = xlsx.Package(parts, main)
    with path.open("rb") as file:
        yield lambda: xlsx.sheets(file, package)
    yield lambda: xlsx.sheets(package.tidied(), package)
    yield lambda: xlsx.sheets_by_openpyxl(package.tidied(), package)


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    """Believe what the archive says of its sizes; what lies meets the memory limit."""
    unpacked = sum(part.file_size for part in archive.infolist())
    packed = sum(part.compress_size for part in archive.infolist())
    if unpacked > _MOST_UNPACKED or (
        unpacked > _SUSPICIOUS_UNPACKED and unpacked > _SUSPICIOUS_RATIO * packed
    ):
        raise RefusedError("large")
