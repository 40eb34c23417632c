"""JSON: records in every shape that is read, numbers as they are written."""

from pathlib import Path

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.sources import FileOptions, open_file
from worker.importing.sources.header import KnownNames
from worker.importing.sources.readers import json_text

pytestmark = pytest.mark.usefixtures("without_a_child")

FIELD = Path(__file__).parents[1] / "data" / "field"
JUDGE = KnownNames(frozenset({"sku", "name"}), [frozenset({"sku"}), frozenset({"name"})])
SHAPE = "The file is JSON, but holds no list of records."


async def read(path, content, **options):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = await open_file(path, FileOptions.from_json(options), JUDGE)
    try:
        rows = [row async for page in source.pages() for row in page]
    finally:
        source.close()
    return source, [(row.number, *row.cells.values()) for row in rows]


async def refusal(path, content):
    with pytest.raises(JobRefusedError) as refused:
        await read(path, content)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    return str(refused.value)


async def test_the_field_file(tmp_path):
    source, rows = await read(tmp_path / "a", (FIELD / "15_json.json").read_bytes())
    assert source.columns == ("sku", "name", "price")
    assert rows == [(1, "A1", "Screw", 12.5)]
    assert source.notes == ("Read as JSON records.",)


A, B = '{"sku": "A", "name": "x"}', '{"name": "y", "sku": "B"}'


@pytest.mark.parametrize(
    "content",
    [
        f"[{A},{B}]",
        f"\ufeff \n[\n  {A} ,\n  {B}\n]\n",
        f'{{"records": [{A},{B}]}}',
        f'{{"status": "ok", "count": 2, "tags": ["a"], "data": [{A},{B}], "next": null}}',
        f'{{"d": {{"results": [{A},{B}]}}, "none": []}}',
        f"{A}\n{B}\n",
        f"{A}\r\n\r\n{B}",
        f"{A}{B}",
        f"{A},\n{B},\n",
        f"{A}\n{B}".replace("{", "{\n  "),
    ],
)
async def test_shapes(tmp_path, content):
    source, rows = await read(tmp_path / "a", content)
    assert source.columns == ("sku", "name")
    assert rows == [(1, "A", "x"), (2, "B", "y")]


async def test_names_come_in_the_order_of_their_appearance_and_rows_count_records(tmp_path):
    source, rows = await read(
        tmp_path / "a", '[{"sku":"A"},{},{"price":5,"sku":"B"},{"name":"c","sku":null},{"":1}]'
    )
    assert source.columns == ("sku", "price", "name", "Column D")
    assert rows == [
        (1, "A", "", "", ""),
        (3, "B", 5, "", ""),
        (4, "", "", "c", ""),
        (5, "", "", "", 1),
    ]


async def test_an_object_alone_is_one_record(tmp_path):
    assert (await read(tmp_path / "a", A))[1] == [(1, "A", "x")]
    assert (await read(tmp_path / "a", "[]"))[1] == []


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("5", 5),
        ("-5", -5),
        ("12.5", 12.5),
        ("1.10", "1.10"),
        ("0.1000", "0.1000"),
        ("1e5", "1e5"),
        ("1.5E-3", "1.5E-3"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.12345678901234567890", "0.12345678901234567890"),
        ("1" * 5000, "1" * 5000),
        ("1e999", "1e999"),
        ("true", True),
        ("null", ""),
        ("NaN", ""),
        ("-Infinity", "-Infinity"),
        ('"00123"', "00123"),
        ('"\\u00e9\\u0000\\ud83d\\ude00\\ud800"', "é😀\ufffd"),
        ('"a\nb"', "a\nb"),
        ('["a", 1.10]', ["a", "1.10"]),
        ('{"a": {"b": null}}', {"a": {"b": ""}}),
        ('[[[[[[["deep"]]]]]]]', [[[[[[]]]]]]),
    ],
)
async def test_values(tmp_path, written, cell):
    assert (await read(tmp_path / "a", f'[{{"sku": {written}, "name": "x"}}]'))[1] == [
        (1, cell, "x")
    ]


async def test_a_name_that_comes_twice_has_no_value_unless_both_are_equal(tmp_path):
    content = '[{"sku": "A", "name": "x", "sku": "B", "name": "x"}]'
    assert (await read(tmp_path / "a", content))[1] == [(1, ["A", "B"], "x")]


@pytest.mark.parametrize(
    ("codec", "note"),
    [("utf-8-sig", ()), ("utf-16", ("Read as UTF-16 text.",)), ("utf-16-le", None)],
)
async def test_encodings(tmp_path, codec, note):
    source, rows = await read(tmp_path / "a", '[{"sku": "é"}]'.encode(codec))
    assert rows == [(1, "é")]
    assert note is None or source.notes[1:] == note


async def test_pieces_end_anywhere(tmp_path, monkeypatch):
    content = '{"a": {"data": [{"sku": "A\\n\\u00e9", "n": 1.25}, {"sku": "B", "n": -12}]}, "b": 1}'
    (tmp_path / "a").write_text(content)
    for size in range(1, 40):
        monkeypatch.setattr(json_text, "_PIECE_CHARACTERS", size)
        with (tmp_path / "a").open() as file:
            text = json_text.JsonText(file)
            text.expect("{")
            assert text.value() == "a"
            text.expect(":")
            assert text.value() == {"data": [{"sku": "A\né", "n": 1.25}, {"sku": "B", "n": -12}]}
            text.expect(",")
            assert [text.value(), text.takes(":"), text.value(), text.takes("}")] == [
                "b",
                True,
                1,
                True,
            ]
            assert text.peek() == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{}", SHAPE),
        ('{"A1": {"name": "x"}, "A2": {"name": "y"}}', SHAPE),
        ('{"a": ["b", "c"], "d": {}}', SHAPE),
        ('[["sku", "name"], ["A", "x"]]', SHAPE),
        ('["a", "b"]', SHAPE),
        ('[{"sku": "A"}, 5]', f"{SHAPE} "),
        (
            '{"items": [{"a": 1}], "customers": [{"b": 1}]}',
            'The JSON file holds more than one list of records, "items" and "customers".',
        ),
        ('[{"sku": "A"},]', "The JSON file is damaged or incomplete: line 1 cannot be read."),
        ('[\n{"sku": "A"},\n{"sku"', "The JSON file is damaged or incomplete: line 3 "),
        ('[{"sku": "A"}', "The JSON file is damaged or incomplete: line 1 "),
        ('[{"sku": 00123}]', "The JSON file is damaged or incomplete: line 1 "),
        ('[{"sku": "A"}] [', "The JSON file is damaged or incomplete: line 1 "),
        ('[{"sku": "A}]', "The JSON file is damaged or incomplete: line 1 "),
        ('{"data": [{"sku": "A"}], }', "The JSON file is damaged or incomplete: line 1 "),
        (
            '{"url": "https://docs.google.com/open?id=1", "doc_id": "1", "email": "a@b.test"}',
            "The file is not a table we can read. It is a link to a Google document;",
        ),
    ],
)
async def test_what_is_refused(tmp_path, content, text):
    assert (await refusal(tmp_path / "a", content)).startswith(text)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("[SKU],[Name]\nA,x\n", ("[SKU]", "[Name]")),
        ("{sku},{name}\nA,x\n", ("{sku}", "{name}")),
        ("[2026] prices\nSKU,Name\nA,x\n", ("SKU", "Name")),
    ],
)
async def test_csv_that_begins_with_a_bracket_is_csv(tmp_path, content, columns):
    assert (await read(tmp_path / "a.json", content))[0].columns == columns
