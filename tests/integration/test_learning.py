"""What a finished run teaches, and what the next one is told."""

import asyncio

import pytest

from worker.exceptions import JobCancelledError, RunLostError
from worker.job import Begun, RowError
from worker.memory import Layout, Remembered, Template

MAPPING = {"Kode": "sku", "Navn": "name"}
LAYOUT = Layout(("Kode", "Navn", "Farge"), {"header_row": 3, "decimal_mark": {"cost": ","}})


async def begun(queue, dealer, *, mapping=MAPPING, layout=LAYOUT, by_hand=False, rows=2, **columns):
    """Claim a new job and begin it."""
    file_data = {"source": {"path": f"{dealer.organization_id}/x/stock.csv"}}
    file_data |= {"mapping": mapping} if by_hand else {}
    file_data |= {"options": columns.pop("options", {})}
    dealer.insert_job(None, file_data=file_data, **columns)
    job = await dealer.claim(queue)
    layout = layout or Layout(None, {})
    seen = Begun(rows, mapping, [], "v1", layout.columns, layout.options)
    await queue.begin(job.run_id, seen)
    return job


async def applied(queue, job, *, good=2, bad=0):
    rows = [
        {"row_number": n, "sku": f"A{n}", "name": "a", "search_keywords": "a"}
        for n in range(1, good + 1)
    ]
    errors = [
        RowError(n, n, None, "is wrong", {}) for n in range(good + 1, good + bad + 1)
    ]  # fmt: skip
    span = range(1, good + bad + 1)
    await queue.apply_batch("apply_inventory_batch", job.run_id, span, rows, errors)


async def learned(queue, dealer, **begin):
    job = await begun(queue, dealer, **begin)
    await applied(queue, job)
    await queue.finish(job.run_id, "completed")
    return job


def memories(dealer):
    return dealer.connection.execute(
        "select * from import_memory where organization_id = %s order by learned_at, columns_key",
        [dealer.organization_id],
    ).fetchall()


async def test_a_run_teaches_what_it_was_mapped_to(queue, dealer):
    job = await learned(queue, dealer)
    [memory] = memories(dealer)
    assert memory["data_type"] == "inventory"
    assert (memory["mapping"], memory["columns"]) == (MAPPING, list(LAYOUT.columns))
    assert (memory["options"], memory["is_corrected"]) == (LAYOUT.options, False)
    assert memory["file_name"] == "stock.csv"
    [run] = dealer.runs(job.job_id)
    assert (run["columns"], run["options"]) == (list(LAYOUT.columns), LAYOUT.options)
    await queue.finish(job.run_id, "completed")  # its answer was lost
    assert memories(dealer) == [memory]


async def test_the_same_columns_are_one_memory_whatever_their_order_and_spelling(queue, dealer):
    await learned(queue, dealer)
    again = {"FARGE": "category", "navn": "name", "ko-de": "sku"}
    await learned(queue, dealer, mapping=again, layout=Layout(("FARGE", "navn", "ko-de"), {}))
    [memory] = memories(dealer)
    assert memory["mapping"] == again
    await learned(queue, dealer, layout=Layout(("Kode", "Navn"), {}))
    await learned(queue, dealer, data_type="contacts")
    assert len(memories(dealer)) == 3


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_correction_gives_way_to_another_one_only(queue, dealer, by_hand):
    await learned(queue, dealer, mapping={"Kode": "sku", "Navn": "description"})
    await learned(queue, dealer, by_hand=True, file_name="mine.csv")
    other = {"Kode": "sku", "Navn": "category"}
    await learned(queue, dealer, mapping=other, by_hand=by_hand, file_name="next.csv")
    [memory] = memories(dealer)
    assert memory["mapping"] == (other if by_hand else MAPPING)
    assert memory["file_name"] == ("next.csv" if by_hand else "mine.csv")
    assert memory["is_corrected"] is True


async def test_a_run_that_follows_a_correction_makes_it_the_newest(queue, dealer):
    await learned(queue, dealer, by_hand=True, file_name="mine.csv")
    [before] = memories(dealer)
    await learned(queue, dealer, file_name="next.csv")
    [after] = memories(dealer)
    assert after["is_corrected"] is True
    assert after["file_name"] == "next.csv"
    assert after["learned_at"] > before["learned_at"]


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
async def test_a_run_that_did_not_complete_teaches_nothing(queue, dealer, outcome):
    job = await begun(queue, dealer)
    await applied(queue, job)
    await queue.finish(job.run_id, outcome)
    assert memories(dealer) == []


async def test_a_job_that_was_cancelled_meanwhile_teaches_nothing(queue, dealer):
    job = await begun(queue, dealer)
    await applied(queue, job)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job.job_id)
    result = await queue.finish(job.run_id, "completed")
    assert result.outcome == "cancelled"
    assert memories(dealer) == []


async def test_a_run_that_was_given_back_teaches_nothing(queue, dealer):
    job = await begun(queue, dealer)
    await applied(queue, job)
    await queue.release(job.run_id)
    assert memories(dealer) == []


