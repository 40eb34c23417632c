"""A workbook's rows, read by a child process into a spool file beside the workbook."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

import worker
from worker.exceptions import JobRefusedError
from worker.sources.table import Chunk, chunks

log = structlog.get_logger()

# By the clock, for a child that does not even use its CPU time.
_MOST_SECONDS = 180.0

# All that the child gets to know: where its programs and libraries are, and no key of ours.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "TMPDIR")
# Where calamine's range or its copy in Python does not fit, the child dies of one of these.
_DEATHS_OF_SIZE = {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXFSZ}
# The platform's, before the child has learnt to ignore them.
_SIGNALS_TO_ALL = {-signal.SIGTERM, -signal.SIGINT}

_LARGE = (
    "The workbook is too large when unpacked. Delete empty rows and columns far away from the "
    "table, or save the sheet as .csv, and upload it again."
)
_DAMAGED = (
    "The workbook is damaged or incomplete. Open it in a spreadsheet program, save it again and "
    "upload that."
)
_REFUSALS = {
    "binary": "The file is a binary workbook (.xlsb). Save it as .xlsx and upload it again.",
    "damaged": _DAMAGED,
    # calamine does not tell the two apart.
    "damaged ods": (
        "The workbook is damaged, or too large when unpacked. Open it in a spreadsheet program, "
        "delete empty rows and columns far away from the table, save it again and upload that."
    ),
    "document": (
        "The file is not a table we can read: it is an older Office document that holds no "
        "workbook, or only a part of one. Save the table as .xlsx and upload that."
    ),
    "large": _LARGE,
    "protected": "The workbook is protected with a password; remove it and upload it again.",
    "slow": (
        "The workbook takes too long to read. Save the sheet as .csv and upload that instead."
    ),
    "zip": (
        "The file is not a table we can read: it is a ZIP archive. "
        "Unpack it and upload the file that is in it."
    ),
}
_SHOWN_SHEETS = 20


@dataclass(frozen=True, slots=True)
class Spool:
    """A sheet's rows, one a line: [number, cells] as JSON."""

    path: Path
    notes: tuple[str, ...]

    def chunks(self) -> Generator[Chunk, None, None]:
        """Yield (file row, cells) in order."""
        with self.path.open(encoding="utf-8", newline="\n") as file:
            yield from chunks(_rows(file))

    def remove(self) -> None:
        """Delete the file, if it is still there."""
        self.path.unlink(missing_ok=True)


async def read_workbook(path: Path, sheet: str | None) -> Spool:
    """Have a child read a workbook's sheet, by default the first with data.

    Raises:
        JobRefusedError: it can't be read within what a child may use.

    """
    spool = path.with_name(f"{path.name}.rows")
    try:
        report = await _report(path, spool, sheet)
        return Spool(spool, _notes(report))
    except BaseException:
        spool.unlink(missing_ok=True)
        raise


async def _report(path: Path, spool: Path, sheet: str | None) -> dict[str, object]:
    exit_code, output = await _run_child(path, spool, sheet)
    if exit_code in _SIGNALS_TO_ALL:
        exit_code, output = await _run_child(path, spool, sheet)
    report: dict[str, object] = {"cause": _cause_of_death(exit_code)}
    if exit_code == 0:
        report = json.loads(output)
    if report["cause"]:
        log.info("workbook_refused", cause=report["cause"], exit_code=exit_code)
        raise JobRefusedError(_refusal(report))
    return report


async def _run_child(path: Path, spool: Path, sheet: str | None) -> tuple[int | None, bytes]:
    """Run the child to its end: its exit code (None: it took too long), what it reported."""
    known = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # nothing that lies in the working directory is imported
        "-m",
        "worker.sources.workbook",
        *(str(path), str(spool), str(os.getpid())),
        *([sheet] if sheet is not None else []),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it would quote rows
        env=known | {"PYTHONPATH": _import_path(), "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            output, _ = await child.communicate()
    except TimeoutError:
        return None, b""
    finally:
        if child.returncode is None:
            child.kill()
            await asyncio.shield(child.wait())
    return child.returncode, output


def _import_path() -> str:
    """Find this package for the child, whether it is installed or lies in a working copy."""
    return os.pathsep.join(str(Path(folder).parent) for folder in worker.__path__)


def _cause_of_death(exit_code: int | None) -> str:
    if exit_code in {None, -signal.SIGXCPU}:
        return "slow"
    return "large" if exit_code in _DEATHS_OF_SIZE else "damaged"


def _refusal(report: dict[str, object]) -> str:
    if report["cause"] != "no sheet":
        return _REFUSALS[str(report["cause"])]
    return f"The workbook has no sheet of that name. It has: {_listed(report)}."


def _notes(report: dict[str, object]) -> tuple[str, ...]:
    notes = []
    if len(_sheets(report)) > 1:
        notes.append(f'Read the sheet "{report["sheet"]}" of {_listed(report)}.')
    if count := report["uncalculated"]:
        formulas = "1 formula has" if count == 1 else f"{count:,} formulas have"
        notes.append(
            f"{formulas} no stored value and counted as #VALUE!; open the workbook in a "
            "spreadsheet program, save it and upload it again."
        )
    return tuple(notes)


def _sheets(report: dict[str, object]) -> list[str]:
    sheets = report["sheets"]
    return [str(sheet) for sheet in sheets] if isinstance(sheets, list) else []


def _listed(report: dict[str, object]) -> str:
    sheets = _sheets(report)
    listed = ", ".join(f'"{sheet[:40]}"' for sheet in sheets[:_SHOWN_SHEETS])
    more = len(sheets) - _SHOWN_SHEETS
    return f"{listed} and {more} more" if more > 0 else listed


def _rows(lines: Iterator[str]) -> Iterator[tuple[int, int, list[object]]]:
    for line in lines:
        number, cells = json.loads(line)
        yield number, len(line), cells
