"""docs/PREVIEW.md: its supabase-js runs, against a worker that is there, and its JSON is so."""

import json
import re
from pathlib import Path

import pytest

from tests import supabase_js

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "PREVIEW.md").read_text()
SCRIPT = Path(__file__).with_name("preview_page.mjs")
CONTENT = (
    "Item #,Description,List Price,MSRP\n"
    "A-1,Hex bolt,2.50,2.75\nA-2,Nail,call,\nA-3,Hex bolt M8,3,3.50\n"
)


@pytest.fixture(scope="module")
def said(stack, database, worker):  # noqa: ARG001 - it runs beside
    code = "\n".join(re.findall(r"```js\n(.+?)```", PAGE, re.DOTALL))
    try:
        told = supabase_js.run(SCRIPT, stack, PAGE_CODE=code, CONTENT=CONTENT)
        items = database.execute(
            "select sku, unit_price, price_tier_1 from inventory"
            " where organization_id = 'org_cedar' order by sku"
        ).fetchall()
        yield told | {"items": items}
    finally:
        for table in ("scheduled_jobs", "inventory"):
            database.execute(f"delete from {table} where organization_id = 'org_cedar'")  # noqa: S608


def test_the_page_shows_what_a_preview_is(said):
    [shown] = re.findall(r"<!-- preview -->\n\n```json\n(.+?)```", PAGE, re.DOTALL)
    assert said["found"]["preview"] == json.loads(shown)


def test_the_page_explains_every_key(said):
    explained = {
        key
        for table in re.findall(r"(?m)^\| key.*\n((?:\|.*\n)+)", PAGE)
        for line in table.splitlines()[1:]
        for key in re.findall(r"`(\w+)`", line.split(" | ")[0])
    }
    found = said["found"]["preview"]
    keys = found.keys() | found["columns"][0].keys()
    assert explained == keys.union(*found["first_rows"], {"replaced_by"})


def test_the_mapping_as_the_user_corrected_it_is_imported(said):
    assert said["imported"]["status"] == "completed"
    assert said["items"] == [
        {"sku": "A-1", "unit_price": 250, "price_tier_1": 275},
        {"sku": "A-3", "unit_price": 300, "price_tier_1": 350},
    ]


def test_what_is_no_table_is_told(said):
    assert "It is a PDF" in said["refused"]


def test_previews_are_the_organizations(said):
    mine = ["preview"]
    assert said["seen"] == {"creator": mine, "colleague": mine, "stranger": [], "anon": None}
    assert "row-level security" in said["inAnothersFolder"]
