"""What a template and earlier files say of a file's columns, and what they must not say."""

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_rows import Pages, numbered
from worker.exceptions import JobRefusedError
from worker.importing.columns import evidence_of, habits_shown, refuse_unknown_habits, styles
from worker.importing.mapping import (
    automatic_mapping,
    given_mapping,
    judge_by_memory,
    judge_by_names,
    recalled,
    whole_mapping,
    with_template,
)
from worker.importing.rows import map_rows
from worker.importing.tables import TABLES
from worker.memory import Memory, Remembered, Template

INVENTORY, CONTACTS = TABLES["inventory"], TABLES["contacts"]
KODE = {"Kode": "sku", "Benevnelse": "name", "Utsalg": "unit_price"}


def remembered(mapping, *others, corrected=True, name="stock.csv", **options):
    columns = (*mapping, *others)
    return Remembered(mapping, columns, options, corrected, name, "12 March")


def mapped(columns, *files, table=INVENTORY, template=None, samples=()):
    known = recalled(columns, table, Memory(template=template, remembered=files))
    if known.is_whole:
        return whole_mapping(known, columns, table)
    return automatic_mapping(columns, table, samples, known=known)


def why(mapping):
    return {one.field: (*one.columns, one.reason) for one in mapping.assignments}


# The same columns.


def test_the_same_columns_are_mapped_alike_whatever_their_order_and_spelling():
    columns = ["UTSALG", "Price", "kode", "Bene-vnelse"]
    mapping = mapped(columns, remembered(KODE, "Price"))
    reason = "as in stock.csv of 12 March"
    assert why(mapping) == {
        "name": ("Bene-vnelse", reason),
        "sku": ("kode", reason),
        "unit_price": ("UTSALG", reason),
    }
    assert mapping.notes == (f"Mapped {reason}.", 'Columns that are not imported: "Price".')


def test_records_have_no_file_name():
    [one, *_] = mapped(list(KODE), remembered(KODE, name=None)).assignments
    assert one.reason == "as in the records of 12 March"


def test_what_was_left_out_stays_out_though_its_name_is_known():
    assert "quantity" not in mapped([*KODE, "Qty"], remembered(KODE, "Qty")).columns
    assert mapped([*KODE, "Qty"], remembered(KODE)).columns["quantity"] == "Qty"


def test_what_was_empty_then_is_found_when_it_is_not():
    """It once stayed out for good: the next file with the same columns lost its quantities."""
    known = remembered(KODE, "Qty", corrected=False)
    samples = [{"Kode": "A1", "Benevnelse": "Skrue", "Utsalg": "2", "Qty": "7"}]
    mapping = mapped([*KODE, "Qty"], known, samples=samples)
    assert mapping.columns["quantity"] == "Qty"
    assert why(mapping)["unit_price"] == ("Utsalg", "as in stock.csv of 12 March")


def test_the_newest_of_the_same_columns_counts():
    other = {"Kode": "name", "Benevnelse": "sku"}
    mapping = mapped(["Kode", "Benevnelse"], remembered(other), remembered({"Kode": "sku"}))
    assert mapping.fields() == other


def test_two_columns_that_are_spelled_alike_are_told_apart_as_written():
    columns = ["Kode", "kode", "Navn"]
    known = remembered({"kode": "sku", "Navn": "name"}, "Kode")
    assert mapped(columns, known).columns == {"name": "Navn", "sku": "kode"}
    nobody = remembered({"KODE": "sku", "Navn": "name"}, "kodE")
    assert "sku" not in mapped(columns, nobody).columns


def test_a_contacts_name_is_put_together_again():
    columns = ["Last Name", "First Name", "Mail"]
    known = remembered({"Last Name": "name", "First Name": "name", "Mail": "email"})
    for found in (mapped(columns, known, table=CONTACTS), mapped([*columns, "X"], known,
                                                                table=CONTACTS)):  # fmt: skip
        assert found.composed == {"name": ("First Name", "Last Name")}
        assert found.columns == {"email": "Mail"}


# Votes of other columns.


