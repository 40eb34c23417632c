"""What one upload teaches the next: mappings and options remembered, templates by name."""

import io

import pytest
from openpyxl import Workbook

from worker.service import serve

STRANGE = "Kode;Benevnelse;Utsalg;Innkjop;Farge\n"
BY_HAND = {"Kode": "sku", "Benevnelse": "name", "Utsalg": "unit_price", "Innkjop": "cost"}


def strange(first="A1;Skrue;1.234,50;2,5;rod\n", header=STRANGE):
    return f"{header}{first}A2;Mutter;7,25;1,75;\n".encode()


def note(name, run):
    day = run["finished_at"]
    return f"Mapped as in {name} of {day.day} {day:%B}."


def memories(dealer):
    return dealer.connection.execute(
        "select * from import_memory where organization_id = %s order by learned_at",
        [dealer.organization_id],
    ).fetchall()


def priced(dealer):
    return [(item["sku"], item["unit_price"], item["cost"]) for item in dealer.inventory()]


async def test_a_strange_file_mapped_by_hand_once_maps_by_itself(dealer, import_file):
    job, _ = await import_file(strange())
    assert job["status"] == "failed"  # nobody knows these names
    _, first = await import_file(strange(), name="stock.csv", mapping=BY_HAND)
    assert (first["created"], first["mapping"]) == (2, BY_HAND)
    assert first["columns"] == ["Kode", "Benevnelse", "Utsalg", "Innkjop", "Farge"]
    assert first["options"] == {
        "header_row": 1,
        "decimal_mark": {"unit_price": ",", "cost": ","},
    }

    # A title above, other capitals, and amounts that can mean two things.
    again = f"Varer\n\n{STRANGE.upper()}A1;Skrue;1.234;3.500;\n".encode()
    job, run = await import_file(again, name="next.csv")
    assert job["status"] == "completed"
    assert run["mapping"] == {column.upper(): field for column, field in BY_HAND.items()}
    assert priced(dealer)[0] == ("A1", 123_400, 350_000)
    told = f"as in stock.csv of {first['finished_at'].day} {first['finished_at']:%B}"
    assert note("stock.csv", first) in run["notes"]
    assert f"unit_price: 1.234 is read as 1234, not 1.234, {told}." in run["notes"]
    assert run["options"] == first["options"] | {"header_row": 3}
    [memory] = memories(dealer)
    assert (memory["is_corrected"], memory["file_name"]) == (True, "stock.csv")


async def test_another_organization_learns_nothing(make_dealer, dealer, import_file, settings):
    await import_file(strange(), mapping=BY_HAND)
    other = make_dealer()
    records = [{"Kode": "A1", "Benevnelse": "Skrue", "Utsalg": 1, "Innkjop": 1, "Farge": ""}]
    theirs = other.insert_job(None, file_data={"records": records})
    ours = dealer.insert_job(None, file_data={"records": records})
    await serve(settings, once=True)
    assert other.job(theirs)["status"] == "failed"
    assert dealer.job(ours)["status"] == "completed"
    assert memories(other) == []


async def test_renaming_one_column_keeps_the_rest(import_file):
    _, first = await import_file(strange(), mapping=BY_HAND)
    renamed = strange(header=STRANGE.replace("Farge", "Fargekode"))
    job, run = await import_file(renamed)
    assert (job["status"], run["mapping"]) == ("completed", BY_HAND)
    said = f"{note('stock.csv', first)[:-1]}: sku, name, unit_price, cost."
    assert said in run["notes"]
    job, run = await import_file(strange(header=STRANGE.replace("Innkjop", "Kjop 2")))
    assert run["mapping"] == {name: field for name, field in BY_HAND.items() if field != "cost"}


async def test_a_correction_outweighs_what_was_learned_until_another_one(dealer, import_file):
    content = b"SKU,Name,Price\nA1,Bolt,5\n"
    _, run = await import_file(content)
    assert run["mapping"]["Price"] == "unit_price"
    to_cost = {"SKU": "sku", "Name": "name", "Price": "cost"}
    await import_file(content, mapping=to_cost)
    for _ in range(2):
        _, run = await import_file(content)
        assert run["mapping"] == to_cost
    to_tier = to_cost | {"Price": "price_tier_1"}
    await import_file(content, mapping=to_tier)
    _, run = await import_file(content)
    assert run["mapping"] == to_tier
    [memory] = memories(dealer)
    assert memory["is_corrected"] is True


async def test_a_run_that_went_badly_teaches_nothing(dealer, import_file):
    wrong = {"Kode": "name", "Benevnelse": "sku", "Utsalg": "quantity", "Farge": "unit_price"}
    refused = f"{STRANGE}A1;Skrue;x;1;rod\nA2;Mutter;y;1;bla\n".encode()
    _, run = await import_file(refused, mapping=wrong)
    assert (run["outcome"], run["failed"]) == ("failed", 2)
    await import_file(strange(), mapping=BY_HAND, options={"dry_run": True})
    assert memories(dealer) == []


def workbook(**sheets):
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


async def test_the_sheet_that_was_chosen_is_chosen_again(dealer, import_file):
    header = ["SKU", "Name", "Price"]
    content = workbook(
        Truro=[header, ["A", "a", 1]],
        Halifax=[["Halifax"], [], header, ["A", "a", 2]],
        Notes=[["nothing"]],
    )
    _, run = await import_file(content)
    assert [item["unit_price"] for item in dealer.inventory()] == [100]
    assert "sheet" not in run["options"]
    _, run = await import_file(content, options={"sheet": "Halifax"})
    for _ in range(2):
        _, run = await import_file(content)
        assert [item["unit_price"] for item in dealer.inventory()] == [200]
        assert run["options"] == {"sheet": "Halifax", "header_row": 3}
    # The sheet is gone: the first that has what is required, as ever.
    _, run = await import_file(workbook(Old=[["x"]], New=[header, ["A", "a", 3]]))
    assert [item["unit_price"] for item in dealer.inventory()] == [300]


