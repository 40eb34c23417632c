"""What a job says of its file as a list, and of its guards."""

from types import SimpleNamespace

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.guards import refuse_wrong_guards
from worker.importing.missing import read_missing
from worker.importing.tables import TABLES


def job(file_name="stock.csv", path=None, may_switch_off_guards=False, **options):  # noqa: FBT002
    source = None if path is None else {"path": path}
    return SimpleNamespace(
        options=options, file_name=file_name, source=source,
        may_switch_off_guards=may_switch_off_guards,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "keep"), ({"missing": None}, "keep"), ({"missing": "keep"}, "keep"),
     ({"missing": "zero"}, "zero")],
)  # fmt: skip
def test_what_becomes_of_items_that_a_file_lacks(given, expected):
    assert read_missing(job(**given), TABLES["inventory"], "upsert") == expected


@pytest.mark.parametrize(
    ("data_type", "mode", "given", "message"),
    [
        ("inventory", "upsert", {"missing": "delete"}, 'must be "keep" or "zero"'),
        ("inventory", "upsert", {"missing": True}, 'must be "keep" or "zero"'),
        ("inventory", "upsert", {"missing": ["zero"]}, 'must be "keep" or "zero"'),
        ("contacts", "upsert", {"missing": "zero"}, "contacts have no quantity"),
        ("bids", "upsert", {"missing": "zero"}, "bids have no quantity"),
        ("inventory", "create", {"missing": "zero"}, 'the mode "create"'),
        ("inventory", "upsert", {"missing": "zero", "file_name": "a_part1.csv"}, "a part of one"),
        ("inventory", "update", {"missing": "zero", "file_name": "A_PART12.CSV"}, "a part of one"),
        ("inventory", "upsert", {"missing": "zero", "file_name": "a_part3"}, "a part of one"),
        ("inventory", "upsert", {"missing": "zero", "path": "org/a_part2.csv"}, "a part of one"),
    ],
)
def test_what_is_refused(data_type, mode, given, message):
    with pytest.raises(JobRefusedError) as refused:
        read_missing(job(**given), TABLES[data_type], mode)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", ["parts.csv", "spare_part.csv", "a_part1_whole.csv", None])
def test_what_is_called_nearly_like_a_part_is_a_list(name):
    assert read_missing(job(name, missing="zero"), TABLES["inventory"], "update") == "zero"


def test_parts_may_say_that_what_they_lack_stays():
    part = job("a_part1.csv", missing="keep")
    assert read_missing(part, TABLES["inventory"], "upsert") == "keep"


def test_guards_are_switched_off_by_whoever_may():
    for given in ({}, {"guards": None}, {"guards": "on"}):
        refuse_wrong_guards(job(**given))
    refuse_wrong_guards(job(guards="off", may_switch_off_guards=True))
    with pytest.raises(JobRefusedError, match="Only an admin"):
        refuse_wrong_guards(job(guards="off"))
    with pytest.raises(JobRefusedError, match='must be "on" or "off"'):
        refuse_wrong_guards(job(guards=False, may_switch_off_guards=True))
