"""docs/UNDO.md: its table of examples, run."""

import re
from pathlib import Path

import pytest

from tests.undoing import edit, import_rows, item, undo

PAGE = (Path(__file__).parents[2] / "docs" / "UNDO.md").read_text()
FIELDS = {"price": "unit_price", "cost": "cost"}
[TABLE] = re.findall(r"\| told \|\n\| [- |]+ \|\n((?:\| .+ \|\n)+)\n## Undoing an undo", PAGE)
EXAMPLES = [line.strip("| ").split(" | ") for line in TABLE.splitlines()]


def cells(text):
    """Read "price 10.00, cost 5.00" as an import's cells."""
    pairs = (part.split(" ") for part in text.split(", "))
    return {FIELDS[name]: round(float(amount) * 100) for name, amount in pairs}


@pytest.fixture
def bid_lines(dealer):
    dealer.execute(
        "create table public.bid_lines (item_id uuid references inventory (id) on delete cascade);"
        " grant select on public.bid_lines to service_role"
    )
    yield
    dealer.execute("drop table public.bid_lines")


def test_there_are_examples():
    assert len(EXAMPLES) == 15
    assert all(len(example) == 5 for example in EXAMPLES)


@pytest.mark.usefixtures("bid_lines")
@pytest.mark.parametrize("example", EXAMPLES, ids=" | ".join)
async def test_the_examples_of_the_page(queue, dealer, example):
    before, imported, since, after, told = example
    if before != "not there":
        await import_rows(queue, dealer, item("A", **cells(before)))
    # Beside it an item that always goes back, so that there is something to undo.
    await import_rows(queue, dealer, item("Z", cost=1))
    row = item("A", **cells(imported)) if before == "not there" else {"sku": "A"} | cells(imported)
    job_id = await import_rows(queue, dealer, row, {"sku": "Z", "cost": 2})
    for act in since.split("; "):
        if act == "deleted":
            dealer.execute("delete from inventory where sku = 'A'")
        elif act == "referred to":
            dealer.execute("insert into bid_lines select id from inventory where sku = 'A'")
        elif act != "–":
            who, what = act.split(": ")
            if who == "by hand":
                edit(dealer, "A", **cells(what))
            else:
                values = {"sku": "A"} | cells(what)
                await import_rows(queue, dealer, values, file_name=who)
    ended = await undo(queue, dealer, job_id)

    [*items, _] = dealer.inventory("unit_price, cost")
    given = {name: value for found in items for name, value in found.items() if value is not None}
    assert given == (cells(after) if after != "not there" else {})
    today = dealer.scalar("select to_char(now() at time zone 'UTC', 'FMDD FMMonth YYYY')")
    counts, _, why = told.replace("TODAY", today).partition(": ")
    line, *reasons = ended["error_message"].splitlines()
    if counts == "1 restored":
        counts = "2 restored"
    assert counts in line
    assert [reason.partition(": ")[2] for reason in reasons] == ([why] if why else [])