async def test_a_template_end_to_end(dealer, import_file):
    dealer.execute(
        "insert into import_templates (organization_id, data_type, name, mapping, options, columns)"
        """ values (%s, 'inventory', 'Monthly', '{"Kode": "sku", "Benevnelse": "name",
        "Utsalg": "unit_price"}', '{"decimal_mark": ","}', '{Kode,Benevnelse,Utsalg,Innkjop}')""",
        dealer.organization_id,
    )
    content = b"Kode;Benevnelse;Utsalg;Innkjop;Qty\nA1;Skrue;1.234;9;5\n"
    job, run = await import_file(content, options={"template": "Monthly"})
    assert job["status"] == "completed"
    assert run["mapping"] == {
        "Kode": "sku", "Benevnelse": "name", "Utsalg": "unit_price", "Qty": "quantity",
    }  # fmt: skip
    assert 'Mapped as in the template "Monthly".' in run["notes"]
    assert (
        'unit_price: 1.234 is read as 1234, not 1.234, as in the template "Monthly".'
        in run["notes"]
    )
    assert [(i["unit_price"], i["quantity"]) for i in dealer.inventory()] == [(123_400, 5)]

    # A column less, and the others are still there.
    content = b"Kode,Benevnelse\nA1,Skrue\n"
    job, run = await import_file(content, options={"template": "Monthly"})
    assert job["status"] == "completed"
    assert 'The template "Monthly" names columns that the file lacks: "Utsalg".' in run["notes"]
    job, _ = await import_file(b"Foo,Bar\nA1,Skrue\n", options={"template": "Monthly"})
    assert job["status"] == "failed"
    assert job["error_message"].startswith('The template "Monthly" does not fit this file. No ')


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("monthly", 'There is no template "monthly" for items. There are: "Monthly", "Weekly".'),
        (7, 'The option "template" must be the name of a template.'),
        ("Weekly", 'The template "Weekly" sends the column "SKU" to "height", which is no field'),
        ("Monthly", 'The option "decimal_mark" must be "." or ","'),
    ],
)
async def test_a_template_that_cannot_be_followed_fails_the_job(dealer, import_file, name, message):
    dealer.execute(
        "insert into import_templates (organization_id, data_type, name, mapping, options)"
        """ values (%(org)s, 'inventory', 'Monthly', '{}', '{"decimal_mark": "comma"}'),
        (%(org)s, 'inventory', 'Weekly', '{"SKU": "height"}', '{}'),
        (%(org)s, 'contacts', 'People', '{}', '{}')""".replace(
            "%(org)s", f"'{dealer.organization_id}'"
        )
    )
    job, _ = await import_file(b"SKU,Name\nA1,Bolt\n", options={"template": name})
    assert job["status"] == "failed"
    assert job["error_message"].startswith(message)


async def test_where_there_are_no_templates_the_refusal_says_so(import_file):
    job, _ = await import_file(b"SKU,Name\nA1,Bolt\n", options={"template": "Monthly"})
    assert job["error_message"] == ('There is no template "Monthly": there are none for items yet.')


async def test_nothing_is_asked_for_mapped_records(dealer, settings):
    dealer.execute("revoke execute on function recall_mappings from service_role")
    try:
        job_id = dealer.insert_job(dealer.records(2))
        await serve(settings, once=True)
    finally:
        dealer.execute("grant execute on function recall_mappings to service_role")
    assert dealer.job(job_id)["status"] == "completed"
    assert memories(dealer) == []


async def test_a_preview_tells_what_is_remembered_and_teaches_nothing(dealer, import_file):
    _, first = await import_file(strange(), mapping=BY_HAND)
    known = memories(dealer)
    _, run = await import_file(strange(), options={"preview": True})
    reason = note("stock.csv", first).removeprefix("Mapped ").rstrip(".")
    found = {one["header"]: (one["field"], one["reason"]) for one in run["preview"]["columns"]}
    assert found == {column: (field, reason) for column, field in BY_HAND.items()} | {
        "Farge": (None, None)
    }
    assert note("stock.csv", first) in run["notes"]
    assert memories(dealer) == known
    _, run = await import_file(strange(), mapping=BY_HAND | {"Utsalg": "cost", "Innkjop": ""},
                               options={"preview": True})  # fmt: skip
    assert memories(dealer) == known


async def test_a_preview_says_where_a_template_does_not_fit(dealer, import_file):
    dealer.execute(
        "insert into import_templates (organization_id, data_type, name, mapping, columns)"
        """ values (%s, 'inventory', 'Monthly', '{"A": "sku", "B": "name"}', '{A,B}')""",
        dealer.organization_id,
    )
    options = {"preview": True, "template": "Monthly"}
    job, run = await import_file(b"A,C\n1,2\n", options=options)
    assert job["status"] == "completed"
    assert run["preview"]["problem"].startswith('The template "Monthly" does not fit this file. No')
    assert run["preview"]["mapping"] == {"A": "sku"}


async def test_a_column_that_was_empty_is_imported_when_it_is_not(dealer, import_file):
    _, first = await import_file(b"SKU,Name,Cost\nA1,Bolt,\n")
    assert "Cost" not in first["mapping"]
    _, second = await import_file(b"SKU,Name,Cost\nA1,Bolt,1.25\n")
    assert second["mapping"] == {"SKU": "sku", "Name": "name", "Cost": "cost"}
    [item] = dealer.inventory()
    assert item["cost"] == 125