@pytest.mark.parametrize(("good", "bad", "count"), [(2, 1, 1), (2, 2, 0), (0, 2, 0)])
async def test_most_rows_must_have_got_in(queue, dealer, good, bad, count):
    job = await begun(queue, dealer, rows=good + bad)
    await applied(queue, job, good=good, bad=bad)
    await queue.finish(job.run_id, "completed")
    assert len(memories(dealer)) == count


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param({"options": {"dry_run": True}}, id="a rehearsal"),
        pytest.param({"layout": None}, id="records that were mapped already"),
        pytest.param({"layout": Layout((), {})}, id="no columns"),
        pytest.param({"layout": Layout(("Kode", "Navn"), {"header_row": 0})}, id="no names"),
        pytest.param({"mapping": {}}, id="no mapping"),
        pytest.param({"layout": Layout(tuple(map(str, range(16_384))), {})}, id="too wide"),
    ],
)
async def test_some_runs_teach_nothing(queue, dealer, begin):
    await learned(queue, dealer, **begin)
    assert memories(dealer) == []


async def test_only_imports_teach(queue, dealer):
    job = await begun(queue, dealer)
    await applied(queue, job)
    dealer.execute("update import_runs set kind = 'preview' where id = %s", job.run_id)
    await queue.finish(job.run_id, "completed")
    assert memories(dealer) == []


async def test_the_newest_200_are_kept(queue, dealer, make_dealer):
    other = make_dealer()
    for whose, data_type in ((dealer, "inventory"), (dealer, "bids"), (other, "inventory")):
        whose.execute(
            "insert into import_memory (organization_id, data_type, columns_key, mapping, options,"
            " columns, is_corrected, learned_at) select %s, %s, n::text, '{}', '{}', '{}', true,"
            " now() - make_interval(secs => n) from generate_series(1, 201) n",
            whose.organization_id,
            data_type,
        )
    await learned(queue, dealer)
    kept = {(m["data_type"], m["columns_key"]) for m in memories(dealer)}
    assert len(kept) == 200 + 201
    assert not kept & {("inventory", "200"), ("inventory", "201")}
    assert len(memories(other)) == 201


async def test_what_is_recalled_is_the_organizations_own(queue, dealer, make_dealer):
    other = make_dealer()
    await learned(queue, other)
    await learned(queue, dealer, data_type="contacts")
    await learned(queue, dealer, by_hand=True, file_name="a\nb.csv")
    job = await begun(queue, dealer)
    memory = await queue.recall(job.run_id, None, {"mode": "update"})
    today = dealer.scalar("select to_char(now(), 'FMDD FMMonth')")
    assert memory.remembered == (
        Remembered(
            MAPPING,
            LAYOUT.columns,
            LAYOUT.options,
            is_corrected=True,
            file_name="a b.csv",
            learned_on=today,
        ),
    )
    assert (memory.options, memory.template, memory.template_names) == (
        {"mode": "update"}, None, (),
    )  # fmt: skip


async def test_the_year_is_told_where_it_is_another(queue, dealer):
    await learned(queue, dealer)
    dealer.execute(
        "update import_memory set learned_at = '2024-03-05 12:00+00' where organization_id = %s",
        dealer.organization_id,
    )
    job = await begun(queue, dealer)
    [one] = (await queue.recall(job.run_id, None, {})).remembered
    assert one.reason == "as in stock.csv of 5 March 2024"


async def test_no_more_is_recalled_than_a_megabyte_of_the_newest(queue, dealer):
    dealer.execute(
        "insert into import_memory (organization_id, data_type, columns_key, mapping, options,"
        " columns, is_corrected, file_name, learned_at)"
        " select %s, 'inventory', n::text, '{}', '{}', array[repeat('x', 60000)], true, n::text,"
        " now() - make_interval(secs => n) from generate_series(1, 30) n",
        dealer.organization_id,
    )
    job = await begun(queue, dealer)
    memory = await queue.recall(job.run_id, None, {})
    assert [one.file_name for one in memory.remembered] == [str(n) for n in range(1, 18)]


async def test_a_template_is_recalled_by_its_name(queue, dealer, make_dealer):
    insert = (
        "insert into import_templates (organization_id, data_type, name, mapping, columns)"
        ' values (%s, %s, %s, \'{"A": "sku"}\', %s)'
    )
    other = make_dealer()
    dealer.execute(insert, dealer.organization_id, "inventory", "Monthly", ["A", "B"])
    dealer.execute(insert, dealer.organization_id, "contacts", "People", None)
    dealer.execute(insert, other.organization_id, "inventory", "Theirs", None)
    job = await begun(queue, dealer)
    memory = await queue.recall(job.run_id, "Monthly", {})
    assert memory.template == Template("Monthly", {"A": "sku"}, {}, ("A", "B"))
    assert memory.template_names == ()
    for name in ("Theirs", "People", "monthly"):
        memory = await queue.recall(job.run_id, name, {})
        assert (memory.template, memory.template_names) == (None, ("Monthly",))


async def test_a_run_that_is_over_is_told_nothing(queue, dealer):
    job = await begun(queue, dealer)
    dealer.execute("update scheduled_jobs set status = 'cancelled' where id = %s", job.job_id)
    with pytest.raises(JobCancelledError):
        await queue.recall(job.run_id, None, {})
    await queue.finish(job.run_id, "cancelled")
    with pytest.raises(RunLostError):
        await queue.recall(job.run_id, None, {})


async def test_two_runs_that_learn_at_once_wait_for_nobody(queue, dealer, make_dealer):
    other = make_dealer()
    jobs = [await begun(queue, whose) for whose in (dealer, other)]
    for job in jobs:
        await applied(queue, job)
    await asyncio.gather(*(queue.finish(job.run_id, "completed") for job in jobs))
    assert len(memories(dealer)) == len(memories(other)) == 1
