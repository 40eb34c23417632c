"""Every path that `make bench` measures works, and its ratios come from its own runs."""

from bench import report
from bench.__main__ import measure
from bench.parts import PARTS, SMOKE
from tests import warm


def start(environment, log):
    """Start a worker in a tenth of the time: what is measured here is not looked at."""
    return warm.start("worker", "run", environment=environment, output=log)


def test_every_path_is_measured(tmp_path):
    figures = measure(list(PARTS), SMOKE, start)
    assert set(figures) == set(PARTS)
    for part in set(PARTS) - {"pick-up", "claims", "job-row"}:
        assert all(run["rows_a_second"] > 0 for run in figures[part])
        assert all(run["cpu"]["postgres"] >= 0 for run in figures[part])
    ways = {run["way"]: run["rows_a_second"] for run in figures["ways"] if run["lap"] == "first"}
    assert len(ways) == 5
    shown = {target.name: target.measured for target in report.targets(figures)}
    assert len(shown) == 26
    assert all(run["p50_ms"] > 0 for run in figures["claims"])
    assert [run["updates"] for run in figures["nights"]] == [0, 400, 400, 400, 40]
    assert all(run["updates"] == run["events"] > 0 for run in figures["job-row"])
    ratio = ways["worker, jobs of 2,000"] / ways["limit"]
    assert shown["worker ÷ limit, 39 jobs"].startswith(f"{ratio:.2f} ")

    page = tmp_path / "page.md"
    page.write_text("a\n<!-- make bench writes from here -->\nold\n<!-- to here -->\nb\n")
    report.write(page, report.as_markdown(figures))
    text = page.read_text()
    assert "old" not in text
    assert f"| worker ÷ limit, 39 jobs | 0.85 | 0.9 | {ratio:.2f} " in text
    assert text.endswith("b\n")
