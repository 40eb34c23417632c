"""docs/EXPORTING.md says what the worker does: its examples, run."""

import json
import re
from pathlib import Path

import pytest

from worker.exporting.entities import ENTITIES, Column
from worker.exporting.formats import CustomWriter, Template
from worker.exporting.line_items import columns_of_items
from worker.exporting.marks import in_text_file
from worker.exporting.options import _FILTERS, FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "EXPORTING.md").read_text()


def part(name):
    return re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", PAGE, re.DOTALL)[1]


CELLS = re.findall(r"^\| `(.*?)` \| `(.*?)` \| `(.*?)` \|$", part("cells"), re.MULTILINE)


def test_there_are_cells():
    assert len(CELLS) == 10


@pytest.mark.parametrize(("stored", "text", "code"), CELLS)
def test_a_cell(stored, text, code):
    columns = [Column("name", "text", "name"), Column("sku", "code", "sku")]
    assert in_text_file(columns, [[stored], [stored]]) == [[text], [code]]


def test_the_columns():
    for entity in ENTITIES.values():
        names = ", ".join(column.name for column in entity.columns)
        assert f"| {entity.name} | `{names}` |" in PAGE


def test_the_formats_and_filters():
    for form in FORMATS:
        assert f"| `{form}` | " in PAGE
    for key in _FILTERS:
        assert f"| `filter.{key}` | " in PAGE


def test_the_quote():
    example = part("quote")
    items = json.loads(re.search(r"```json\n(.*?)```", example, re.DOTALL)[1])
    told = re.findall(r"^\| `(\w+)` \| `(.*)` \|$", example, re.MULTILINE)
    assert columns_of_items(items) == {name: value.replace("\\|", "|") for name, value in told}


def test_the_template(tmp_path):
    example = part("template")
    written = json.loads(re.search(r"```json\n(.*?)```", example, re.DOTALL)[1])
    expected = re.search(r"```text\n(.*?)\n```", example, re.DOTALL)[1]
    inventory = ENTITIES["inventory"]
    writer = CustomWriter(tmp_path / "file", inventory, Template.from_json(written, inventory))
    item = {"sku": "A-100", "unit_price": "12.50"}
    writer.write([[item.get(column.name, "")] for column in inventory.columns])
    writer.close()
    assert (tmp_path / "file").read_text() == expected
