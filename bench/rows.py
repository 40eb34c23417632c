"""Realistic rows, as many as are asked for."""

import csv
import io
from collections.abc import Iterator
from functools import cache
from itertools import count, islice

from openpyxl import Workbook

from devstack.sample import SAMPLE
from worker.importing.mapping import mapped_already
from worker.importing.parsing import row_parser
from worker.importing.sources import SourceRow
from worker.importing.tables import TABLES, Row
from worker.job import RowError

Record = dict[str, str]


@cache
def _readable() -> tuple[Record, ...]:
    """Read the shipped sample, but for what cannot become an item."""
    inventory = TABLES["inventory"]
    parse = row_parser(inventory, mapped_already(inventory), {})
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        records = tuple(csv.DictReader(file))
    return tuple(
        record
        for number, record in enumerate(records, 1)
        if _is_item(parse(number, SourceRow(number, record)))
    )


def _is_item(row: Row | RowError) -> bool:
    return not isinstance(row, RowError) and "name" in row


def items(rows: int) -> list[Record]:
    """Make records of as many different items."""
    return list(islice(_items(), rows))


def _items() -> Iterator[Record]:
    for edition in count(1):
        for record in _readable():
            name = record["name"] if edition == 1 else f"{record['name']} series {edition}"
            yield {**record, "sku": f"{record['sku']}-{edition}", "name": name}


def as_csv(rows: int) -> bytes:
    """Write items as a file of comma separated values."""
    text = io.StringIO()
    records = islice(_items(), rows)
    writer = csv.DictWriter(text, list(_readable()[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_csv_of_night(rows: int, night: int, share: float) -> bytes:
    """Write items as a file, that share with the night's prices, the others with the last one's."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(_readable()[0]))
    writer.writeheader()
    new = round(share * rows)
    for number, record in enumerate(islice(_items(), rows)):
        # The new ones lie scattered in the file, as they do in a dealer's.
        priced = night if number * new % rows < new else night - 1
        prices = {"unit_price": f"{number + 1}.{priced:02}", "quantity": str(number % 500 + priced)}
        writer.writerow({**record, **prices})
    return text.getvalue().encode()


def as_price_list(rows: int, cents: int) -> bytes:
    """Write SKUs and prices of the same items: the row's number in dollars, and these cents."""
    prices = (f"{record['sku']},{row}.{cents:02}" for row, record in enumerate(items(rows), 1))
    return "\n".join(("sku,unit_price", *prices)).encode()


def as_xlsx(rows: int) -> bytes:
    """Write items as a workbook."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Stock")
    sheet.append(list(_readable()[0]))
    for record in islice(_items(), rows):
        sheet.append(list(record.values()))
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def people(rows: int) -> list[Record]:
    """Make contacts of which each fourth has each kind of identity."""
    return [_person(number) for number in range(rows)]


def _person(number: int) -> Record:
    person = {
        "name": f"Person {number}",
        "phone": f"604 555 {number % 10_000:04}",
        "city": f"City {number % 500}",
        "ytdSales": f"{number % 90_000}.50",
    }
    match number % 4:
        case 0:
            person["legacyNumber"] = f"{number:06}"
        case 1:
            person["email"] = f"person{number}@example.test"
        case 2:
            person["accountOwnerNumber"] = f"rep{number % 20}@dealer.test"
        case _:
            person["company"] = f"Company {number // 4}"
    return person


def offers(rows: int) -> list[Record]:
    """Make bids."""
    return [
        {"clientName": f"Client {number % 900}", "projectName": f"Project {number}", "total": "9.5"}
        for number in range(rows)
    ]