@pytest.mark.parametrize(
    ("columns", "files", "field", "column"),
    [
        pytest.param([*KODE, "New"], [remembered(KODE, "Old")], "unit_price", "Utsalg",
                     id="a column more, one less"),
        pytest.param(["SKU", "Name", "Price"], [remembered({"Price": "cost"}, "X")],
                     "cost", "Price", id="a correction before names"),
        pytest.param(["SKU", "Name", "Price"], [remembered({"Price": "cost"}, corrected=False)],
                     "unit_price", "Price", id="names before what was learned"),
        pytest.param(["SKU", "Name", "Fob"], [remembered({"Fob": "cost"}, corrected=False)],
                     "cost", "Fob", id="what was learned where names say nothing"),
        pytest.param(["SKU", "Name", "Fob"],
                     [remembered({"Fob": "cost"}), remembered({"Fob": "unit_price"}, "Y")],
                     "cost", None, id="money that two say otherwise"),
        pytest.param(["SKU", "Name", "Fob"],
                     [remembered({"Fob": "cost"}), remembered({}, "Fob", "Y")],
                     "cost", None, id="money that a correction left out"),
        pytest.param(["SKU", "Name", "Fob"],
                     [remembered({"Fob": "cost"}), remembered({}, "Fob", "Y", corrected=False)],
                     "cost", "Fob", id="left out because nobody knew it"),
        pytest.param(["SKU", "Name", "A", "B"],
                     [remembered({"A": "cost"}), remembered({"B": "cost"}, "Y")],
                     "cost", None, id="two columns for one field"),
        pytest.param(["SKU", "Name", "Sort"],
                     [remembered({"Sort": "description"}, "1", corrected=False),
                      remembered({"Sort": "description"}, "2", corrected=False),
                      remembered({"Sort": "category"}, "3")],
                     "category", "Sort", id="a correction counts three"),
        pytest.param(["SKU", "Name", "Sort"],
                     [*(remembered({"Sort": "description"}, str(n), corrected=False)
                        for n in range(4)),
                      remembered({"Sort": "category"}, "3")],
                     "description", "Sort", id="and not four"),
        pytest.param(["SKU", "Name", "Price", "Price (2)"],
                     [remembered({"Price (2)": "cost"}, "Y")], "cost", None,
                     id="a name that was made up"),
        pytest.param(["SKU", "Name", "Column C"], [remembered({"Column C": "cost"}, "Y")],
                     "cost", None, id="a column without a name"),
        pytest.param(["SKU", "Name", "X"], [remembered({"X": "height"}, "Y")], "cost", None,
                     id="a field that is no more"),
    ],
)  # fmt: skip
def test_votes(columns, files, field, column):
    assert mapped(columns, *files).columns.get(field) == column


def test_cells_speak_against_a_vote():
    columns, file = ["SKU", "Name", "Fob"], remembered({"Fob": "cost"}, "Y")
    rows = [{"SKU": "A", "Name": "a", "Fob": cell} for cell in ("yes", "no", "yes")]
    assert "cost" not in mapped(columns, file, samples=rows).columns
    rows = [row | {"Fob": "1"} for row in rows]
    assert mapped(columns, file, samples=rows).columns["cost"] == "Fob"


def test_a_vote_says_where_it_comes_from():
    mapping = mapped(["Kode", "Benevnelse", "Ny"], remembered(KODE, "Farge"))
    assert mapping.notes[0] == "Mapped as in stock.csv of 12 March: sku, name."
    assert {one.reason for one in mapping.assignments} == {"as in stock.csv of 12 March"}


# Templates.


def test_a_template_without_columns_is_followed_alone():
    template = Template("Monthly", {"A": "sku", "B": "name", "C": ""})
    mapping = mapped(["A", "B", "Price"], remembered({"A": "name"}, "B", "Price"),
                     template=template)  # fmt: skip
    assert mapping.columns == {"name": "B", "sku": "A"}
    assert why(mapping)["sku"] == ("A", 'as in the template "Monthly"')
    assert mapping.notes == (
        'Mapped as in the template "Monthly".',
        'Columns that are not imported: "Price".',
    )


def test_a_template_leaves_out_what_its_file_had_and_names_find_what_is_new():
    template = Template("Monthly", {"A": "sku", "B": "name"}, columns=("A", "B", "Price"))
    mapping = mapped(["A", "B", "Price", "Qty"], template=template)
    assert mapping.columns == {"name": "B", "sku": "A", "quantity": "Qty"}


