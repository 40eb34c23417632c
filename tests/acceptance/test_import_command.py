"""``python -m worker import``, as an operator types it, with a worker beside it."""

import pytest
from openpyxl import Workbook


@pytest.fixture
def command(terminal, environment, dealer):
    def run(*arguments, **changes):
        return terminal.run(
            "import", *arguments, "--organization", dealer.organization_id,
            environment=environment | changes,
        )  # fmt: skip

    return run


@pytest.fixture
def files(tmp_path):
    """The files that people have: by name, with what is to be said of each."""
    (tmp_path / "stock.csv").write_text("SKU,Name,Price\nA-1,Bolt,2.50\nA-2,Nail,3\n")
    workbook = Workbook()
    for row in (["Cedar Supplies"], [], ["Item #", "Item Name", "Price"], ["A-1", "Bolt", 2.5]):
        workbook.active.append(row)
    workbook.save(tmp_path / "stock.xlsx")
    import pandas as pd  # noqa: PLC0415 - half a second that only this fixture needs

    frame = pd.DataFrame({"SKU": ["A-1"], "Name": ["Bolt"], "Price": [2.5]})
    frame.to_excel(tmp_path / "stock.ods", engine="odf", index=False)
    (tmp_path / "preise.csv").write_bytes(
        "Artikelnr;Bezeichnung;Preis\nA-1;Dübel;1.234,50\nA-2;Mörtel;7,25\n".encode("cp1252")
    )
    return tmp_path


MAPPING = '{"Artikelnr": "sku", "Bezeichnung": "name", "Preis": "unit_price"}'


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("name", "arguments", "prices"),
    [
        ("stock.csv", [], [250, 300]),
        ("stock.xlsx", [], [250]),
        ("stock.ods", [], [250]),
        ("preise.csv", ["--mapping", MAPPING], [123_450, 725]),
    ],
)
def test_a_file_goes_all_in(command, files, dealer, name, arguments, prices):
    result = command(files / name, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [item["unit_price"] for item in dealer.inventory()] == prices
    assert (
        f"{len(prices)} created, 0 updated (0 unchanged), 0 refused, 0 not reached" in result.stdout
    )
    assert f"{len(prices)}/{len(prices)}" in result.stdout  # the bar
    if name == "preise.csv":
        assert "Windows-1252" in result.stdout
        assert "unit_price: read with a decimal comma" in result.stdout


@pytest.mark.usefixtures("worker")
def test_refused_rows_are_told_and_make_it_1(command, tmp_path, dealer):
    file = tmp_path / "stück liste.csv"
    file.write_text("SKU,Name,Price\nA-1,Bolt,call\nA-2,[b]Nail,3\n")
    result = command(file)
    assert result.returncode == 1
    assert "1 created, 0 updated (0 unchanged), 1 refused" in result.stdout
    assert 'Row 2: unit_price "call" is not a number' in result.stdout
    assert f"{dealer.organization_id}/failed/" in result.stdout
    assert dealer.inventory()[0]["name"] == "[b]Nail"


@pytest.mark.usefixtures("worker")
def test_a_file_without_the_columns_makes_it_2(command, tmp_path):
    file = tmp_path / "stock.csv"
    file.write_text("Vendor,Price\nAcme,2\n")
    result = command(file)
    assert result.returncode == 2
    assert "No column was found for name." in result.stdout
    assert "The job is failed." in result.stdout


@pytest.mark.usefixtures("worker")
def test_a_rehearsal_of_contacts(command, tmp_path, dealer):
    file = tmp_path / "people.tsv"
    file.write_text("Name\tE-mail\nAnn\tann@lee.test\n")
    result = command(file, "--data-type", "contacts", "--dry-run", "--delimiter", "tab")
    assert result.returncode == 0, result.stdout
    assert "1 would be created" in result.stdout
    assert "Rehearsal: nothing was written." in result.stdout
    count = "select count(*) from contacts where organization_id = %s"
    assert dealer.scalar(count, dealer.organization_id) == 0


@pytest.mark.usefixtures("worker")
def test_a_price_list_that_only_updates(command, tmp_path, dealer):
    file = tmp_path / "prices.csv"
    file.write_text("SKU,Name,Price\nA-1,Bolt,2\n")
    assert command(file, "--mode", "create").returncode == 0
    file.write_text("SKU,Price\nA-1,3\nA-2,4\n")
    result = command(file, "--mode", "update")
    assert result.returncode == 1
    assert "0 created, 1 updated (0 unchanged), 1 refused" in result.stdout
    assert "Row 3: no item has this SKU" in result.stdout
    assert [item["unit_price"] for item in dealer.inventory()] == [300]


@pytest.mark.usefixtures("worker")
def test_a_preview_is_printed_and_imports_nothing(command, tmp_path, dealer):
    file = tmp_path / "stock.csv"
    file.write_text("Item #,Name,Price,MSRP,[red]Note\nA-1,[b]Bolt,2.5,3,\nA-2,Nail,call,,\n")
    result = command(file, "--preview", COLUMNS="200")
    assert result.returncode == 0, result.stdout + result.stderr
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.split("\n")]
    assert ["Item #", "100%", "A-1", "sku", "88%", "a synonym"] in lines
    assert ["MSRP", "50%", "3", "(unit_price?)", "", ""] in lines
    assert ["[red]Note", "0%", "", "", "", ""] in lines
    assert "Row 2: sku A-1, name [b]Bolt, unit_price 250" in result.stdout
    assert 'Row 3: refused: unit_price "call" is not a number' in result.stdout
    assert "Looked at all 2 rows: 1 would be refused." in result.stdout
    assert 'Columns that are not imported: "MSRP"' in result.stdout
    assert dealer.inventory() == []


