"""Histories of imports, edits, deletes, cancels, deaths, undos and redos, against a model.

The model knows the rules of docs/UNDO.md and nothing of how the database keeps to them: what nobody
else touched is as before, what somebody did is as they left it, and the counts add up.
"""

from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from worker.job import KINDS

BATCH = 2
FIELDS = ("sku", "name", "description", "category", "quantity", "unit_price", "cost", "image_url")
SKUS = st.sampled_from("ABCDE")
# Few values, so that some are set back by chance.
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Saw", "Bolt"]),
        "unit_price": st.integers(1, 3),
        "cost": st.integers(1, 3),
        "quantity": st.integers(0, 2),
    },
)
ROWS = st.dictionaries(SKUS, CELLS, min_size=1, max_size=5)
# After how many batches something happens on the way; often after the last, which is never.
MOMENTS = st.tuples(st.sampled_from(["kill", "cancel", "release"]), st.integers(0, 4))


@dataclass
class ChangeSet:
    """What a batch did, in the model."""

    created: dict = field(default_factory=dict)  # id → the record as it was made
    updated: list = field(default_factory=list)  # (id, {field: (before, after)})
    removed: dict = field(default_factory=dict)  # id → the record
    undoes: "ChangeSet | None" = None
    undone: bool = False

    def rows(self):
        return len(self.created) + len(self.updated) + len(self.removed)