def test_a_template_that_lacks_columns_says_so_and_names_help():
    template = Template("Monthly", {"A": "sku", "B": "name", "C": "cost"}, columns=("A", "B", "C"))
    mapping = mapped(["A", "Item name"], template=template)
    assert mapping.columns == {"name": "Item name", "sku": "A"}
    assert 'The template "Monthly" names columns that the file lacks: "B", "C".' in mapping.notes


def test_an_earlier_file_of_the_same_columns_fills_what_the_template_leaves_open():
    template = Template("Monthly", {"A": "sku"}, columns=("A",))
    file = remembered({"A": "name", "B": "name", "C": "cost"}, "D")
    mapping = mapped(["A", "B", "C", "D"], file, template=template)
    assert mapping.columns == {"sku": "A", "cost": "C"}
    assert [one.reason for one in mapping.assignments] == [
        'as in the template "Monthly"', "as in stock.csv of 12 March",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"A": "height"}, 'The template "M" sends the column "A" to "height", which is no field'),
        ({"A": 7}, 'The template "M" sends the column "A" to "7", which is no field of items.'),
        ({"A": "sku", "B": "sku"}, 'The template "M" sends two columns to sku: "A" and "B".'),
    ],
)
def test_a_template_that_nobody_can_follow_is_refused(mapping, message):
    with pytest.raises(JobRefusedError) as refused:
        mapped(["A", "B"], template=Template("M", mapping))
    assert message.split('"7"')[0] in str(refused.value)


async def test_a_template_without_what_is_required_is_named_in_the_refusal():
    pages = Pages(numbered({"X": 1, "Y": 2}), columns=("X", "Y"))
    memory = Memory(template=Template("Monthly", {"A": "sku", "B": "name"}, columns=("A", "B")))
    job = SimpleNamespace(mapping=None)
    with pytest.raises(JobRefusedError) as refused:
        await map_rows(job, pages, INVENTORY, asyncio.Event(), memory=memory)
    assert str(refused.value) == (
        'The template "Monthly" does not fit this file. No column was found for name. Please name '
        'the column like the field, or choose it in the mapping.\nThe columns seen are: "X", "Y".'
    )


def test_the_jobs_own_mapping_goes_over_the_templates():
    template = Template("M", {"a": "sku", "B": "name", "C": "cost", "D": "", "E": "quantity"})
    own = {"A": "name", "X": "cost", "E": ""}
    assert with_template(own, template) == own | {"D": ""}
    assert with_template({"A": "sku"}, template) == {
        "A": "sku", "B": "name", "C": "cost", "D": "", "E": "quantity",
    }  # fmt: skip
    assert with_template(own, None) is own


def test_what_a_job_says_goes_over_its_templates_options():
    template = Template("M", {}, {"sheet": "Stock", "delimiter": ";"})
    memory = Memory({"sheet": "Prices", "delimiter": None, "mode": "update"}, template)
    assert memory.said == {"sheet": "Prices", "delimiter": ";", "mode": "update"}
    assert Memory({"sheet": None}).said == {}


# Headers.


def test_a_row_with_the_columns_of_an_earlier_file_is_its_header():
    memory = Memory(remembered=(remembered(KODE, "Farge"),))
    judge = judge_by_memory(memory, INVENTORY)
    known, by_names = judge(["kode", "Benevnelse", "UTSALG", "", "X"]), judge(["SKU", "Name"])
    assert known > by_names
    assert known.required == judge.required + 1
    assert by_names == judge_by_names(INVENTORY)(["SKU", "Name"])
    assert judge(["Kode", "X"]).required == 1
    assert not any(judge(["Vendor", "Phone"]))
    assert judge_by_memory(Memory(), INVENTORY)(["SKU", "Name"]) == by_names


def test_one_column_alone_is_no_known_header():
    template = Template("M", {"Kode": "sku", "Farge": "", "Vekt": None})
    judge = judge_by_memory(Memory(template=template), INVENTORY)
    assert judge(["Kode", "Farge"]) == (1, 1)


# Habits.


