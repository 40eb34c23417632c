"""What is measured: each part runs ways side by side and gives the runs, raw."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import quantiles

from bench import rows as data
from bench import ways
from bench.claims import backlogs, claim_times
from bench.ground import JOB_ROWS, Ground, as_json, in_jobs
from bench.pruning import leave_old_jobs, pruned_meanwhile
from bench.storage import InventoryStorage

Run = dict[str, object]


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    runs: int = 3
    rows: int = 78_000
    small: int = 10_000
    large: int = 1_000_000
    # The incumbent takes minutes for a thousand rows at 40 ms: its rate does not depend on them.
    sample: int = 400
    pick_ups: int = 200
    # A hundred of it is the largest number of jobs that wait for a claim.
    backlog: int = 1_000
    claims: int = 64
    nights: int = 10
    # Jobs of one row, in turns of that many dealers.
    little_jobs: int = 4_000
    dealers: int = 500


SMOKE = Sizes(
    runs=1, rows=400, small=200, large=1_000, sample=20, pick_ups=5, backlog=20, claims=4, nights=3,
    little_jobs=20, dealers=5,
)  # fmt: skip


def side_by_side(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Compare the four ways, first import and the same again, in another order each time."""
    records = data.items(sizes.rows)
    content = data.as_csv(sizes.rows)
    acts: list[Callable[[int], Iterator[Run]]] = [
        lambda run: _once(ground, "incumbent", run, records[: sizes.sample]),
        lambda run: _once(ground, "client upsert", run, records),
        lambda run: _once(ground, "limit", run, records),
        lambda run: _twice(ground, "worker, jobs of 2,000", run, sizes.rows, records),
        lambda run: _twice(ground, "worker, one file", run, sizes.rows, content),
    ]
    for run in range(sizes.runs):
        for act in acts[run % len(acts) :] + acts[: run % len(acts)]:
            yield from act(run)


