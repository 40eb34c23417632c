"""Rows that a child process reads from a file into a spool file."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

import worker
from worker.exceptions import JobRefusedError
from worker.importing.sources.formats import Format
from worker.importing.sources.spooled_rows import spooled_row
from worker.importing.sources.table import Chunk, chunks

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
    "damaged": _DAMAGED,
    "document": (
        "The file is not a table we can read: it is an older Office document that holds no "
        "workbook, or only a part of one. Save the table as .xlsx and upload that."
    ),
    "large": _LARGE,
    "protected": "The workbook is protected with a password. Save it without one and upload that.",
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
# Of what the child says: names of a thousand sheets, or of 16,384 columns.
_LONGEST_LINE = 64 << 20

_QUESTION = b'{"question":'
# From a child's question to the answer, both as JSON can hold them.
Answer = Callable[[str | None], object]


@dataclass(frozen=True, slots=True)
class Spool:
    """A sheet's rows, a line each."""

    path: Path
    notes: tuple[str, ...]
    # At the left, with nothing in them; they are left out.
    blank_columns: int

    def chunks(self) -> Generator[Chunk, None, None]:
        """Yield (file row, cells) in order."""
        with self.path.open("rb") as file:
            yield from chunks(
                (number, len(line), cells[self.blank_columns :])
                for line in file
                for number, cells in [spooled_row(line)]
            )


async def read_in_child(
    path: Path, form: Format, spool: Path, options: Mapping[str, object], answer: Answer
) -> dict[str, object]:
    """Have a child read a file into a spool: what it reports.

    Args:
        path: the file.
        form: its format.
        spool: where the rows go, or what was packed.
        options: for the reader, as JSON can hold them.
        answer: to a question about a sheet, whose beginning is in the spool.

    Raises:
        JobRefusedError: it can't be read within what a child may use.

    """
    arguments = (form, str(path), str(spool), str(os.getpid()), json.dumps(options))
    exit_code, output = await _run_child(answer, *arguments)
    if exit_code in _SIGNALS_TO_ALL:
        exit_code, output = await _run_child(answer, *arguments)
    report: dict[str, object] = {"cause": _cause_of_death(exit_code)}
    if exit_code == 0:
        report = json.loads(output)
    if report.get("cause") or "refusal" in report:
        cause = report.get("cause", "refusal")
        log.info("file_refused", format=form, cause=cause, exit_code=exit_code)
        raise JobRefusedError(_refusal(report, form))
    return report


async def _run_child(answer: Answer, *arguments: str) -> tuple[int | None, bytes]:
    """Run the child to its end: its exit code (None: it took too long), what it reported."""
    known = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # nothing that lies in the working directory is imported
        "-m",
        "worker.importing.sources.readers",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # it would quote rows
        env=known | {"PYTHONPATH": _import_path(), "OPENBLAS_NUM_THREADS": "1"},
        limit=_LONGEST_LINE,
    )
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            output = await _talk(child, answer)
            await child.wait()
    except TimeoutError:
        return None, b""
    finally:
        if child.returncode is None:
            child.kill()
            await asyncio.shield(child.wait())
    return child.returncode, output


async def _talk(child: asyncio.subprocess.Process, answer: Answer) -> bytes:
    """Answer the child's questions; its last line, which is its report."""
    if child.stdout is None or child.stdin is None:
        raise AssertionError  # they are pipes
    last = b""
    async for line in child.stdout:
        last = line
        if line.startswith(_QUESTION) and line.endswith(b"\n"):
            written = json.dumps(answer(json.loads(line)["question"])).encode()
            with contextlib.suppress(ConnectionError):  # it is dead; of what, its exit code says
                child.stdin.write(written + b"\n")
                await child.stdin.drain()
    return last


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
        return no_sheet(report)
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


def no_sheet(report: Mapping[str, object]) -> str:
    """Say that no sheet has the name that was asked for, and which there are."""
    return f"The workbook has no sheet of that name. It has: {listed(sheets(report))}."


def sheets(report: Mapping[str, object]) -> list[str]:
    """Give the names of the sheets that there are."""
    names = report["sheets"]
    return [str(name) for name in names] if isinstance(names, list) else []


def listed(names: Sequence[str]) -> str:
    """List the names of sheets, the first of many."""
    shown = ", ".join(f'"{name[:40]}"' for name in names[:_SHOWN_SHEETS])
    more = len(names) - _SHOWN_SHEETS
    return f"{shown} and {more} more" if more > 0 else shown
