"""What one upload teaches the next: mappings and options remembered, templates by name."""

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
