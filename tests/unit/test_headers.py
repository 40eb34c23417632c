"""How many systems' exports are mapped as a person would map them."""

import pytest

from tests.headers import PAGE, headers, page


@pytest.mark.parametrize("file", ["given", "tuned", "held_out"])
def test_the_columns_of_systems_in_use_are_mapped_as_a_person_would(file, figure):
    rows = headers(file)
    exact = sum(row.is_exact for row in rows)
    fields = sum(len(row.expected) for row in rows)
    found = sum(row.found.get(field) == columns
                for row in rows for field, columns in row.expected.items())  # fmt: skip
    figure(
        f"columns, {file}: {exact} of {len(rows)} exports as a person would, "
        f"{found} of {fields} fields, {sum(len(row.wrong) for row in rows)} wrong"
    )
    assert {row.name: row.costly for row in rows if row.costly} == {}
    assert [row.name for row in rows if row.lacks] == []
    assert exact >= 0.9 * len(rows)


def test_the_page_says_what_is_so():
    assert PAGE.read_text() == page(), "run: python -m tests.headers"