async def price_of(cell, memory, *, mapping=None, others=()):
    columns = ("SKU", "Name", "Price", "Cost")
    cells = [{"SKU": "A", "Name": "a", "Price": cell, "Cost": other} for other in ("", *others)]
    pages = Pages(numbered(*cells), columns=columns)
    job = SimpleNamespace(mapping=mapping)
    rows = await map_rows(job, pages, INVENTORY, asyncio.Event(), memory=memory)
    await rows.survey()
    [first, *_] = [row async for _, page in rows.pages(9) for row in page]
    return first, rows


PRICES = {"SKU": "sku", "Name": "name", "Price": "unit_price", "Cost": "cost"}
COMMA = {"decimal_mark": {"unit_price": ","}}


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (Memory({"decimal_mark": ","}), "as the option says"),
        (Memory(COMMA), "as the option says"),
        (Memory(template=Template("M", PRICES, COMMA)), 'as in the template "M"'),
        (Memory(remembered=(remembered(PRICES, **COMMA),)), "as in stock.csv of 12 March"),
        (Memory(remembered=(remembered({"price": "unit_price"}, "Y", **COMMA),)),
         "as in stock.csv of 12 March"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mapping", [None, PRICES])
async def test_a_column_that_does_not_tell_is_read_as_it_was_told(memory, reason, mapping):
    row, rows = await price_of("1.234", memory, mapping=mapping)
    assert row["unit_price"] == 123_400
    assert f"unit_price: 1.234 is read as 1234, not 1.234, {reason}." in rows.notes
    assert rows.layout.options["decimal_mark"]["unit_price"] == ","


async def test_a_column_that_tells_is_read_as_it_says_itself():
    row, rows = await price_of("1,234.50", Memory({"decimal_mark": ","}), mapping=PRICES)
    assert row["unit_price"] == 123_450
    assert rows.notes == ["read somehow."]
    assert rows.layout.options == {"decimal_mark": {"unit_price": ".", "cost": ","}}


async def test_what_nothing_shows_is_not_remembered():
    _, rows = await price_of("1,234", Memory(), others=("12.50",))
    assert rows.layout.options == {"decimal_mark": {"cost": "."}}


async def test_the_option_goes_over_the_template_and_the_template_over_memory():
    point = {"decimal_mark": {"unit_price": "."}}
    template = Template("M", PRICES, point)
    memory = Memory({}, template, remembered=(remembered(PRICES, **COMMA),))
    assert (await price_of("1,234", memory))[0]["unit_price"] == 123_400
    memory = Memory(COMMA, template)
    assert (await price_of("1.234", memory))[0]["unit_price"] == 123_400


async def test_mapped_records_have_options_too():
    row, rows = await price_of("1.234", Memory({"decimal_mark": ","}), mapping=PRICES)
    assert row["unit_price"] == 123_400
    pages = Pages(numbered({"sku": "A", "name": "a", "unit_price": "1.234"}))
    rows = await map_rows(SimpleNamespace(mapping={}), pages, INVENTORY, asyncio.Event(),
                          memory=Memory({"decimal_mark": ","}))  # fmt: skip
    await rows.survey()
    [[row]] = [page async for _, page in rows.pages(9)]
    assert row["unit_price"] == 123_400
    assert rows.layout.columns is None


def test_dates_are_told_as_well():
    bids = TABLES["bids"]
    column = evidence_of("date")
    column.add_all([1], ["03/04/2026"])
    mapping = automatic_mapping(["Client", "Project", "Valid until"], bids)
    assert mapping.columns["validUntil"] == "Valid until"
    from worker.importing.mapping import told_habits  # noqa: PLC0415 - used here alone

    told = told_habits(mapping, bids, Memory({"date_order": "d/m"}))
    found, notes = styles({"validUntil": column}, told)
    assert found["validUntil"].dates == "d/m"
    assert notes == ["validUntil: 03/04/2026 is read as April 3, not March 4, as the option says."]
    assert habits_shown({"validUntil": column}, told) == {"date_order": {"validUntil": "d/m"}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal_mark": ";"}, 'The option "decimal_mark" must be "." or ","'),
        ({"decimal_mark": 1}, 'The option "decimal_mark" must be "." or ","'),
        ({"decimal_mark": {"cost": "comma"}}, 'The option "decimal_mark" must be "." or ","'),
        ({"date_order": ["d/m"]}, 'The option "date_order" must be "m/d" or "d/m"'),
        ({"decimal_mark": {"costs": ","}}, 'The option "decimal_mark" names "costs", which is no'),
    ],
)
def test_an_option_that_nobody_can_mean_is_refused(options, message):
    with pytest.raises(JobRefusedError, match=message):
        refuse_unknown_habits(options, ["cost"])


