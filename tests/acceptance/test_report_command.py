"""``python -m worker report``, as an operator types it."""

import argparse
import sys
from datetime import UTC, datetime

import openpyxl
import pytest
from rich.console import Console

from tests.acceptance.processes import wait_until, worker_process
from worker.cli.report import report


@pytest.fixture
def typed(terminal, stack):
    def run(*arguments):
        return terminal.run("report", *arguments, environment=stack.worker_environment)

    return run


def test_a_report_of_what_a_worker_did(typed, stack, dealer, tmp_path):
    records = [{"SKU": f"A-{n}", "Item Name": "Bolt", "Price": "call"} for n in range(3)]
    records += [{"SKU": "B", "Item Name": "Nut", "Price": "1"}]
    job_id = dealer.insert_job(None, file_name="stock_part1.csv", file_data={"records": records})
    nothing = [dealer.insert_job(None, file_name=f"a 2026-01-0{n}.csv", file_data={"records": []})
               for n in (1, 2)]  # fmt: skip
    with worker_process(stack, tmp_path):
        wait_until(lambda: {dealer.job(job)["status"] for job in nothing} == {"failed"})
        wait_until(lambda: dealer.job(job_id)["status"] == "completed")
    of_dealer = ("--organization", dealer.organization_id)

    told = typed(*of_dealer)
    assert told.returncode == 0
    assert told.stdout.startswith(
        f"# Imports of {dealer.organization_id.replace('_', chr(92) + '_')}"
    )
    # One job of four rows, three of which it refused, and two without rows.
    assert "\n| import | 3 | 2 | 1 | 0 | 0 | 3 | 4 |" in told.stdout
    assert r'unit\_price "…" is not a number | 3 | 1 |' in told.stdout
    assert "| a.csv | 2 | 2 |" in told.stdout

    written = typed(*of_dealer, "--time-zone", "America/Toronto", "--days", "3", "--to", tmp_path)
    assert written.returncode == 0
    assert written.stdout.count("Wrote ") == 3
    [path] = tmp_path.glob("imports-*.xlsx")
    assert list(tmp_path.glob("imports-*.png"))
    assert [row.value for row in openpyxl.load_workbook(path)["Sums"][2]][:8] == [
        "import", 3, 2, 1, 0, 0, 3, 4
    ]  # fmt: skip
    assert "days of America/Toronto" in next(tmp_path.glob("imports-*.md")).read_text()

    one = typed("--to", tmp_path / "all.md")
    assert one.returncode == 0
    assert dealer.organization_id.replace("_", r"\_") in (tmp_path / "all.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--days", "0"], "days are a number from 1"),
        (["--time-zone", "Mars/Olympus"], "is no time zone"),
        (["--to", "report.pdf"], "a report is a file of .md, .xlsx, .png"),
        (["--to", "nowhere/report.md"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_done_is_said(typed, arguments, said):
    told = typed(*arguments)
    assert told.returncode == 2
    assert said in told.stderr


async def test_without_matplotlib_the_rest_is_written(settings, tmp_path, monkeypatch, capsys):
    # A fake: the tests' own environment has it.
    monkeypatch.setattr(sys.modules["worker.cli.report"], "find_spec", lambda _: None)
    options = argparse.Namespace(to=tmp_path, organization=None, days=1, time_zone="UTC")
    assert await report(settings, options, Console()) == 1
    today = datetime.now(UTC).date()
    assert {path.name for path in tmp_path.iterdir()} == {
        f"imports-{today}.md", f"imports-{today}.xlsx"}  # fmt: skip
    assert "pip install matplotlib" in capsys.readouterr().out
    options.to = tmp_path / "one.png"
    assert await report(settings, options, Console()) == 1
    assert not options.to.exists()
