"""Records of contacts and bids, as they go to the database."""

import pytest

from worker.importing.mapping import mapped_already
from worker.importing.parsing import row_parser
from worker.importing.sources import SourceRow
from worker.importing.tables import TABLES
from worker.importing.values import Style
from worker.job import RowError


def parse(data_type, record, **styles):
    table = TABLES[data_type]
    return row_parser(table, mapped_already(table), styles)(3, SourceRow(9, record))


def test_a_full_contact():
    record = {
        "name": " Ann Lee ", "email": "ann@lee.test", "phone": 6045551234.0, "company": "Lee & Co",
        "trade": "Roofing", "status": "Active", "priceLevel": "VIP", "address": "1 Elm St",
        "city": "Hope", "province": "BC", "postalCode": "V0X 1L0", "notes": "a\r\nb",
        "legacyNumber": "00123", "accountOwnerNumber": "rep@dealer.test", "ptdSales": "$1,234.5",
        "ptdGpPercent": "12.5%", "ytdSales": "(5)", "ytdGpPercent": 0.5, "lyrSales": 0,
        "lyrGpPercent": "-3", "organization_id": "org_other", "id": "x", "owner_id": "y",
    }  # fmt: skip
    assert parse("contacts", record) == {
        "row_number": 3, "file_row": 9,
        "name": "Ann Lee", "email": "ann@lee.test", "phone": "6045551234", "company": "Lee & Co",
        "trade": "Roofing", "status": "Active", "price_level": "VIP", "address": "1 Elm St",
        "city": "Hope", "province": "BC", "postal_code": "V0X 1L0", "notes": "a\nb",
        "legacy_number": "00123", "account_owner_number": "rep@dealer.test",
        "ptd_sales": "1234.50", "ptd_gp_percent": "12.5", "ytd_sales": "-5.00",
        "ytd_gp_percent": "0.5", "lyr_sales": "0.00", "lyr_gp_percent": "-3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"name": "Ann", "email": "a@b.test", "legacyNumber": "7"}, "Ann"),
        ({"name": "", "email": "a@b.test", "legacyNumber": "7"}, "a@b.test"),
        ({"email": "a@b.test"}, "a@b.test"),
        ({"name": " ", "email": "", "legacyNumber": 7}, "Legacy #7"),
    ],
)
def test_a_contact_is_named(record, name):
    row = parse("contacts", record)
    assert row["name"] == name
    assert row.get("name_made_up", False) == (name != "Ann")


@pytest.mark.parametrize(
    ("data_type", "record", "field", "message"),
    [
        ("contacts", {"name": "Ann", "ptdSales": "lots"}, "ptdSales",
         'ptdSales "lots" is not a number'),
        ("contacts", {"name": "x" * 256}, "name", "name is 256 characters long, at most 255 fit"),
        ("contacts", {"name": "\x00", "phone": "1"}, "name",
         "name is missing, and so are email and legacyNumber"),
        ("contacts", {"name": "Ann", "legacyNumber": "1.2E+05"}, "legacyNumber", None),
        ("contacts", {"name": "Ann", "email": "ann at lee"}, "email", None),
        ("bids", {"clientName": "Lee"}, "projectName", "projectName is missing"),
        ("bids", {"projectName": "Deck", "total": "x"}, None,
         'clientName is missing; total "x" is not a number'),
        ("bids", {"clientName": "Lee", "projectName": "Deck", "validUntil": "31.02.2026"},
         "validUntil", None),
    ],
)  # fmt: skip
def test_a_refused_record(data_type, record, field, message):
    error = parse(data_type, record)
    assert isinstance(error, RowError)
    assert (error.row_number, error.file_row, error.field, error.row) == (3, 9, field, record)
    assert error.message.startswith(field or "")
    assert message is None or error.message == message


def test_a_full_bid():
    record = {
        "clientName": "Lee", "projectName": "Deck", "description": "Cedar", "subtotal": "100",
        "tax": "5,00", "total": 105.0, "status": "sent", "validUntil": "03/04/2026",
        "notes": "n", "terms": "t", "created_by": "x",
    }  # fmt: skip
    styles = {"tax": Style(decimal=","), "validUntil": Style(dates="d/m")}
    assert parse("bids", record, **styles) == {
        "row_number": 3, "file_row": 9, "client_name": "Lee", "project_name": "Deck",
        "description": "Cedar", "subtotal": "100.00", "tax_amount": "5.00", "total": "105.00",
        "status": "sent", "valid_until": "2026-04-03", "notes": "n", "terms": "t",
    }  # fmt: skip


def test_an_absent_cell_is_left_out():
    record = {"clientName": "Lee", "projectName": "Deck", "total": "", "notes": None}
    assert set(parse("bids", record)) == {"row_number", "file_row", "client_name", "project_name"}
