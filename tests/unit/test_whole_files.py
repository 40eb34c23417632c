"""Whole files against an oracle: a table is made up, written in some way, and must read as made."""

import asyncio
import csv
import io
import tempfile
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace

from hypothesis import assume, given
from hypothesis import strategies as st

from worker.exceptions import JobRefusedError
from worker.importing.mapping import automatic_mapping, given_mapping, judge_by_names
from worker.importing.rows import map_rows
from worker.importing.sources import FileOptions, SourceRow, open_file
from worker.importing.tables import TABLES
from worker.job import RowError

INVENTORY = TABLES["inventory"]

# Of what people type into names; nothing that a reader takes off or refuses, and none that after
# another of them, in Windows-1252, would be a letter of UTF-8 too.
LETTERS = "abcÄéßü\"',;|\t 0189-/#="
NAMES = st.text(LETTERS, min_size=1, max_size=12).map(lambda text: f"n{text}n")
SKUS = st.from_regex(r"[A-Z]-?[0-9]{1,2}", fullmatch=True)
AMOUNTS = st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2)
UNREADABLE = st.sampled_from(["call", "n/a", "1/2", "#REF!", "12 ea", "1.2.3,4,5", "--5", "NaN"])


@st.composite
def made_up_rows(draw):
    """Rows as meant: amounts as Decimal, None for an empty cell, str for one nobody can read."""
    amounts = st.none() | AMOUNTS
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "sku": SKUS,
                    "name": st.none() | NAMES,
                    "unit_price": amounts | UNREADABLE,
                    "cost": amounts,
                    "quantity": st.none() | st.integers(-9999, 99999),
                }
            ),
            min_size=1,
            max_size=12,
        )
    )


@st.composite
def headers(draw):
    """Write each field's name in one of the ways that mean it."""
    written = {}
    for field in INVENTORY.fields:
        name = draw(st.sampled_from([field.name, field.label, *field.synonyms]))
        # "item description" is the description only where the name has a better column.
        assume(name not in {"item description", "product description"})
        name = draw(st.sampled_from([name, name.upper(), name.title(), name.replace(" ", "_")]))
        written[field.name] = name
    return written


def amount(draw, value, mark):
    """Write an amount in one of the ways that people do, with this decimal mark."""
    group = draw(st.sampled_from(["", "," if mark == "." else ".", " "]))
    text = f"{abs(value):,.2f}".replace(",", "!").replace(".", mark).replace("!", group)
    if draw(st.booleans()):
        text = f"${text}"
    if value < 0:
        return draw(st.sampled_from([f"-{text}", f"({text})", f"{text}-"]))
    return text


@st.composite
def written_tables(draw):
    """Give (lines of cells with a header among them, the rows that were meant, how to write)."""
    rows = draw(made_up_rows())
    mark = draw(st.sampled_from([".", ","]))
    # Without a cell that shows it, nobody could know the mark: see test_columns.py.
    rows[0]["cost"] = draw(AMOUNTS)
    fields = draw(st.permutations(["sku", "name", "unit_price", "cost", "quantity"]))
    names = draw(headers())
    lines = [["Stock list"]] * draw(st.integers(0, 2)) + [[names[field] for field in fields]]
    numbers = []
    for row in rows:
        lines += [[""] * len(fields)] * draw(st.sampled_from([0, 0, 0, 1]))
        cells = []
        for field in fields:
            value = row[field]
            cells.append(amount(draw, value, mark) if isinstance(value, Decimal) else value)
        lines.append(["" if cell is None else str(cell) for cell in cells])
        numbers.append(len(lines))
    return lines, rows, numbers, fields, names


def oracle(rows):
    """Say what must become of each row: (the row's values) or None for a refused one."""
    outcomes = []
    for row in rows:
        name = row["name"] and " ".join(row["name"].split("\t"))
        is_bad = isinstance(row["unit_price"], str)
        cents = {
            field: int((row[field] * 100).quantize(Decimal(1), ROUND_HALF_UP))
            for field in ("unit_price", "cost")
            if isinstance(row[field], Decimal)
        }
        quantity = {} if row["quantity"] is None else {"quantity": row["quantity"]}
        named = {} if name is None else {"name": name}
        outcomes.append(None if is_bad else {"sku": row["sku"]} | named | cents | quantity)
    return [
        outcome and settled(outcome, number, outcomes) for number, outcome in enumerate(outcomes, 1)
    ]


