"""What an export wrote goes back in unchanged: import(export(x)) changes nothing.

x is whatever the database may hold for codes (SKUs, phones: the CRM stores what is typed), and for
texts what an import would have stored: it cleans what it reads, docs/IMPORTING.md says of what.
"""

import csv
import io
from datetime import date
from uuid import uuid4

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from worker.config import Settings
from worker.importing.values import ValueProblem, line, text
from worker.service import serve

PIECES = st.sampled_from(
    ["'", '"', "=1+1", '="x"', "+", "-", "@", "\t", "\r", "\n", r"\N", "00", "1.0", "1.2E+05", " ",
     "#N/A", "Total", "name", "é", "\u200b", "😀", ",", ";", "|", "'quoted'", "null", "2026-01-02"]
)  # fmt: skip
PLAIN = st.text("abcXYZ 0123456789-/", min_size=1, max_size=8)
STRANGE = st.lists(PIECES | PLAIN, min_size=1, max_size=4).map("".join)
CODES = (STRANGE | st.from_regex(r"0{0,3}[0-9]{1,6}", fullmatch=True)).filter(str.strip)


def stored(read):
    """As an import would have stored it, but for what a failed formula leaves, which is refused."""

    def clean(value):
        try:
            return read(value, 250) or ""
        except ValueProblem:
            return ""

    return lambda value: clean(clean(value))


NAMES = STRANGE.map(stored(line)).filter(bool)
TEXTS = st.none() | st.just("") | STRANGE.map(stored(text))
LINES = st.none() | STRANGE.map(stored(line)).filter(bool)
CENTS = st.none() | st.just(0) | st.integers(-(2**31), 2**31 - 1) | st.integers(0, 100_000)
COUNTS = st.just(0) | st.integers(-(2**31), 2**31 - 1) | st.integers(0, 1000)
AMOUNTS = st.none() | st.decimals(-(10**9), 10**9, places=2)
PERCENTS = st.none() | st.decimals(-100, 1000, places=4)

ITEMS = st.lists(
    st.fixed_dictionaries(
        {"sku": CODES, "name": NAMES, "description": TEXTS, "category": LINES, "quantity": COUNTS,
         "quantity_on_order": COUNTS, "unit_price": CENTS, "cost": CENTS, "price_tier_1": CENTS,
         "price_tier_5": CENTS, "department_code": st.none() | CODES.map(lambda c: c[:90]),
         "unit_of_measure": st.none() | st.sampled_from(["ea", "box", "'x'", "1.0"])}
    ),
    min_size=1, max_size=25, unique_by=lambda item: item["sku"],
)  # fmt: skip
CONTACTS = st.lists(
    st.fixed_dictionaries(
        {"legacy_number": CODES, "name": NAMES, "email": st.none(), "phone": st.none() | CODES,
         "company": LINES, "city": LINES, "postal_code": st.none() | CODES, "notes": TEXTS,
         "account_owner_number": st.none() | st.sampled_from(["ann@lee.test", "7", "Ann"]),
         "ptd_sales": AMOUNTS, "ptd_gp_percent": PERCENTS, "lyr_sales": AMOUNTS}
    ),
    min_size=1, max_size=25, unique_by=lambda contact: contact["legacy_number"],
)  # fmt: skip
BIDS = st.lists(
    st.fixed_dictionaries(
        {"client_name": NAMES, "project_name": NAMES, "description": TEXTS, "subtotal": AMOUNTS,
         "total": AMOUNTS, "valid_until": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
         "notes": TEXTS, "terms": NAMES}
    ),
    min_size=1, max_size=25,
)  # fmt: skip

FORMATS = pytest.mark.parametrize("form", ["csv", "tsv", "xlsx"])
# Each of them is an export and an import by a worker, of up to 25 rows: few, and making a failure
# smaller would take minutes.
few = settings(
    max_examples=settings.default.max_examples // 15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def trip(stack, dealer, service_client):
    """A dealer's table, exported and imported."""
    return Trip(
        Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret),
        dealer,
        service_client,
    )


