"""Items that come without search keywords: those that are there, and need none."""

import pytest

from worker.exceptions import KeywordsNeededError
from worker.job import BatchResult

TEXTS = {"name": "Saw", "description": "Steel", "category": "Tools"}
KNOWN = TEXTS | {"sku": "A"}


@pytest.fixture
async def job(queue, dealer):
    """A job of two rows, of a dealer who has the item A."""
    known = KNOWN | {
        "organization_id": dealer.organization_id, "unit_price": 100, "keyword_version": "kw_v1",
        "search_keywords": ["saw", "steel"],
    }  # fmt: skip
    names, places = ", ".join(known), ", ".join(["%s"] * len(known))
    dealer.execute(f"insert into inventory ({names}) values ({places})", *known.values())  # noqa: S608
    dealer.insert_job(dealer.records(2))
    return await dealer.claim(queue)


async def apply(queue, job, *rows):
    numbered = [{"row_number": number} | row for number, row in enumerate(rows, 1)]
    span = range(1, len(rows) + 1)
    return await queue.apply_batch("apply_inventory_batch", job.run_id, span, numbered, [])


@pytest.mark.parametrize(
    ("cells", "unchanged"),
    [
        (KNOWN, 1),
        (KNOWN | {"unit_price": 100}, 1),
        (KNOWN | {"unit_price": 250}, 0),
        ({"sku": "A", "name": "Saw", "unit_price": 250}, 0),
        ({"sku": "A", "category": "Tools", "unit_price": 250}, 0),
        ({"sku": "A", "unit_price": 250}, 0),
    ],
    ids=str,
)
async def test_an_item_with_the_same_texts_keeps_its_keywords(queue, dealer, job, cells, unchanged):
    assert await apply(queue, job, cells) == BatchResult(0, 1, unchanged, 0)
    [item] = dealer.inventory()
    assert (item["search_keywords"], item["keyword_version"]) == (["saw", "steel"], "kw_v1")
    assert item["unit_price"] == cells.get("unit_price", 100)


async def test_an_item_without_a_description_has_the_same_texts(queue, dealer, job):
    dealer.execute(
        "update inventory set description = null where organization_id = %s", dealer.organization_id
    )
    assert await apply(queue, job, {"sku": "A", "name": "Saw"}) == BatchResult(0, 1, 1, 0)


@pytest.mark.parametrize(
    ("cells", "there"),
    [
        (TEXTS | {"sku": "B"}, {}),
        (KNOWN | {"name": "Saws"}, {}),
        (KNOWN | {"description": ""}, {}),
        ({"sku": "A", "category": "Saws"}, {}),
        (KNOWN, {"keyword_version": "kw_v0"}),
        (KNOWN, {"keyword_version": None}),
        (KNOWN, {"search_keywords": None}),
    ],
    ids=str,
)
async def test_nothing_lands_while_keywords_are_to_come(queue, dealer, job, cells, there):
    for column, value in there.items():
        dealer.execute(
            f"update inventory set {column} = %s where organization_id = %s",  # noqa: S608
            value,
            dealer.organization_id,
        )
    before = dealer.inventory()
    rows = [KNOWN | {"unit_price": 7}, cells] if cells["sku"] == "B" else [cells]
    with pytest.raises(KeywordsNeededError):
        await apply(queue, job, *rows)
    assert dealer.inventory() == before
    assert dealer.scalar("select count(*) from import_batches where job_id = %s", job.job_id) == 0
    # The same once more, with all that is needed.
    result = await apply(queue, job, *(row | {"search_keywords": "new,saw"} for row in rows))
    assert result.failed == 0
    assert result.created + result.updated == len(rows)


async def test_a_row_that_is_kept_out_needs_none(queue, job):
    """Of what does not get in, nobody has to know how it would be found."""
    rows = [{"sku": "B", "category": "Tools"}, KNOWN]
    assert await apply(queue, job, *rows) == BatchResult(
        created=0, updated=1, unchanged=1, failed=1
    )
