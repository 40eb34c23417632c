"""What the runs come to: medians, ratios against the targets, tables."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Run = Mapping[str, object]
Figures = Mapping[str, list[Run]]

_FROM, _TO = "<!-- make bench writes from here -->", "<!-- to here -->"


@dataclass(frozen=True)
class Target:
    """A figure that the project wants."""

    name: str
    at_least: str
    aim: str
    measured: str
    is_met: bool | None


def middle(runs: Iterable[Run], figure: str = "rows_a_second", **wanted: object) -> float | None:
    """Give the median of a figure over the runs that are like this; None if there is none."""
    values = [
        _number(run[figure])
        for run in runs
        if all(run.get(name, 0) == value for name, value in wanted.items())
    ]
    return median(values) if values else None


def _number(value: object) -> float:
    return float(str(value))


def _part_of(run: Run, figure: str, part: str) -> float:
    values = run[figure]
    assert isinstance(values, Mapping)  # noqa: S101 - as Measured has it
    return _number(values[part])


def targets(figures: Figures) -> list[Target]:
    """Hold what was measured against what is wanted; parts that were not run are left out."""
    ways, slow = figures.get("ways", []), figures.get("latency", [])
    sizes, times = figures.get("sizes", []), figures.get("pick-up", [])
    exports = figures.get("exports", [])
    first = middle(ways, way="worker, jobs of 2,000", lap="first")
    rows = [
        _ratio("worker ÷ limit, 39 jobs", first, middle(ways, way="limit"), 0.85, 0.9),
        _ratio(
            "worker ÷ limit, one file",
            middle(ways, way="worker, one file", lap="first"),
            middle(ways, way="limit"),
            0.92,
            0.95,
        ),
        _ratio("worker ÷ incumbent, 0 ms", first, middle(ways, way="incumbent"), 30, 40),
        _ratio(
            "worker ÷ incumbent, 40 ms",
            middle(slow, way="worker, jobs of 2,000", lap="first", latency_ms=40),
            middle(slow, way="incumbent", latency_ms=40),
            300,
            400,
        ),
        _ratio(
            "re-import ÷ first import, jobs of 2,000",
            middle(ways, way="worker, jobs of 2,000", lap="again"),
            first,
            2,
            3,
        ),
        _ratio(
            "re-import ÷ first import, one file",
            middle(ways, way="worker, one file", lap="again"),
            middle(ways, way="worker, one file", lap="first"),
            2,
            3,
        ),
        _export_ratio(exports),
        _export_memory(exports),
        _ratio(
            "price list ÷ usual import of as many rows",
            middle(figures.get("prices", []), lap="prices"),
            middle(figures.get("prices", []), lap="usual"),
            1,
            2,
        ),
        *(
            _ratio(
                f"change sets kept ÷ not kept, {name}",
                middle(figures.get("changes", []), way="kept", lap=lap),
                middle(figures.get("changes", []), way="not kept", lap=lap),
                least,
                aim,
            )
            for name, lap, least, aim in (
                ("first import", "usual", 0.9, 0.95),
                ("price list", "prices", 0.85, 0.9),
            )
        ),
        *_nights(figures.get("nights", [])),
        _ratio(
            "price list while 30 days of jobs are pruned ÷ while nothing is",
            middle(figures.get("pruning", []), way="pruned meanwhile"),
            middle(figures.get("pruning", []), way="nothing pruned"),
            0.9,
            1,
        ),
        _cost_by_size(sizes),
        _memory(sizes),
        *_pick_up(times),
        _preview(figures.get("previews", [])),
        *_claims(figures.get("claims", [])),
        _little_jobs(figures.get("little-jobs", [])),
        _updates(figures.get("job-row", [])),
        _share_of_reading(sizes),
        _ratio(
            "two workers on two organizations ÷ one on one",
            middle(figures.get("workers", []), way="two workers"),
            middle(figures.get("workers", []), way="one worker"),
            None,
            None,
        ),
    ]
    return [row for row in rows if row is not None]


def _ratio(
    name: str, above: float | None, below: float | None, least: float | None, aim: float | None
) -> Target | None:
    if above is None or below is None:
        return None
    ratio = above / below
    met = None if least is None else ratio >= least
    shown = f"{ratio:.2f} ({above:,.0f} ÷ {below:,.0f} rows/s)"
    return Target(name, _said(least, "{:g}"), _said(aim, "{:g}"), shown, met)


def _said(value: float | None, form: str) -> str:
    return "reported" if value is None else form.format(value)


def _cost_by_size(sizes: list[Run]) -> Target | None:
    files = [run for run in sizes if run["way"] == "worker, one file" and run["lap"] == "first"]
    if not files:
        return None
    counts = sorted({_number(run["rows"]) for run in files})
    small, large = (middle(files, rows=int(count)) or 0 for count in (counts[0], counts[-1]))
    ratio = small / large
    name = f"cost per row at {counts[-1]:,.0f} ÷ at {counts[0]:,.0f}"
    return Target(name, "≤ 1.25", "≤ 1.1", f"{ratio:.2f}", ratio <= 1.25)


def _memory(sizes: list[Run]) -> Target | None:
    files = [run for run in sizes if run["way"] == "worker, one file"]
    if not files:
        return None
    most = max(_number(run["rows"]) for run in files)
    peak = max(_part_of(run, "peak_mb", "worker") for run in files if run["rows"] == most)
    name = f"peak memory of the worker, {most:,.0f}-row CSV"
    return Target(name, "< 250 MB", "< 150 MB", f"{peak:.0f} MB", peak < 250)


def _most_rows(runs: list[Run]) -> float:
    return max((_number(run["rows"]) for run in runs), default=0)


def _export_ratio(exports: list[Run]) -> Target | None:
    most = _most_rows(exports)
    csv, copy = (middle(exports, way=way, rows=most) for way in ("export, csv", "COPY … TO"))
    return _ratio(f"csv export of {most:,.0f} rows ÷ COPY … TO", csv, copy, 0.3, 0.5)


def _export_memory(exports: list[Run]) -> Target | None:
    most = _most_rows(exports)
    peaks = [
        _part_of(run, "peak_mb", "worker")
        for run in exports
        if run["rows"] == most and run["way"] != "COPY … TO"
    ]
    if not peaks:
        return None
    name = f"peak memory of the worker, {most:,.0f} rows exported in any format"
    return Target(name, "< 150 MB", "< 120 MB", f"{max(peaks):.0f} MB", max(peaks) < 150)


def _pick_up(times: list[Run]) -> Iterable[Target]:
    by_way = {str(run["way"]): run for run in times}
    if "idle" not in by_way or "Realtime alone" not in by_way:
        return
    for cut, least, aim in (("p50_ms", 100, 30), ("p95_ms", 200, 60)):
        own, idle = (_number(by_way[way][cut]) for way in ("Realtime alone", "idle"))
        yield Target(
            f"insert → processing, idle, {cut[:3]}",
            f"delivery + {least} ms",
            f"delivery + {aim} ms",
            f"{idle:.0f} ms (Realtime alone: {own:.0f} ms)",
            idle <= own + least,
        )


def _preview(runs: list[Run]) -> Target | None:
    if not runs:
        return None
    seconds = middle(runs, "seconds") or 0
    name = f"preview of a CSV of {_number(runs[0]['rows']):,.0f} rows, insert → completed"
    return Target(name, "≤ 2 s", "≤ 1 s", f"{seconds:.2f} s", seconds <= 2)


def _nights(runs: list[Run]) -> Iterable[Target | None]:
    third = middle(runs, lap="night 3")
    yield _ratio(
        "new prices, third night ÷ first import", third, middle(runs, lap="first"), 1.5, 2.5
    )
    share = middle(runs, "hot_percent", lap="night 3")
    if share is not None:
        name = "updates that leave the indexes alone, third night"
        yield Target(name, "80 %", "95 %", f"{share:.0f} %", share >= 80)
    heaps = [_number(run["heap_mb"]) for run in runs if str(run["lap"]).startswith("night")]
    if heaps:
        ratio = heaps[-1] / heaps[0]
        name = f"items' table after {len(heaps)} nights ÷ after one"
        yield Target(name, "≤ 2", "≤ 1.5", f"{ratio:.2f}", ratio <= 2)


def _claims(runs: list[Run]) -> Iterable[Target]:
    few, many = (middle(runs, "p50_ms", way=f"{size} jobs, one job") for size in ("few", "many"))
    if few is None or many is None:
        return
    counts = sorted({_number(run["pending"]) for run in runs})
    name = f"a claim with {counts[-1]:,.0f} jobs waiting"
    yield Target(name, "≤ 5 ms", "≤ 2 ms", f"{many:.1f} ms", many <= 5)
    ratio = many / few
    yield Target(f"{name} ÷ with {counts[0]:,.0f}", "≤ 2", "", f"{ratio:.2f}", ratio <= 2)


def _little_jobs(runs: list[Run]) -> Target | None:
    rate = middle(runs, way="jobs of one row, 8 at a time", latency_ms=0)
    if rate is None:
        return None
    return Target("jobs of one row, 8 at a time", "200/s", "400/s", f"{rate:.0f}/s", rate >= 200)


def _updates(runs: list[Run]) -> Target | None:
    if not runs:
        return None
    updates, events = (middle(runs, figure) or 0 for figure in ("updates", "events"))
    name = f"updates of the job row in a job of {_number(runs[0]['rows']):,.0f} rows"
    shown = f"{updates:g} (Realtime events: {events:g})"
    return Target(name, "≤ 4", "≤ 3", shown, updates <= 4)


def _share_of_reading(sizes: list[Run]) -> Target | None:
    reading = middle(sizes, "seconds", way="reading the xlsx")
    whole = middle(sizes, "seconds", way="worker, xlsx", lap="first")
    if reading is None or whole is None:
        return None
    rows = middle(sizes, "rows", way="worker, xlsx")
    share = f"{reading / whole:.0%} ({reading:.1f} of {whole:.1f} s)"
    return Target(
        f"reading an xlsx of {rows:,.0f} rows", "< 30 %", "< 20 %", share, reading / whole < 0.3
    )


def as_markdown(figures: Figures) -> str:
    """Write the targets, then every part's medians."""
    lines = ["| figure | at least | aim | measured | met |", "| --- | --- | --- | --- | --- |"]
    for row in targets(figures):
        met = {True: "yes", False: "**no**", None: ""}[row.is_met]
        lines.append(f"| {row.name} | {row.at_least} | {row.aim} | {row.measured} | {met} |")
    for part, runs in figures.items():
        lines += ["", f"### {part}", ""]
        columns = _PLAIN_COLUMNS.get(part)
        lines += _plain_table(runs, columns) if columns else _rates_table(runs)
    return "\n".join(lines)


