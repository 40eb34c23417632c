import os
import subprocess
import tempfile

import pytest

from worker.scratch import remove_leftovers, scratch_directory


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_directory_is_gone_with_what_is_in_it(temporary):
    with scratch_directory() as directory:
        assert directory.parent == temporary
        assert directory.stat().st_mode & 0o077 == 0
        (directory / "file").write_text("x")
    assert list(temporary.iterdir()) == []


def test_leftovers_of_the_dead_are_removed_and_nothing_else(temporary):
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    names = {
        f"prospaces-import-{dead.pid}-x": False,
        f"prospaces-import-{os.getpid()}-x": False,
        f"prospaces-import-{os.getppid()}-x": True,
        "prospaces-import-": True,
        "prospaces-import-x-y": True,
        f"other-{dead.pid}-x": True,
    }
    for name in names:
        (temporary / name).mkdir()
        (temporary / name / "file").touch()
    remove_leftovers()
    assert {path.name for path in temporary.iterdir()} == {
        name for name, stays in names.items() if stays
    }


def test_somebody_elses_process_is_alive(temporary, monkeypatch):
    def kill(_pid, _signal):
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    (temporary / "prospaces-import-1-x").mkdir()
    remove_leftovers()
    assert [path.name for path in temporary.iterdir()] == ["prospaces-import-1-x"]
