import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.importing.keywords import search_keywords

VECTORS = [
    json.loads(vector)
    for vector in (Path(__file__).parents[1] / "data" / "keywords_kw_v1.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["input"]["name"])
def test_the_frontends_own_output(vector: dict[str, Any]) -> None:
    item = vector["input"]
    # One vector has a brand, which is one more word of the text and no field of an import.
    description = f"{item['description']} {item.get('brand', '')}"
    keywords = search_keywords(item["name"], description, item["category"], item["sku"])
    assert len(vector["keywords"]) <= 96
    assert keywords == sorted(vector["keywords"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # tokens
        ("", set()),
        ("a x of the", set()),
        ("É—!", set()),
        ("(Nut)", {"nut", "nuts"}),
        ("NUT\N{IDEOGRAPHIC SPACE}nut\ufeffnut", {"nut", "nuts"}),
        ("nut\x1cnut", {"nutnut", "nutnuts"}),  # no white space in JavaScript
        # stems and plurals
        ("glass", {"glass"}),
        ("tiles", {"tiles", "til", "tils"}),
        ("tile", {"tile", "tiles"}),
        ("pulleys", {"pulleys", "pulley", "pulleies"}),
        ("assemblies", {"assemblies", "assembly"}),
        ("assembly", {"assembly", "assemblies"}),
        # hyphens and slashes, all of them
        ("a-b-c", {"a-b-c", "a-b-cs", "a b c", "abc"}),
        ("on/off/on", {"on/off/on", "on/off/ons", "on off on"}),
        # synonyms: of core tokens, as they are written
        ("saw", {"saw", "saws", "powersaw", "powersaws", "cuttingtool", "cuttingtools"}),
        ("saws", {"saws", "saw"}),
        # use cases: anywhere in the text, without variants
        ("weatherproof", {"weatherproof", "weatherproofs", "outdoor", "exterior", "jobsite"}),
        ("clamp", {"clamp", "clamps", "electrical", "installation", "repair"}),
        ("primer", {"primer", "primers", "painting", "finishing", "renovation"}),
        # "paint" has "in": an attribute, so no synonyms
        ("paint", {"paint", "paints", "painting", "finishing", "renovation"}),
    ],
)
def test_keywords_of_a_word(name: str, expected: set[str]) -> None:
    assert set(search_keywords(name, "", "", "")) == expected


def test_every_field_counts() -> None:
    assert search_keywords("nut", "washer", "rod", "p1") == [
        "nut", "nuts", "p1", "p1s", "rod", "rods", "washer", "washers",
    ]  # fmt: skip


def test_the_first_96_in_order() -> None:
    words = [f"w{number:03}" for number in range(100)]
    assert search_keywords(" ".join(reversed(words)), "", "", "") == sorted(
        keyword for word in words[:48] for keyword in (word, f"{word}s")
    )


def test_a_word_too_long_for_the_index_is_no_keyword() -> None:
    assert search_keywords("x" * 1001, "nut", "", "") == ["nut", "nuts"]
    assert search_keywords("x" * 1000, "nut", "", "")[-1] == "x" * 1000 + "s"


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text(name: str, description: str, category: str, sku: str) -> None:
    keywords = search_keywords(name, description, category, sku)
    assert keywords == sorted(set(keywords))[:96]
    assert all(keyword.isascii() and len(keyword) < 2000 for keyword in keywords)
    assert not any("," in keyword for keyword in keywords)  # they travel with commas between them
    assert search_keywords(sku, category, description, name) == keywords