def _plain_table(runs: list[Run], columns: Mapping[str, str]) -> list[str]:
    """Write a line a run, of the figures that are named."""
    head = [f"| | {' | '.join(columns.values())} |", "| --- |" + " ---: |" * len(columns)]
    return head + [
        "| " + " | ".join(str(run[cut]) for cut in ("way", *columns)) + " |" for run in runs
    ]


def _rates_table(runs: list[Run]) -> list[str]:
    columns = ("way", "rows", "lap", "added, ms", "runs", "rows/s", "requests")
    columns += ("MB sent / answered", "CPU s: worker / PostgREST / PostgreSQL", "peak MB: the same")
    lines = [f"| {' | '.join(columns)} |", "| --- | ---: | --- |" + " ---: |" * 7]
    kinds = dict.fromkeys(
        (run["way"], run["rows"], run["lap"], run.get("latency_ms", 0)) for run in runs
    )
    for way, rows, lap, latency in kinds:
        alike = [
            run
            for run in runs
            if (run["way"], run["rows"], run["lap"], run.get("latency_ms", 0))
            == (way, rows, lap, latency)
        ]
        cpu = " / ".join(_median_of(alike, "cpu", part) for part in _PARTS)
        peaks = " / ".join(_median_of(alike, "peak_mb", part) for part in _PARTS)
        sizes = " / ".join(f"{(middle(alike, way) or 0) / 1e6:.1f}" for way in _BYTES)
        lines.append(
            f"| {way} | {rows:,} | {lap} | {latency} | {len(alike)} | {middle(alike):,.0f}"
            f" | {middle(alike, 'requests'):,.0f} | {sizes} | {cpu} | {peaks} |"
        )
    return lines


