import csv

import pytest

from devstack import sample
from worker.importing.mapping import mapped_already
from worker.importing.parsing import ParsedRow, row_parser
from worker.importing.sources import SourceRow
from worker.importing.tables import TABLES
from worker.job import RowError

INVENTORY = TABLES["inventory"]


@pytest.fixture(scope="module")
def parsed() -> list[ParsedRow]:
    with sample.SAMPLE.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    parse = row_parser(INVENTORY, mapped_already(INVENTORY), {})
    return [parse(number, SourceRow(number, record)) for number, record in enumerate(records, 1)]


def test_the_script_makes_the_shipped_file_byte_for_byte() -> None:
    assert sample.SAMPLE.read_bytes() == sample.as_csv(sample.rows()).encode()


def is_refused(row: ParsedRow) -> bool:
    """Without a name only an item that is there could be updated, and none is."""
    return isinstance(row, RowError) or "name" not in row


def test_9850_rows_of_as_many_items(parsed: list[ParsedRow]) -> None:
    rows = [row for row in parsed if not is_refused(row)]
    assert len(parsed) == 10_000
    assert len({row["sku"] for row in rows}) == len(rows) == 9_850


def test_150_refused_for_many_reasons_in_every_job_of_2000(parsed: list[ParsedRow]) -> None:
    refused = [number for number, row in enumerate(parsed, 1) if is_refused(row)]
    assert [sum((number - 1) // 2000 == part for number in refused) for part in range(5)] == [
        30
    ] * 5
    messages = [
        row.message if isinstance(row, RowError) else "no name" for row in parsed if is_refused(row)
    ]
    assert len(set(messages)) == 14
    assert len(set(messages[:10])) == 10


def test_the_file_is_small_enough_to_ship() -> None:
    assert sample.SAMPLE.stat().st_size < 2_000_000
