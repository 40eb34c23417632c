"""``python -m worker report``: how imports went, as Markdown, a workbook and a picture."""

import argparse
import datetime as dt
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from worker.config import Settings
from worker.connection import connect
from worker.operating.figures import Figures, Period
from worker.operating.report import Report, markdown, report_of
from worker.operating.report.workbook import write_workbook

_MOST_DAYS = 3660


_NO_MATPLOTLIB = (
    "A picture needs matplotlib, which is not installed: pip install matplotlib, or install the "
    'worker with its extra "report". Markdown (.md) and workbooks (.xlsx) need nothing more.'
)


def _write_picture(report: Report, path: Path) -> None:
    # matplotlib is an extra, and takes a second.
    from worker.operating.report.picture import write_picture  # noqa: PLC0415

    write_picture(report, path)


def _write_markdown(report: Report, path: Path) -> None:
    path.write_text(markdown(report), encoding="utf-8")


_WRITERS: dict[str, Callable[[Report, Path], None]] = {
    ".md": _write_markdown,
    ".xlsx": write_workbook,
    ".png": _write_picture,
}


def add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line's."""
    parser = commands.add_parser("report", help="how imports went: Markdown, a workbook, a picture")
    parser.add_argument("--organization", metavar="ORG", help="whose; else all together")
    parser.add_argument(
        "--days",
        type=_days,
        default=30,
        help="how many, the last is today; %(default)s unless given",
    )
    parser.add_argument(
        "--time-zone", type=_zone, metavar="ZONE", help="where days begin; else as the settings say"
    )
    parser.add_argument(
        "--to",
        type=_target,
        metavar="TO",
        help="a file (.md, .xlsx, .png), or a folder for all three; else Markdown is printed",
    )


async def report(settings: Settings, options: argparse.Namespace, console: Console) -> int:
    """Write what was asked for; 1 where a picture cannot be drawn, which is said."""
    targets = _targets(options.to)
    lacks_matplotlib = any(t.suffix == ".png" for t in targets) and find_spec("matplotlib") is None
    if lacks_matplotlib:
        targets = [target for target in targets if target.suffix != ".png"]
        console.print(_NO_MATPLOTLIB, markup=False, highlight=False)
        if not targets:
            return 1
    async with connect(settings.supabase_url, settings.secret_key) as client:
        figures = Figures(client)
        period = Period(options.days, options.time_zone or "", options.organization)
        if not period.time_zone:
            period = replace(period, time_zone=await figures.time_zone())
        told = await report_of(figures, period)
    if not targets:
        console.file.write(markdown(told))
    for target in targets:
        _put(told, target)
        console.print(f"Wrote {target}.", markup=False, highlight=False, soft_wrap=True)
    return 1 if lacks_matplotlib else 0


def _targets(to: Path | None) -> list[Path]:
    """Give the files to write; none: what is said is printed."""
    if to is None:
        return []
    if to.suffix in _WRITERS:
        return [to]
    to.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC).date()
    return [to / f"imports-{today}{suffix}" for suffix in _WRITERS]


def _put(told: Report, target: Path) -> None:
    """Write a file beside its place, then put it there: it is whole or as it was."""
    with tempfile.TemporaryDirectory(dir=target.parent) as beside:
        written = Path(beside) / target.name
        _WRITERS[target.suffix](told, written)
        written.replace(target)


def _days(argument: str) -> int:
    if not argument.isdecimal() or not 1 <= int(argument) <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"days are a number from 1 to {_MOST_DAYS}")
    return int(argument)


def _zone(argument: str) -> str:
    try:
        return ZoneInfo(argument).key
    except (ValueError, OSError, KeyError):  # where there is none, a folder, something else
        unknown = f"{argument} is no time zone, such as America/Toronto"
        raise argparse.ArgumentTypeError(unknown) from None


def _target(argument: str) -> Path:
    path = Path(argument)
    if path.suffix in _WRITERS and not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    if path.suffix not in _WRITERS and path.suffix and not path.is_dir():
        known = ", ".join(_WRITERS)
        raise argparse.ArgumentTypeError(f"a report is a file of {known}, or a folder for all")
    return path