class History(RuleBasedStateMachine):
    """One organization, told to the database and to the model."""

    url = None  # set by the test

    def __init__(self):
        super().__init__()
        self.database = psycopg.connect(self.url, autocommit=True, row_factory=dict_row)
        self.organization = f"org_{uuid4().hex[:12]}"
        self.ask("insert into organizations (id, name) values (%s, 'Test')", self.organization)
        self.items = {}  # id → record
        self.jobs = {}  # job id → its change sets, in order

    def teardown(self):
        self.ask("delete from organizations where id = %s", self.organization)
        self.database.close()

    def ask(self, statement, *values):
        answer = self.database.execute(statement, values)
        return answer.fetchall() if answer.description else []

    def call(self, function, *arguments):
        """Call a function as the worker does."""
        with self.database.transaction():
            self.ask("set local role service_role")
            places = ", ".join(["%s"] * len(arguments))
            [row] = self.ask(f"select {function}({places}) as answer", *arguments)
        return row["answer"]

    # What people do.

    @rule(sku=SKUS, cells=CELLS)
    def add(self, sku, cells):
        if sku in {item["sku"] for item in self.items.values()}:
            return
        [row] = self.ask(
            "insert into inventory (organization_id, sku, name, unit_price, cost, search_keywords,"
            " keyword_version) values (%s, %s, 'By hand', %s, %s, '{}', 'kw_v1') returning *",
            self.organization, sku, cells.get("unit_price"), cells.get("cost"),
        )  # fmt: skip
        self.items[str(row["id"])] = {name: row[name] for name in FIELDS}

    @precondition(lambda self: self.items)
    @rule(data=st.data(), cells=CELLS, image=st.sampled_from([None, "x.png"]))
    def edit(self, data, cells, image):
        item_id = data.draw(st.sampled_from(list(self.items)))
        for name, value in (cells | {"image_url": image}).items():
            self.ask(f"update inventory set {name} = %s where id = %s", value, item_id)  # noqa: S608
            self.items[item_id][name] = value

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def delete(self, data):
        item_id = data.draw(st.sampled_from(list(self.items)))
        self.ask("delete from inventory where id = %s", item_id)
        del self.items[item_id]

    # What the worker does.

    def insert_job(self, file_data):
        [row] = self.ask(
            "insert into scheduled_jobs (organization_id, job_type, data_type, scheduled_time,"
            " file_data) values (%s, 'import', 'inventory', now() - interval '1 second', %s)"
            " returning id",
            self.organization,
            Jsonb(file_data),
        )
        return row["id"]

    def claim(self, job_id):
        jobs = self.call("claim_import_jobs", "w", 600, 50, 900, None, 90, list(KINDS))["jobs"]
        [job] = [job for job in jobs if job["job_id"] == str(job_id)]
        return job

    def go_through(self, job_id, batches, apply, moment):
        """Apply batches, with something on the way; how many landed, and the end of the run."""
        event, when = moment
        run_id = self.claim(job_id)["run_id"]
        for number, batch in enumerate(batches):
            if number == when and event == "cancel":
                self.ask("update scheduled_jobs set status = 'cancelled' where id = %s", job_id)
                return number, self.call("finish_import", run_id, "cancelled")
            if number == when and event == "release":
                self.call("release_import", run_id)
            elif number == when:
                self.ask(
                    "update import_runs set lease_expires_at = now() - interval '1 s'"
                    " where id = %s",
                    run_id,
                )
            if number == when:
                run_id = self.claim(job_id)["run_id"]
                if number and event == "kill":
                    apply(run_id, batches[number - 1])  # its answer was lost
            apply(run_id, batch)
        rows = batches[-1][-1] if batches else 0
        self.ask("update import_runs set row_count = %s where id = %s", rows, run_id)
        return len(batches), self.call("finish_import", run_id, "completed")

    @rule(rows=ROWS, moment=MOMENTS)
    def import_rows(self, rows, moment):
        given = [
            {"row_number": n, "sku": sku, "search_keywords": ""} | cells
            for n, (sku, cells) in enumerate(rows.items(), 1)
        ]
        job_id = self.insert_job({"records": [{}] * len(given)})
        spans = [(n, min(n + BATCH - 1, len(given))) for n in range(1, len(given) + 1, BATCH)]

        def apply(run_id, span):
            first, last = span
            part = Jsonb(given[first - 1 : last])
            self.call("apply_inventory_batch", run_id, first, last, part, Jsonb([]))

        landed, ended = self.go_through(job_id, spans, apply, moment)
        sets = [self.model_import(given[first - 1 : last]) for first, last in spans[:landed]]
        self.jobs[job_id] = [of_batch for of_batch in sets if of_batch.rows()]
        assert ended["created"] == sum(len(of_batch.created) for of_batch in sets)
        changed = sum(len(of_batch.updated) for of_batch in sets)
        assert ended["updated"] - ended["unchanged"] == changed
        total = ended["created"] + ended["updated"] + ended["failed"] + ended["unprocessed"]
        assert total in {len(given), sum(last - first + 1 for first, last in spans[:landed])}

    def model_import(self, rows):
        """Apply rows to the model; what is new has the id that the database gave it."""
        did = ChangeSet()
        by_sku = {item["sku"]: item_id for item_id, item in self.items.items()}
        for row in rows:
            cells = {name: row[name] for name in FIELDS if name in row}
            item_id = by_sku.get(row["sku"])
            if item_id is not None:
                item = self.items[item_id]
                fields = {k: (item[k], v) for k, v in cells.items() if item[k] != v}
                if fields:
                    did.updated.append((item_id, fields))
                    item.update(cells)
            elif "name" in cells:
                [made] = self.ask(
                    "select id::text from inventory where organization_id = %s and sku = %s",
                    self.organization, row["sku"],
                )  # fmt: skip
                new = dict.fromkeys(FIELDS) | {
                    "description": "", "category": "Uncategorized", "quantity": 0,
                } | cells  # fmt: skip
                self.items[made["id"]] = new
                did.created[made["id"]] = dict(new)
        return did

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), moment=MOMENTS, dry_run=st.sampled_from([False, False, False, True]))
    def undo(self, data, moment, dry_run):
        named = data.draw(
            st.lists(st.sampled_from(list(self.jobs)), min_size=1, max_size=2, unique=True)
        )
        file_data = {"undo": {"job_ids": [str(job_id) for job_id in named]}}
        file_data["options"] = {"dry_run": dry_run}
        job_id = self.insert_job(file_data)
        wanted = [[one for one in self.jobs[name] if not one.undone] for name in named]
        if not all(wanted):
            self.is_refused(job_id)
            return
        order = self.order_of_all()
        sets = sorted((one for of_job in wanted for one in of_job), key=order, reverse=True)
        ends = [sum(one.rows() for one in sets[: n + 1]) for n in range(len(sets))]
        spans = [(end - one.rows() + 1, end) for end, one in zip(ends, sets, strict=True)]

        def apply(run_id, span):
            plan = self.call("begin_undo", run_id)
            assert plan == {"rows": ends[-1], "batches": [list(span) for span in spans]}
            self.call("apply_undo_batch", run_id, *span)

        landed, ended = self.go_through(job_id, spans, apply, moment)
        if dry_run:
            return
        did = [self.model_undo(one) for one in sets[:landed]]
        counts = [sum(of_it) for of_it in zip(*(count for _, count in did), strict=True)]
        put_in, restored, removed, kept = counts or (0, 0, 0, 0)
        told = self.ask("select * from import_runs where id = %s", self.last_run(job_id))[0]
        assert (told["created"], told["updated"], told["removed"], told["failed"]) == (
            put_in, restored + removed, removed, kept,
        )  # fmt: skip
        assert ended["created"] == put_in
        told = self.ask("select message from import_errors where job_id = %s", job_id)
        assert len(told) == kept
        self.jobs[job_id] = [one for one, _ in did if one.rows()]

    def last_run(self, job_id):
        [run] = self.ask(
            "select id from import_runs where job_id = %s order by started_at desc limit 1", job_id
        )
        return run["id"]

    def is_refused(self, job_id):
        run_id = self.claim(job_id)["run_id"]
        with pytest.raises(psycopg.DatabaseError) as refused:
            self.call("begin_undo", run_id)
        assert refused.value.sqlstate == "PT412"
        self.call("finish_import", run_id, "failed", str(refused.value))

    def order_of_all(self):
        """Sets came to be job by job, in the order in which jobs are known here."""
        places = {}
        for sets in self.jobs.values():
            for one in sets:
                places[id(one)] = len(places)
        return lambda one: places[id(one)]

    def model_undo(self, taken):
        """Take a set back in the model; its own set, and how many were what."""
        did = ChangeSet(undoes=taken)
        put_in = restored = kept = 0
        as_made = {
            item_id for item_id, made in taken.created.items() if self.items.get(item_id) == made
        }
        for item_id, record in taken.removed.items():
            if record["sku"] in {item["sku"] for item in self.items.values()}:
                kept += 1
                continue
            self.items[item_id] = dict(record)
            put_in += 1
        for item_id, fields in reversed(taken.updated):
            item = self.items.get(item_id)
            if item is None:
                kept += 1
                continue
            ours = {k: before for k, (before, after) in fields.items() if item[k] == after}
            anothers = [
                k for k, (before, after) in fields.items() if item[k] not in {before, after}
            ]
            kept += bool(anothers)
            restored += not anothers
            back = {k: (item[k], before) for k, before in ours.items()}
            if back:
                did.updated.append((item_id, back))
            item.update(ours)
        for item_id in taken.created:
            if item_id in as_made:
                did.removed[item_id] = self.items.pop(item_id)
            else:
                kept += 1
        did.created = {
            item_id: dict(self.items[item_id]) for item_id in taken.removed
            if item_id in self.items
        }  # fmt: skip
        if put_in + restored + len(did.removed):
            taken.undone = True
            self.flip(taken)
        return did, (put_in, restored, len(did.removed), kept)

    def flip(self, taken):
        stands = True
        while taken.undoes is not None:
            taken = taken.undoes
            taken.undone = not stands
            stands = not stands

    @invariant()
    def the_items_are_the_models(self):
        rows = self.ask(
            f"select id::text, {', '.join(FIELDS)} from inventory where organization_id = %s",  # noqa: S608
            self.organization,
        )
        assert {row.pop("id"): row for row in rows} == self.items


def test_histories(stack):
    History.url = stack.db_url
    machine = History.TestCase
    machine.settings = settings(
        max_examples=settings.default.max_examples // 3, stateful_step_count=20
    )
    machine().runTest()
