"""Rows that a child process reads from a file into a spool file."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

import worker
from worker.exceptions import JobRefusedError
from worker.sources.formats import Format
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
_WORKBOOKS: set[Format] = {"ole", "zip", "flat ods"}
_REFUSALS_OF_OTHERS = {
    "damaged": (
        "The file is damaged or incomplete. Open it in a spreadsheet program, save it as .xlsx "
        "and upload that."
    ),
    "large": "The table in the file is too large. Save it as .csv and upload that instead.",
    "slow": "The file takes too long to read. Save the table as .csv and upload that instead.",
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


async def read_in_child(
    path: Path, form: Format, spool: Path, options: Mapping[str, object]
) -> dict[str, object]:
    """Have a child read a file into a spool: what it reports.

    Args:
        path: the file.
        form: its format.
        spool: where the rows go, or what was packed.
        options: for the reader, as JSON can hold them.

    Raises:
        JobRefusedError: it can't be read within what a child may use.

    """
    arguments = (form, str(path), str(spool), str(os.getpid()), json.dumps(options))
    exit_code, output = await _run_child(*arguments)
    if exit_code in _SIGNALS_TO_ALL:
        exit_code, output = await _run_child(*arguments)
    report: dict[str, object] = {"cause": _cause_of_death(exit_code)}
    if exit_code == 0:
        report = json.loads(output)
    if report.get("cause") or "refusal" in report:
        cause = report.get("cause", "refusal")
        log.info("file_refused", format=form, cause=cause, exit_code=exit_code)
        raise JobRefusedError(_refusal(report, form))
    return report


async def _run_child(*arguments: str) -> tuple[int | None, bytes]:
    """Run the child to its end: its exit code (None: it took too long), what it reported."""
    known = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # nothing that lies in the working directory is imported
        "-m",
        "worker.sources.readers",
        *arguments,
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


def _refusal(report: dict[str, object], form: Format) -> str:
    cause = str(report.get("cause"))
    if "refusal" in report:
        return str(report["refusal"])
    if cause == "no sheet":
        return f"The workbook has no sheet of that name. It has: {listed(sheets(report))}."
    return _REFUSALS[cause] if form in _WORKBOOKS else _REFUSALS_OF_OTHERS[cause]


def workbook_notes(report: Mapping[str, object]) -> tuple[str, ...]:
    """Say how a workbook was read."""
    notes = []
    if len(sheets(report)) > 1:
        notes.append(f'Read the sheet "{report["sheet"]}" of {listed(sheets(report))}.')
    return (*notes, *uncalculated_notes(report))


def uncalculated_notes(report: Mapping[str, object]) -> list[str]:
    """Say which formulas have no value."""
    count = report["uncalculated"]
    if not count:
        return []
    formulas = "1 formula has" if count == 1 else f"{count:,} formulas have"
    advice = "open the workbook in a spreadsheet program, save it and upload it again"
    return [f"{formulas} no stored value and counted as #VALUE!; {advice}."]


def sheets(report: Mapping[str, object]) -> list[str]:
    """Give the names of the sheets that there are."""
    names = report["sheets"]
    return [str(name) for name in names] if isinstance(names, list) else []


def listed(names: Sequence[str]) -> str:
    """List the names of sheets, the first of many."""
    shown = ", ".join(f'"{name[:40]}"' for name in names[:_SHOWN_SHEETS])
    more = len(names) - _SHOWN_SHEETS
    return f"{shown} and {more} more" if more > 0 else shown


def _rows(lines: Iterator[str]) -> Iterator[tuple[int, int, list[object]]]:
    for line in lines:
        number, cells = json.loads(line)
        yield number, len(line), cells