def settled(outcome, number, outcomes):
    """Of the rows of one item the last one counts that has a name, if there is one."""
    alike = [
        (other.get("name") is not None, place)
        for place, other in enumerate(outcomes, 1)
        if other and other["sku"] == outcome["sku"]
    ]
    last = max(alike)[1]
    if last == number:
        return outcome
    return {"superseded_by": last} if last > number else None


async def outcomes_of(source, mapping=None):
    job = SimpleNamespace(mapping=mapping)
    rows = await map_rows(job, source, INVENTORY, asyncio.Event())
    await rows.survey()
    found = [row async for _, page in rows.pages(5) for row in page]
    assert rows.count == len(found)
    numbers = [row.file_row if isinstance(row, RowError) else row.get("file_row") for row in found]
    ignored = {"row_number", "file_row", "search_keywords", "as_it_came"}
    return numbers, [
        None
        if isinstance(row, RowError)
        else {key: value for key, value in row.items() if key not in ignored}
        for row in found
    ]


class Records:
    """Raw records, as Schedule for Later sends them."""

    columns = None
    notes = ()
    missing = ""
    header_row = None
    sheet = None

    def __init__(self, records):
        self._records = records

    async def pages(self):
        yield [SourceRow(number, record) for number, record in enumerate(self._records, 1)]


def read_file(content):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "upload")
        path.write_bytes(content)
        return asyncio.run(read_path(path))


async def read_path(path):
    with closing(await open_file(path, FileOptions(), judge_by_names(INVENTORY))) as source:
        return await outcomes_of(source)


WAYS = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)


@given(written_tables(), WAYS)
def test_a_file_reads_as_it_was_meant(table, way):
    lines, rows, numbers, _, _ = table
    delimiter, encoding, line_end, quoting = way
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(lines)
    try:
        found_numbers, found = read_file(text.getvalue().encode(encoding))
    except JobRefusedError as refusal:
        # Letters that make no word may be another encoding's: see test_encodings.py.
        assert encoding == "cp1252"
        assert "not certain what its letters are" in str(refusal)  # noqa: PT017
        return
    assert found == oracle(rows)
    # A row that was replaced carries no number to the database.
    pairs = zip(found_numbers, numbers, strict=True)
    assert all(shown in {None, number} for shown, number in pairs)


@given(written_tables())
def test_raw_records_read_as_the_file_does(table):
    lines, rows, numbers, fields, names = table
    header = [names[field] for field in fields]
    records = [dict(zip(header, lines[number - 1], strict=True)) for number in numbers]
    _, found = asyncio.run(outcomes_of(Records(records)))
    assert found == oracle(rows)


@given(written_tables())
def test_mapped_records_read_as_the_file_does(table):
    lines, rows, numbers, fields, _ = table
    records = [dict(zip(fields, lines[number - 1], strict=True)) for number in numbers]
    _, found = asyncio.run(outcomes_of(Records(records), mapping={}))
    assert found == oracle(rows)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
COLUMNS = st.lists(
    st.text(max_size=12)
    | st.sampled_from([name for field in INVENTORY.fields for name in (field.name, field.label)]),
    unique=True,
    max_size=12,
)


@given(
    COLUMNS,
    st.dictionaries(
        st.text(max_size=12), JSON | st.sampled_from([f.name for f in INVENTORY.fields])
    )
    | st.none(),
)
def test_any_mapping_of_any_columns_is_sound_or_refused(columns, given_columns):
    try:
        mapping = (
            automatic_mapping(columns, INVENTORY)
            if given_columns is None
            else given_mapping(columns, given_columns, INVENTORY)
        )
    except JobRefusedError as refusal:
        assert str(refusal).replace("\n", "").isprintable()  # noqa: PT017 - either way is right
        return
    assert set(mapping.columns) <= {field.name for field in INVENTORY.fields}
    assert set(mapping.columns.values()) <= set(columns)
    assert len(set(mapping.columns.values())) == len(mapping.columns)
    assert {("name",), ("sku",)} - set(mapping.missing) <= {(name,) for name in mapping.columns}
    assert all(note.isprintable() for note in mapping.notes)