class Trip:
    def __init__(self, settings, dealer, client):
        self._settings = settings
        self._dealer = dealer
        self._client = client

    def insert(self, table, rows):
        dealer = self._dealer
        for name in ("inventory", "contacts", "bids"):
            dealer.execute(f"delete from {name} where organization_id = %s", dealer.organization_id)  # noqa: S608
        for row in rows:
            given = {"organization_id": dealer.organization_id} | row
            if table == "contacts":
                given["owner_id"] = dealer.creator_id
            names = ", ".join(given)
            dealer.execute(
                f"insert into {table} ({names}) values ({', '.join(['%s'] * len(given))})",  # noqa: S608
                *given.values(),
            )
            # The keywords are made anew where there were none: an import's business, not ours.
            if table == "inventory":
                dealer.execute(
                    "update inventory set keyword_version = 'kw_v1' where organization_id = %s",
                    dealer.organization_id,
                )

    def rows(self, table):
        return self._dealer.connection.execute(
            f"select * from {table} where organization_id = %s order by id",  # noqa: S608
            [self._dealer.organization_id],
        ).fetchall()

    async def export(self, table, form):
        file_data = {"export_options": {"format": form}}
        job_id = self._dealer.insert_job(
            None, job_type="export", data_type=table, created_by=None, file_data=file_data
        )
        await serve(self._settings, once=True)
        [run] = self._dealer.runs(job_id)
        assert run["outcome"] == "completed", self._dealer.job(job_id)["error_message"]
        return await self._client.storage.from_("exports").download(run["export_path"])

    async def import_file(self, table, content):
        path = f"{self._dealer.organization_id}/{uuid4()}/back"
        await self._client.storage.from_("imports").upload(path, content)
        source = {"source": {"bucket": "imports", "path": path}}
        job_id = self._dealer.insert_job(None, data_type=table, file_data=source)
        await serve(self._settings, once=True)
        [run] = self._dealer.runs(job_id)
        return run, self._dealer.job(job_id)["error_message"]


@FORMATS
@few
@given(items=ITEMS)
async def test_items_come_back_as_they_were(trip, form, items):
    trip.insert("inventory", items)
    before = trip.rows("inventory")
    run, said = await trip.import_file("inventory", await trip.export("inventory", form))
    assert (run["created"], run["failed"], said) == (0, 0, None)
    assert trip.rows("inventory") == before


@FORMATS
@few
@given(contacts=CONTACTS)
async def test_contacts_come_back_as_they_were(trip, form, contacts):
    trip.insert("contacts", contacts)
    before = trip.rows("contacts")
    run, said = await trip.import_file("contacts", await trip.export("contacts", form))
    assert (run["created"], run["failed"], said) == (0, 0, None)
    assert trip.rows("contacts") == before


@FORMATS
@few
@given(bids=BIDS)
async def test_bids_come_back_as_so_many_new_ones(trip, form, bids):
    trip.insert("bids", bids)
    before = trip.rows("bids")
    run, said = await trip.import_file("bids", await trip.export("bids", form))
    assert (run["created"], run["failed"], said) == (len(bids), 0, None)
    known = {row["id"] for row in before}
    new = [row for row in trip.rows("bids") if row["id"] not in known]
    assert sorted(map(shape, new)) == sorted(map(shape, before))


def shape(bid):
    """What makes a bid, as text; an empty text is none, and what is not there gets a default."""
    names = ("client_name", "project_name", "description", "notes", "terms")
    amounts = (bid["subtotal"], bid["total"])
    return (
        *(bid[name] or "" for name in names),
        bid["valid_until"].date().isoformat(),
        *(None if amount is None else f"{amount:.2f}" for amount in amounts),
    )


def edit_text(content, delimiter, change):
    rows = list(
        csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    )
    change(rows)
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows(rows)
    return written.getvalue().encode()


def edit_workbook(content, change):
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = [[cell.value for cell in row] for row in book.active.iter_rows()]
    before = [list(row) for row in rows]
    change(rows)
    for row_number, (old, new) in enumerate(zip(before, rows, strict=True), start=1):
        for number, (was, is_now) in enumerate(zip(old, new, strict=True), start=1):
            if was != is_now:
                book.active.cell(row_number, number).value = is_now
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


EDITS = st.sampled_from(
    [("name", "A new name"), ("description", "New,\ntext"), ("unit_price", "12.34"),
     ("price_tier_5", "0.00"), ("quantity", "7"), ("unit_of_measure", "pallet")]
)  # fmt: skip


@FORMATS
@few
@given(items=ITEMS, edit=EDITS, data=st.data())
async def test_one_cell_edited_is_one_cell_changed(trip, form, items, edit, data):
    trip.insert("inventory", items)
    before = {row["id"]: row for row in trip.rows("inventory")}
    content = await trip.export("inventory", form)
    column, value = edit
    place = data.draw(st.integers(1, len(items)))

    def change(rows):
        rows[place][rows[0].index(column)] = value

    edited = (
        edit_workbook(content, change)
        if form == "xlsx"
        else edit_text(content, {"csv": ",", "tsv": "\t"}[form], change)
    )
    run, said = await trip.import_file("inventory", edited)
    assert (run["created"], run["failed"], said) == (0, 0, None)
    after = {row["id"]: row for row in trip.rows("inventory")}
    assert after.keys() == before.keys()
    changed = {
        (row_id, name)
        for row_id, row in after.items()
        for name, cell in row.items()
        if cell != before[row_id][name]
    }
    beside = {"updated_at", "search_keywords", "keywords_generated_at"}
    told = {"unit_price": 1234, "price_tier_5": 0, "quantity": 7}.get(column, value)
    assert {name for _, name in changed} - beside <= {column}
    assert len({row_id for row_id, _ in changed}) <= 1
    assert any(row[column] == told for row in after.values())