# By part, where there is nothing to compare: figure → its heading.
_PLAIN_COLUMNS = {
    "pick-up": {
        "count": "jobs",
        "p50_ms": "p50, ms",
        "p95_ms": "p95, ms",
        "p99_ms": "p99, ms",
        "worst_ms": "worst, ms",
    },
    "previews": {"rows": "rows", "seconds": "insert → completed, s"},
    "nights": {
        "lap": "lap",
        "rows": "rows",
        "rows_a_second": "rows/s",
        "updates": "updates",
        "hot_percent": "HOT, %",
        "heap_mb": "heap, MB",
        "indexes_mb": "indexes, MB",
        "wal_mb": "WAL, MB",
    },
    "claims": {
        "pending": "pending",
        "organizations": "organizations",
        "claims": "claims",
        "jobs": "jobs",
        "p50_ms": "p50, ms",
        "p95_ms": "p95, ms",
    },
    "job-row": {"rows": "rows", "updates": "updates", "events": "Realtime events"},
}
_PARTS = ("worker", "postgrest", "postgres")
_BYTES = ("bytes_in", "bytes_out")


def _median_of(runs: list[Run], figure: str, part: str) -> str:
    values = [_part_of(run, figure, part) for run in runs if part in dict(run[figure])]
    return f"{median(values):.1f}" if values else ""


def write(page: Path, text: str) -> None:
    """Put the tables into a page, between the marks."""
    content = page.read_text()
    pattern = re.compile(f"{re.escape(_FROM)}.*{re.escape(_TO)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{_FROM}\n{text}\n{_TO}", content))