def with_latency(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Add 10 and 40 ms to each request."""
    records = data.items(sizes.rows)
    for milliseconds in (10, 40):
        for run in range(sizes.runs):
            with ground.latency(milliseconds):
                marked = {"latency_ms": milliseconds}
                few = records[: max(10, sizes.sample // 4)]
                yield from _marked(marked, _once(ground, "incumbent", run, few))
                some = records[: sizes.small]
                yield from _marked(marked, _once(ground, "client upsert", run, some))
            yield from _marked(
                marked,
                _twice(ground, "worker, jobs of 2,000", run, sizes.rows, records, milliseconds),
            )


def by_size(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Import files of growing size: cost a row, and the worker's memory."""
    for rows in (sizes.small, sizes.rows, sizes.large):
        content = data.as_csv(rows)
        for run in range(sizes.runs if rows < sizes.large else 1):
            yield from _twice(ground, "worker, one file", run, rows, content)
    workbook = data.as_xlsx(sizes.rows)
    for run in range(sizes.runs):
        yield from _twice(ground, "worker, xlsx", run, sizes.rows, workbook)
        read = ground.measure(sizes.rows, partial(ways.reading, workbook))
        yield {"way": "reading the xlsx", "lap": "alone", "run": run} | as_json(read)


def price_lists(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Import a file, and then two price lists of its items, in which every price is another."""
    for run in range(sizes.runs):
        yield from _with_price_lists(ground, "price list", run, sizes.small)


def change_sets(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Do the same with and without keeping what was changed, in turns."""
    for run in range(sizes.runs):
        for days in (30, 0) if run % 2 else (0, 30):
            ground.keep_changes(days)
            yield from _with_price_lists(ground, "kept" if days else "not kept", run, sizes.rows)
    ground.keep_changes(30)


def previews(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Preview a large file: from the insert of its job to its end."""
    content = data.as_csv(sizes.rows)
    ground.empty()
    organization, _ = ground.organization()
    with ground.worker() as pid:
        for run in range(sizes.runs):
            act = partial(ways.preview, ground, organization, content)
            measured = ground.measure(sizes.rows, act, worker=pid)
            whole = as_json(measured)
            yield {"way": "CSV", "run": run} | whole | {"seconds": round(measured.seconds, 2)}


def nights(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Import a file, and night after night the same with new prices; at last a tenth of them."""
    ground.empty()
    organization, _ = ground.organization()
    grown = InventoryStorage.settled(ground)
    with ground.worker() as pid:
        for night, share in enumerate([1.0] * (1 + sizes.nights) + [0.1]):
            content = data.as_csv_of_night(sizes.rows, night, share)
            act = partial(ways.worker_file, ground, organization, content)
            before = grown
            measured = ground.measure(sizes.rows, act, worker=pid)
            updates = round(share * sizes.rows) if night else 0
            grown = InventoryStorage.seen(ground, before.updates + updates)
            lap = "first" if night == 0 else f"night {night}" if share == 1 else "a tenth"
            yield {"way": "new prices", "lap": lap} | as_json(measured) | grown.since(before)


def pruning(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Import price lists while what 30 days left behind is pruned, and while nothing is."""
    ground.empty()
    organization, _ = ground.organization()
    leave_old_jobs(ground, 100 * sizes.backlog)
    with ground.worker() as pid:
        ways.worker_file(ground, organization, data.as_csv(sizes.rows))
        for lap in range(2 * sizes.runs):
            content = data.as_price_list(sizes.rows, 1 + lap)
            act = partial(ways.worker_file, ground, organization, content)
            # In turns, each as often first as second: nothing, pruned, pruned, nothing.
            is_pruned = lap % 4 in {1, 2}
            with pruned_meanwhile(ground) if is_pruned else nullcontext():
                measured = ground.measure(sizes.rows, act, worker=pid)
            way = "pruned meanwhile" if is_pruned else "nothing pruned"
            yield {"way": way, "lap": "prices", "run": lap // 2} | as_json(measured)


def pick_up(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Measure insert → processing, idle and beside a large import, and Realtime's own share."""
    ground.empty()
    organization, _ = ground.organization()
    yield _times("Realtime alone", ways.deliveries(ground, organization, sizes.pick_ups))
    with ground.worker():
        yield _times("idle", ways.pick_ups(ground, organization, sizes.pick_ups))
        busy, _ = ground.organization()
        for file_data in in_jobs(data.items(sizes.rows)):
            ground.job(busy, file_data)
        yield _times("under load", ways.pick_ups(ground, organization, sizes.pick_ups))


def claims(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Claim from backlogs of several sizes and shapes."""
    for backlog in backlogs(sizes.backlog):
        yield from claim_times(ground, backlog, sizes.claims)


def little_jobs(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Import jobs of one row, of many dealers, with few and many of them at a time."""
    for milliseconds in (0, 40):
        for run in range(sizes.runs):
            for concurrency in (2, 8, 16) if milliseconds == 0 else (8,):
                ground.empty()
                dealers = [ground.organization()[0] for _ in range(sizes.dealers)]
                with ground.worker(concurrency) as pid, ground.latency(milliseconds):
                    act = partial(ways.little_jobs, ground, dealers, sizes.little_jobs)
                    measured = ground.measure(sizes.little_jobs, act, worker=pid)
                way = f"jobs of one row, {concurrency} at a time"
                mark = {"way": way, "lap": "first", "run": run, "latency_ms": milliseconds}
                yield mark | as_json(measured)


def job_row(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Count what a job of 2,000 rows does to its row, which every open browser reloads."""
    records = data.items(min(JOB_ROWS, sizes.rows))
    ground.empty()
    organization, _ = ground.organization()
    with ground.worker():
        for run in range(sizes.runs):
            updates, events = ways.job_row_changes(ground, organization, records)
            counts = {"updates": updates, "events": events}
            yield {"way": "one job", "rows": len(records), "run": run} | counts


def other_types(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Import contacts, twice, and bids."""
    for data_type, records in (
        ("contacts", data.people(sizes.rows)),
        ("bids", data.offers(sizes.rows)),
    ):
        for run in range(sizes.runs):
            ground.empty()
            organization, _ = ground.organization()
            with ground.worker() as pid:
                for lap in ("first", "again")[: 2 if data_type == "contacts" else 1]:
                    act = partial(_jobs_of, ground, organization, records, data_type)
                    measured = ground.measure(len(records), act, worker=pid)
                    yield {"way": data_type, "lap": lap, "run": run} | as_json(measured)


def two_workers(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Two workers on two organizations beside one worker on one."""
    records = data.items(sizes.rows)
    for run in range(sizes.runs):
        yield from _twice(ground, "one worker", run, sizes.rows, records, laps=1)
        ground.empty()
        organizations = [ground.organization()[0] for _ in range(2)]
        with ground.worker() as one, ground.worker() as other:
            act = partial(_at_once, ground, organizations, records)
            measured = ground.measure(2 * len(records), act, worker=one, worker_2=other)
        yield {"way": "two workers", "lap": "first", "run": run} | as_json(measured)


def _with_price_lists(ground: Ground, way: str, run: int, rows: int) -> Iterator[Run]:
    ground.empty()
    organization, _ = ground.organization()
    with ground.worker() as pid:
        for lap, content in (
            ("usual", data.as_csv(rows)),
            ("prices", data.as_price_list(rows, 1)),
            ("prices", data.as_price_list(rows, 2)),
        ):
            act = partial(ways.worker_file, ground, organization, content)
            measured = ground.measure(rows, act, worker=pid)
            yield {"way": way, "lap": lap, "run": run} | as_json(measured)


def exports(ground: Ground, sizes: Sizes) -> Iterator[Run]:
    """Export a table in each format, beside COPY … TO, which is the limit."""
    for rows in (sizes.small, sizes.large):
        ground.empty()
        organization, _ = ground.organization()
        ways.fill_inventory(ground, organization, rows)
        for run in range(sizes.runs if rows < sizes.large else 1):
            copied = ground.measure(rows, partial(ways.copy_out, ground, organization))
            yield {"way": "COPY … TO", "lap": "export", "run": run} | as_json(copied)
            for form in ("csv", "tsv", "xlsx", "xml"):
                # A process of its own each time: its peak is this format's.
                with ground.worker() as pid:
                    act = partial(ways.worker_export, ground, organization, form)
                    measured = ground.measure(rows, act, worker=pid)
                yield {"way": f"export, {form}", "lap": "export", "run": run} | as_json(measured)


def _once(ground: Ground, way: str, run: int, records: list[data.Record]) -> Iterator[Run]:
    act = {
        "incumbent": ways.incumbent,
        "client upsert": ways.client_upsert,
        "limit": ways.limit,
    }[way]
    ground.empty()
    measured = ground.measure(len(records), partial(act, ground, records))
    yield {"way": way, "lap": "first", "run": run} | as_json(measured)


def _twice(
    ground: Ground,
    way: str,
    run: int,
    rows: int,
    content: bytes | list[data.Record],
    latency_ms: float = 0,
    laps: int = 2,
) -> Iterator[Run]:
    """Import with a worker, and the same again."""
    ground.empty()
    organization, _ = ground.organization()
    if isinstance(content, bytes):
        act = partial(ways.worker_file, ground, organization, content)
    else:
        act = partial(ways.worker_jobs, ground, organization, content)
    with ground.worker() as pid, ground.latency(latency_ms):
        for lap in ("first", "again")[:laps]:
            measured = ground.measure(rows, act, worker=pid)
            yield {"way": way, "lap": lap, "run": run} | as_json(measured)


def _jobs_of(
    ground: Ground, organization: str, records: list[data.Record], data_type: str
) -> float:
    with ground.database.transaction():
        jobs = [ground.job(organization, file_data, data_type) for file_data in in_jobs(records)]
    return ground.seconds_of(jobs)


def _at_once(ground: Ground, organizations: list[str], records: list[data.Record]) -> float:
    with ground.database.transaction():
        jobs = [
            ground.job(organization, file_data)
            for file_data in in_jobs(records)
            for organization in organizations
        ]
    return ground.seconds_of(jobs)


def _marked(mark: Run, runs: Iterator[Run]) -> Iterator[Run]:
    return (mark | run for run in runs)


def _times(way: str, seconds: list[float]) -> Run:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {
        "way": way,
        "count": len(seconds),
        "p50_ms": round(cuts[49] * 1000),
        "p95_ms": round(cuts[94] * 1000),
        "p99_ms": round(cuts[98] * 1000),
        "worst_ms": round(max(seconds) * 1000),
    }


PARTS: dict[str, Callable[[Ground, Sizes], Iterator[Run]]] = {
    "ways": side_by_side,
    "latency": with_latency,
    "sizes": by_size,
    "prices": price_lists,
    "previews": previews,
    "changes": change_sets,
    "nights": nights,
    "pruning": pruning,
    "pick-up": pick_up,
    "claims": claims,
    "little-jobs": little_jobs,
    "job-row": job_row,
    "types": other_types,
    "workers": two_workers,
    "exports": exports,
}