@pytest.mark.usefixtures("worker")
def test_a_preview_says_what_is_missing_and_one_of_no_table_makes_it_2(command, tmp_path):
    file = tmp_path / "stock.csv"
    file.write_text("Vendor,Price\nAcme,2\n")
    result = command(file, "--preview")
    assert result.returncode == 0
    assert "It could not be imported like this: No column was found for name." in result.stdout
    file.write_bytes(b"%PDF-1.7 \0")
    result = command(file, "--preview")
    assert result.returncode == 2
    assert "It is a PDF" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.csv"], "there is no file gone.csv"),
        (["pyproject.toml", "--data-type", "exports"], "invalid choice: 'exports'"),
        (["pyproject.toml", "--mapping", "sku"], "this is no JSON object"),
        (["pyproject.toml", "--mapping", "[1]"], "this is no JSON object"),
        (["pyproject.toml", "--header-row", "first"], "invalid int value"),
        (["pyproject.toml", "--mode", "replace"], "invalid choice: 'replace'"),
    ],
)
def test_a_wrong_argument_makes_it_2(command, arguments, message):
    result = command(*arguments)
    assert result.returncode == 2
    assert message in result.stderr


def test_a_wrong_key_makes_it_2_and_is_not_shown(command, files):
    result = command(files / "stock.csv", SUPABASE_SECRET_KEY="sb_secret_wrong")
    assert result.returncode == 2
    assert "check SUPABASE_URL, the key" in result.stdout + result.stderr
    assert "sb_secret_wrong" not in result.stdout + result.stderr


@pytest.mark.usefixtures("worker")
def test_a_rehearsal_as_tables(command, tmp_path, dealer):
    dealer.execute(
        "insert into inventory (organization_id, sku, name, unit_price, quantity)"
        " values (%s, 'A-1', 'Bolt [M8]', 1000, 5), (%s, 'A-2', 'Nut', 1000, 5)",
        dealer.organization_id,
        dealer.organization_id,
    )
    file = tmp_path / "prices.csv"
    file.write_text("SKU,Name,Price\nA-1,,1234.5\nA-3,Nail,7\n")
    result = command(file, "--dry-run", "--missing", "zero", COLUMNS="120")
    assert result.returncode == 0, result.stdout
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "1 new, 1 changed, 0 unchanged, 0 refused rows" in lines
    assert "│ 2 │ A-1 Bolt [M8] │ unit_price │ 10.00 │ 1,234.50 │" in lines
    assert "│ 3 │ A-3 Nail │ unit_price │ (new) │ 7.00 │" in lines
    assert "│ rises by more than 100 % │ 1 │ 100.0 % │" in lines
    assert "│ 2 │ A-1 Bolt [M8] │ 10.00 │ 1,234.50 │ +12245.0 % │" in lines
    assert "Not in the file are 1 of 2 items with a quantity:" in lines
    assert "│ A-2 │ Nut │ 5 │" in lines
    assert "1 item that the file lacks would get the quantity 0." in result.stdout
    assert "The guards of your organization would hold this import." in result.stdout


@pytest.mark.usefixtures("worker")
def test_what_guards_hold_and_an_operator_lets_through(command, tmp_path, dealer):
    dealer.execute(
        "insert into inventory (organization_id, sku, name, quantity) values (%s, 'A', 'Bolt', 5)",
        dealer.organization_id,
    )
    file = tmp_path / "stock.csv"
    file.write_text("SKU,Name\nB,Nut\n")
    result = command(file, "--missing", "zero")
    assert result.returncode == 2
    assert "Nothing was written: the guards of your organization hold" in result.stdout
    assert len(dealer.inventory()) == 1
    result = command(file, "--missing", "zero", "--guards", "off")
    assert result.returncode == 0, result.stdout
    assert "1 item that the file lacks has the quantity 0 now." in result.stdout
    assert [item["quantity"] for item in dealer.inventory()] == [0, 0]
