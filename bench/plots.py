"""Pictures of the figures."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl

from bench.report import Figures, Run, middle

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes


def draw(figures: Figures, folder: Path) -> None:
    """Write a PNG for each part that was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, picture in _PICTURES.items():
        if figures.get(part):
            figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
            picture(axes, figures[part])
            figure.savefig(folder / f"{part}.png", dpi=110)
            plt.close(figure)


def _bars(axes: Axes, runs: Sequence[Run]) -> None:
    kinds = list(dict.fromkeys((str(run["way"]), str(run["lap"])) for run in runs))
    names = [way if lap == "first" else f"{way}, again" for way, lap in kinds]
    rates = [middle(runs, way=way, lap=lap) or 0 for way, lap in kinds]
    axes.bar_label(axes.barh(names[::-1], rates[::-1]), fmt="{:,.0f}", padding=3)
    axes.set(title="Rows a second (medians)", xlabel="rows/s")
    axes.margins(x=0.12)


def _latency(axes: Axes, runs: Sequence[Run]) -> None:
    firsts = [run for run in runs if run["lap"] == "first"]
    for way in dict.fromkeys(str(run["way"]) for run in firsts):
        points = sorted({int(str(run["latency_ms"])) for run in firsts if run["way"] == way})
        rates = [middle(firsts, way=way, latency_ms=point) for point in points]
        axes.plot(points, rates, marker="o", label=way)
    axes.set(title="Rows a second by added round trip", xlabel="ms", ylabel="rows/s", yscale="log")
    axes.legend()


def _cost(axes: Axes, runs: Sequence[Run]) -> None:
    files = [run for run in runs if run["way"] == "worker, one file"]
    for lap in ("first", "again"):
        counts = sorted({int(str(run["rows"])) for run in files})
        rates = [middle(files, lap=lap, rows=count) for count in counts]
        axes.plot(counts, [1e6 / (rate or 1) for rate in rates], marker="o", label=lap)
    axes.set(title="Cost of a row by size of the file", xlabel="rows", xscale="log")
    axes.set(ylabel="µs a row", ylim=(0, None))
    axes.legend(title="import")


def _pick_up(axes: Axes, runs: Sequence[Run]) -> None:
    cuts = ("p50_ms", "p95_ms", "p99_ms")
    for index, run in enumerate(runs):
        places = [place + 0.27 * index for place in range(len(cuts))]
        bars = axes.bar(places, [float(str(run[cut])) for cut in cuts], 0.25, label=str(run["way"]))
        axes.bar_label(bars, padding=2)
    axes.set_xticks([place + 0.27 for place in range(len(cuts))], ["p50", "p95", "p99"])
    axes.set(title="From insert to processing", ylabel="ms")
    axes.legend()


_PICTURES: dict[str, Callable[[Axes, Sequence[Run]], None]] = {
    "ways": _bars,
    "latency": _latency,
    "sizes": _cost,
    "pick-up": _pick_up,
}
