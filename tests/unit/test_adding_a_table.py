"""docs/ADDING_A_TABLE.md: its table is built, and reads rows."""

import re
from pathlib import Path

from worker.importing.mapping import automatic_mapping
from worker.importing.parsing import row_parser
from worker.importing.sources import SourceRow
from worker.job import RowError

PAGE = (Path(__file__).parents[2] / "docs" / "ADDING_A_TABLE.md").read_text()


def test_the_table_of_the_page_reads_rows():
    [module] = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    names = {}
    exec(module, names)  # noqa: S102 - a page of ours
    suppliers = names["SUPPLIERS"]
    mapping = automatic_mapping(["Vendor Code", "Vendor", "Email", "Credit limit"], suppliers)
    parse = row_parser(suppliers, mapping, {})
    cells = {"Vendor Code": "007", "Vendor": "Acme", "Email": "", "Credit limit": "$1,000"}
    row = parse(1, SourceRow(2, cells))
    assert row == {
        "row_number": 1, "file_row": 2, "code": "007", "name": "Acme", "credit_limit": "1000.00",
    }  # fmt: skip
    assert suppliers.key == "code"
    assert isinstance(parse(1, SourceRow(2, cells | {"Vendor": ""})), RowError)


def test_what_the_page_says_of_the_functions_is_so():
    migrations = Path(__file__).parents[2] / "supabase" / "migrations"
    functions = "".join(file.read_text() for file in migrations.glob("*.sql"))
    for door in ("inventory", "contacts", "bids"):
        assert re.search(rf"function public\.apply_{door}_batch\(", functions)
        assert re.search(
            rf"function import_internal\.upsert_{door}\(\s*run public\.import_runs, rows jsonb,"
            r" out refusals jsonb, out changed public\.import_changes\)",
            functions,
        )
