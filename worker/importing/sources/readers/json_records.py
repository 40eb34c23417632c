"""Records in JSON: an array of objects, one within an object, or an object a line."""

from collections.abc import Iterator
from pathlib import Path

from worker.exceptions import JobRefusedError
from worker.importing.sources.cells import json_cell
from worker.importing.sources.encoding import find_encoding
from worker.importing.sources.header import MOST_COLUMNS
from worker.importing.sources.readers.json_text import JsonText
from worker.importing.sources.readers.notes import encoding_notes
from worker.importing.sources.readers.tables import TableWriter

_SHAPE = (
    "The file is JSON, but holds no list of records. What is read is an array of objects, "
    'like [{"sku": "A1", "name": "Screw"}], alone or as the only one within an object, '
    "or an object a line."
)
# How far within an object the array is looked for.
_DEEPEST = 5
# What Google Drive puts into a file for a document that stays there.
_FEW_NAMES = 8


def read_json(path: Path, writer: TableWriter, encoding: str | None) -> tuple[list[str], list[str]]:
    """Write the records: their names, in the order of their first appearance, and notes.

    Records are numbered from 1. A value that is an object or an array stays one.

    Raises:
        JobRefusedError: it is no JSON, or has another shape.

    """
    found = find_encoding(path, encoding)
    codec = found.codec
    with path.open(encoding=codec, errors="replace", newline="") as file:
        is_sequence = _is_sequence(JsonText(file))
    places: dict[str, int] = {}
    table = writer.begin()
    with path.open(encoding=codec, errors="replace", newline="") as file:
        text = JsonText(file)
        records = _sequence(text) if is_sequence else _search(text)
        for number, record in enumerate(records, start=1):
            if not isinstance(record, dict):
                raise JobRefusedError(f"{_SHAPE} Record {number:,} is no object.")
            writer.write(table, number, _cells(record, places))
            if len(places) > MOST_COLUMNS:
                raise JobRefusedError(
                    f"The records have more than {MOST_COLUMNS:,} names. "
                    "Export one name for each field and upload that."
                )
    return [str(json_cell(name)) for name in places], encoding_notes(path, found)


def _cells(record: dict[str, object], places: dict[str, int]) -> list[object]:
    """Put a record's values into the columns of their names; a new name makes a column."""
    placed = {
        places.setdefault(name, len(places)): _clean(value, _DEEPEST)
        for name, value in record.items()
    }
    return [placed.get(place, "") for place in range(max(placed, default=-1) + 1)]


def _clean(value: object, deepest: int) -> object:
    """Make a value one that the parent and the database can hold."""
    match value:
        case dict():
            inner = value.items() if deepest else ()
            return {str(json_cell(name)): _clean(found, deepest - 1) for name, found in inner}
        case list():
            return [_clean(found, deepest - 1) for found in value] if deepest else []
    return json_cell(value)


def _is_sequence(text: JsonText) -> bool:
    """Whether objects follow each other, or one stands alone that holds no list of others."""
    if text.peek() != "{":
        return False
    try:
        first = text.value()
    except JobRefusedError:
        return False  # longer than any record
    if isinstance(first, dict) and "doc_id" in first and len(first) < _FEW_NAMES:
        raise JobRefusedError(
            "The file is not a table we can read. It is a link to a Google document; "
            "download that as .xlsx and upload it."
        )
    if text.takes(",") or text.peek() == "{":
        return True
    return not text.peek() and isinstance(first, dict) and _is_record(first)


def _is_record(value: dict[str, object]) -> bool:
    """Whether an object that is alone has values of its own, and no list of objects anywhere."""
    within: list[object] = [value]
    for _ in range(_DEEPEST):
        if any(
            isinstance(found, list) and found and isinstance(found[0], dict) for found in within
        ):
            return False
        within = [found for outer in within if isinstance(outer, dict) for found in outer.values()]
    return any(not isinstance(found, dict | list) for found in value.values())


def _sequence(text: JsonText) -> Iterator[object]:
    while text.peek():
        yield text.value()
        text.takes(",")  # some put one at the line's end


def _array(text: JsonText) -> Iterator[object]:
    text.expect("[")
    if text.takes("]"):
        return
    while True:
        yield text.value()
        if text.takes("]"):
            return
        text.expect(",")


def _search(text: JsonText) -> Iterator[object]:
    """Yield the records of the only array of objects.

    Raises:
        JobRefusedError: there is none, or a second one.

    """
    names: list[str] = []
    if text.peek() == "[":
        yield from _array(text)
    else:
        yield from _within(text, names, 1)
        if not names:
            raise JobRefusedError(_SHAPE)
    if text.peek():
        raise text.damaged()


def _within(text: JsonText, names: list[str], depth: int) -> Iterator[object]:
    """Look through an object; the names of the arrays that are found are added."""
    text.expect("{")
    if text.takes("}"):
        return
    while True:
        name = text.value()
        text.expect(":")
        if text.peek() == "{" and depth < _DEEPEST:
            yield from _within(text, names, depth + 1)
        elif text.peek() == "[":
            for number, value in enumerate(_array(text)):
                if isinstance(value, dict) or (number and names and names[-1] == name):
                    if not number:
                        names.append(str(name))
                    if len(names) > 1:
                        raise JobRefusedError(_several(names))
                    yield value
        else:
            text.value()
        if text.takes("}"):
            return
        text.expect(",")


def _several(names: list[str]) -> str:
    listed = " and ".join(f'"{name[:40]}"' for name in names)
    return (
        f"The JSON file holds more than one list of records, {listed}. "
        "Save the one that is meant alone and upload that."
    )
