"""Files as dealers have them: codes, numbers, headings and owners, through the database."""

from pathlib import Path

import pytest

FIELD = Path(__file__).parents[1] / "data" / "field"


@pytest.fixture
def run(dealer, import_file):
    """Import a file, by its name or its text; the job, its run and its items by SKU."""

    async def run_file(content, data_type="inventory", **options):
        if isinstance(content, str):
            content = (FIELD / content).read_bytes()
        job, latest = await import_file(content, data_type, options=options)
        return job, latest, {item["sku"]: item for item in dealer.inventory()}

    return run_file


async def test_a_code_that_only_looks_different_is_the_same_item(run):
    await run(b"SKU,Name\nA1,Screw\nA2,Nail\n")
    job, latest, items = await run("36_nbsp.csv")
    assert (latest["created"], latest["updated"]) == (0, 2)
    assert {sku: item["unit_price"] for sku, item in items.items()} == {
        "A1": 1250, "A2": 123_456_750,
    }  # fmt: skip
    assert job["status"] == "completed"
    assert any("cleaned of invisible characters: 1 row, e.g. row 3" in n for n in latest["notes"])


async def test_codes_that_a_file_keeps_as_text(run):
    _, latest, items = await run("50_long_upc_sku.csv")
    assert set(items) == {"12345678901234567890", "00123", "00456"}
    assert any("2 rows, e.g. row 3" in note for note in latest["notes"])


async def test_codes_that_a_program_wrote_as_floats(run):
    await run(b"SKU,Name\n123,Screw\n")
    _, latest, items = await run(b"SKU,Name\n123.0,Screw\n4567.0,Nail\n")
    assert set(items) == {"123", "4567"}
    assert (latest["created"], latest["updated"]) == (1, 1)


async def test_headings_and_totals_are_skipped(run):
    job, latest, items = await run("48_empty_sku_rows.csv")
    assert set(items) == {"A1", "A2"}
    assert (job["status"], job["error_message"]) == ("completed", None)
    assert latest["notes"] == ['Skipped as headings: 2 rows, e.g. row 2 "HARDWARE DEPT".']


async def test_the_dash_of_an_accounting_format(run):
    _, latest, items = await run("61_accounting_dash.csv")
    assert [(item["unit_price"], item["cost"]) for item in items.values()] == [
        (123_450, 0), (1200, 750),
    ]  # fmt: skip
    assert any("a dash is read as 0" in note for note in latest["notes"])


async def test_a_unit_behind_a_price(run):
    job, _, items = await run("32_price_each.csv")
    assert {sku: items[sku]["unit_price"] for sku in ("A1", "A2", "A3", "A4")} == {
        "A1": 1250, "A2": 1250, "A3": 500, "A4": 510,
    }  # fmt: skip
    assert not {"A6", "A7", "A8"} & set(items)
    assert 'Row 9: unit_price "12.50*" is not a number' in job["error_message"]


async def test_contacts_whose_owner_is_a_name_belong_to_the_creator(run, dealer):
    job, latest, _ = await run("c4_owner_names.csv", "contacts")
    assert (job["status"], job["record_count"]) == ("completed", 2)
    owners = dealer.connection.execute(
        "select distinct owner_id from contacts where organization_id = %s",
        [dealer.organization_id],
    ).fetchall()
    assert [row["owner_id"] for row in owners] == [dealer.creator_id]
    assert any('no e-mail address: 2 rows, e.g. row 2 "Olivia Park"' in n for n in latest["notes"])


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_file_of_which_nothing_got_in_failed(run, dry_run):
    content = b"SKU,Name,Price\nA1,Screw,call\nA2,Nail,call\n,HARDWARE,\n"
    job, latest, items = await run(content, dry_run=dry_run)
    assert (job["status"], job["record_count"], items) == ("failed", 0, {})
    first, *others = job["error_message"].splitlines()
    nothing = "Rehearsal: nothing would be" if dry_run else "Nothing was"
    assert first == f"{nothing} imported: all 2 rows are refused."
    assert others == [
        'Skipped as headings: 1 row, e.g. row 4 "HARDWARE".',
        'Row 2: unit_price "call" is not a number',
        'Row 3: unit_price "call" is not a number',
    ]
    assert (latest["outcome"], latest["failed"]) == ("failed", 2)
    assert latest["failed_rows_path"]


async def test_a_file_of_headings_failed(run):
    job, latest, _ = await run(b"SKU,Name,Price\n,HARDWARE,\n,LUMBER,\nTotal,,0.00\n")
    assert job["status"] == "failed"
    assert job["error_message"].splitlines() == [
        "Nothing was imported: there are no rows to import.",
        'Skipped as headings: 2 rows, e.g. row 2 "HARDWARE".',
        'Skipped as totals: 1 row, e.g. row 4 "Total".',
    ]
    assert (latest["row_count"], latest["failed_rows_path"]) == (0, None)


async def test_a_list_that_names_nobody_failed(run):
    content = b"Email,City,Phone\n" + b",Truro,555-0101\n" * 255
    job, latest, _ = await run(content, "contacts")
    assert (job["status"], latest["failed"]) == ("failed", 255)
    first, second, *_ = job["error_message"].splitlines()
    assert first == "Nothing was imported: all 255 rows are refused."
    assert second == "Row 2: name is missing, and so are email and legacyNumber"


async def test_the_advice_of_a_wide_file_is_not_cut_off(run):
    names = ",".join(f"A column with a rather long name {number}" for number in range(30))
    job, *_ = await run(f"{names}\n{'1,' * 29}1\n".encode())
    advice, seen = job["error_message"].splitlines()
    assert advice.endswith("or choose it in the mapping.")
    assert seen.startswith("The columns seen are:")
