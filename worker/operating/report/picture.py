"""A report as a picture: rows and jobs by day, how long they took, and why rows were refused.

Needs matplotlib, which is an extra and takes a second: imported where a picture is asked for.
"""

import datetime as dt
import warnings
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from worker.operating.report.contents import Report

# Apart for whoever cannot tell red from green: Okabe and Ito's.
_BLUE, _ORANGE, _GREEN, _RED, _GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#767676"
_REASONS = 8
_LONGEST_REASON = 58


def write_picture(report: Report, path: Path) -> None:
    """Draw a report into a PNG file."""
    figure = Figure(figsize=(14, 9), dpi=110, layout="constrained")
    figure.suptitle(f"{report.title}\n{report.span}", fontsize=15, parse_math=False)
    of_rows, of_jobs, of_times, of_reasons = figure.subplots(2, 2).flat
    days = _imports_by_day(report)
    _draw_rows(of_rows, days)
    _draw_jobs(of_jobs, days)
    _draw_times(of_times, days)
    _draw_reasons(of_reasons, report)
    for axes in (of_rows, of_jobs, of_times):
        _put_days(axes, report)
    with warnings.catch_warnings():
        # A file's name may be in letters that the font lacks: boxes, as anywhere else.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, format="png")


def _imports_by_day(report: Report) -> list[dict[str, Any]]:
    return [line for line in report.sheet("Days").lines() if line["kind"] == "import"]


def _draw_rows(axes: Axes, days: list[dict[str, Any]]) -> None:
    stacked = (
        ("created", _GREEN, [day["created"] for day in days]),
        ("changed", _BLUE, [day["updated"] - day["unchanged"] for day in days]),
        ("unchanged", _GREY, [day["unchanged"] for day in days]),
        ("refused", _RED, [day["refused"] for day in days]),
    )
    _stack(axes, days, stacked)
    axes.set(title="Rows that were imported", ylabel="rows")


def _draw_jobs(axes: Axes, days: list[dict[str, Any]]) -> None:
    stacked = (
        ("completed or cancelled", _BLUE, [day["jobs"] - day["failed_jobs"] for day in days]),
        ("failed", _RED, [day["failed_jobs"] for day in days]),
    )
    _stack(axes, days, stacked)
    axes.set(title="Imports that ended", ylabel="jobs")
    axes.locator_params(axis="y", integer=True)


def _stack(
    axes: Axes,
    days: list[dict[str, Any]],
    parts: tuple[tuple[str, str, list[int]], ...],
) -> None:
    below = [0] * len(days)
    for label, colour, heights in parts:
        axes.bar([day["day"] for day in days], heights, bottom=below, color=colour, label=label)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _draw_times(axes: Axes, days: list[dict[str, Any]]) -> None:
    for name, colour in (("waiting", _ORANGE), ("running", _BLUE)):
        for ending, style in (("p50", "-"), ("p95", ":")):
            known = [day for day in days if day[f"{name}_{ending}"] is not None]
            seconds = [day[f"{name}_{ending}"] for day in known]
            points = [day["day"] for day in known]
            axes.plot(
                points, seconds, style, color=colour, marker="o", ms=4, label=f"{name} {ending}"
            )
    # From a tenth of a second to hours: what is less is as good as nothing.
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.set(title="How long imports waited and ran", ylabel="seconds")


def _draw_reasons(axes: Axes, report: Report) -> None:
    lines = report.sheet("Reasons").lines()[:_REASONS][::-1]
    labels = [_short(line["reason"]) for line in lines]
    bars = axes.barh(range(len(lines)), [line["rows"] for line in lines], color=_RED)
    axes.bar_label(bars, fmt="{:,.0f}", padding=3)
    axes.set_yticks(range(len(lines)), labels, fontsize=8, parse_math=False)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set(title="Why rows were refused", xlabel="rows")
    if not lines:
        axes.text(0.5, 0.5, "No row was refused.", ha="center", transform=axes.transAxes)


def _short(reason: str) -> str:
    start = reason[: _LONGEST_REASON - 1]
    return "\n".join(wrap(reason if len(reason) <= _LONGEST_REASON else f"{start}…", 32))


def _put_days(axes: Axes, report: Report) -> None:
    """Let all three have the same days, and legends beside what is drawn."""
    half = dt.timedelta(hours=14)
    begin = dt.datetime.combine(report.first_day, dt.time())
    end = dt.datetime.combine(report.last_day, dt.time())
    axes.set_xlim(begin - half, end + half)  # type: ignore[arg-type] # dates are converted
    axes.tick_params(axis="x", labelrotation=30, labelsize=8)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    if axes.lines or axes.patches:
        axes.legend(fontsize=8)
    else:
        axes.text(0.5, 0.5, "Nothing was imported.", ha="center", transform=axes.transAxes)
