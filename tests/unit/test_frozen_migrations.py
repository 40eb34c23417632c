"""Nobody edits a migration that was released."""

import pytest

from devstack import frozen
from worker import __version__

NOW = frozen.digests()
VERSION, RELEASED = frozen.released(frozen.FILE.read_text())


def changes(released, now):
    """Say what is wrong with the migrations there are now, a sentence each."""
    for name, digest in released.items():
        if name not in now:
            yield f"{name} was released and is gone. Put it back: git checkout, from the release."
        elif now[name] != digest:
            yield (
                f"{name} was released and is edited. Databases that have it never apply it again: "
                "put it back, and write a new migration that changes what is there."
            )
    for name in sorted(now.keys() - released.keys()):
        if name < max(released):
            yield f"{name} comes before what was released. Give it a later time in its name."


def test_what_was_released_stays_as_it_is():
    assert list(changes(RELEASED, NOW)) == []


def test_a_release_freezes_what_it_brings():
    assert __version__ == VERSION, (
        f"the migrations are frozen as of {VERSION}, and this is {__version__}: `make freeze`"
    )


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"1_a.sql": "a", "3_b.sql": "b"}, []),
        ({"1_a.sql": "a", "3_b.sql": "b", "4_c.sql": "c"}, []),
        ({"1_a.sql": "a", "3_b.sql": "other"}, ["3_b.sql was released and is edited."]),
        ({"3_b.sql": "b"}, ["1_a.sql was released and is gone."]),
        ({"1_a.sql": "a", "2_c.sql": "c", "3_b.sql": "b"}, ["2_c.sql comes before"]),
    ],
)
def test_what_is_noticed(now, said):
    found = list(changes({"1_a.sql": "a", "3_b.sql": "b"}, now))
    assert len(found) == len(said)
    for sentence, beginning in zip(found, said, strict=True):
        assert sentence.startswith(beginning)