@pytest.mark.parametrize(
    "options", [{}, {"decimal_mark": None}, {"decimal_mark": "."}, {"date_order": {"cost": "d/m"}}]
)
def test_an_option_that_can_be_meant_is_not(options):
    refuse_unknown_habits(options, ["cost"])


# Whatever is remembered.

TABLE = st.sampled_from(list(TABLES.values()))
NAMES = st.sampled_from(
    ["SKU", "sku ", "Name", "Price", "Price (2)", "Column C", "First Name", "Last Name", "Kode",
     "E-mail", "Client", "Project", "", "Qty"]
) | st.text(max_size=8)  # fmt: skip
OPTIONS = st.dictionaries(
    st.sampled_from(["decimal_mark", "date_order", "sheet", "header_row"]),
    st.sampled_from([",", ".", "d/m", 7, None, {"cost": ","}, {"cost": 1}, ["x"]]),
)


@st.composite
def memories(draw, table):
    fields = st.sampled_from([*(field.name for field in table.fields), "height", ""])
    mappings = st.dictionaries(NAMES, fields, max_size=8)
    files = st.builds(
        lambda mapping, more, options, corrected: Remembered(
            mapping, tuple(dict.fromkeys((*mapping, *more))), options, corrected, None, "1 May"
        ),
        mappings, st.lists(NAMES, max_size=4), OPTIONS, st.booleans(),
    )  # fmt: skip
    template = st.builds(
        lambda mapping, columns: Template("T", mapping, {}, columns),
        st.dictionaries(NAMES, fields | st.none() | st.integers(), max_size=5),
        st.none() | st.lists(NAMES, max_size=5).map(tuple),
    )
    remembered_files = draw(st.lists(files, max_size=6).map(tuple))
    return Memory({}, draw(st.none() | template), (), remembered_files)


@given(TABLE, st.lists(NAMES, max_size=10, unique=True), st.data())
def test_whatever_is_remembered_no_column_is_mapped_twice(table, columns, data):
    memory = data.draw(memories(table))
    try:
        known = recalled(columns, table, memory)
    except JobRefusedError:
        assert memory.template is not None
        known = recalled(columns, table, Memory(remembered=memory.remembered))
    if known.is_whole:
        mapping = whole_mapping(known, columns, table)
    else:
        mapping = automatic_mapping(columns, table, known=known)
    used = [column for one in mapping.assignments for column in one.columns]
    assert len(used) == len(set(used))
    assert set(used) <= set(columns)
    fields = [one.field for one in mapping.assignments]
    assert len(fields) == len(set(fields))
    assert set(fields) <= {field.name for field in table.fields}
    assert all(0 < one.confidence <= 1 and one.reason for one in mapping.assignments)
    likeness = judge_by_memory(memory, table)(columns)
    assert likeness.required <= len(table.required) + 1


@given(TABLE, st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
def test_nothing_that_is_remembered_beats_the_jobs_own_mapping(table, columns, data):
    names = st.sampled_from([field.name for field in table.fields])
    own = data.draw(st.dictionaries(st.sampled_from(columns), names, min_size=1))
    memory = data.draw(memories(table))
    try:
        expected = given_mapping(columns, own, table)
    except JobRefusedError:
        return
    try:
        found = given_mapping(columns, with_template(own, memory.template), table)
    except JobRefusedError:  # the template's part of it
        found = expected if memory.template else None
    assert found is not None
    assert expected.columns.items() <= found.columns.items()
    if memory.template is None:
        rows = asyncio.run(rows_by(columns, own, table, memory))
        if rows is not None:
            assert rows.mapping.fields() == expected.fields()


async def rows_by(columns, own, table, memory):
    try:
        pages = Pages(columns=tuple(columns))
        job = SimpleNamespace(mapping=own)
        return await map_rows(job, pages, table, asyncio.Event(), memory=memory)
    except JobRefusedError:
        return None
