import csv

import pytest

from devstack import sample
from worker.job import RowError
from worker.mapping import mapped_already
from worker.parsing import ParsedRow, row_parser
from worker.sources import SourceRow
from worker.tables import TABLES

INVENTORY = TABLES["inventory"]


@pytest.fixture(scope="module")
def parsed() -> list[ParsedRow]:
    with sample.SAMPLE.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    parse = row_parser(INVENTORY, mapped_already(INVENTORY), {})
    return [parse(number, SourceRow(number, record)) for number, record in enumerate(records, 1)]


def test_the_script_makes_the_shipped_file_byte_for_byte() -> None:
    assert sample.SAMPLE.read_bytes() == sample.as_csv(sample.rows()).encode()


def test_9850_rows_of_as_many_items(parsed: list[ParsedRow]) -> None:
    rows = [row for row in parsed if not isinstance(row, RowError)]
    assert len(parsed) == 10_000
    assert len({row["sku"] for row in rows}) == len(rows) == 9_850


def test_150_refused_for_many_reasons_in_every_job_of_2000(parsed: list[ParsedRow]) -> None:
    errors = [row for row in parsed if isinstance(row, RowError)]
    jobs = [sum((error.row_number - 1) // 2000 == part for error in errors) for part in range(5)]
    assert jobs == [30] * 5
    assert len({error.message for error in errors}) == 15
    assert len({error.message for error in errors[:10]}) == 10


def test_the_file_is_small_enough_to_ship() -> None:
    assert sample.SAMPLE.stat().st_size < 2_000_000
