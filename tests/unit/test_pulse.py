import asyncio
import os
import subprocess
import tempfile
import time

import pytest

from worker.cli.health import health
from worker.operating import pulse


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def arrange(temporary, pid, age_seconds):
    directory = temporary / f"prospaces-import-{pid}-x"
    directory.mkdir()
    (directory / "pulse").write_text(str(time.monotonic() - age_seconds))


@pytest.fixture
def dead():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


async def test_a_worker_beats_and_takes_its_pulse_along(temporary):
    beating = asyncio.create_task(pulse.beat())
    while not list(pulse.feel_pulses()):
        await asyncio.sleep(0)
    [felt] = pulse.feel_pulses()
    assert felt.pid == os.getpid()
    assert felt.age_seconds >= 0
    assert health() == 0
    beating.cancel()
    await asyncio.wait([beating])
    assert list(temporary.iterdir()) == []


def test_nobody_there(capsys):
    assert health() == 1
    assert "no worker on this machine" in capsys.readouterr().out


def test_a_fresh_pulse_of_a_dead_process_is_none(temporary, dead):
    arrange(temporary, dead, age_seconds=1)
    assert health() == 1


@pytest.mark.parametrize("age_seconds", [31, -100], ids=["silent", "from before a restart"])
def test_one_that_hangs_is_named(temporary, capsys, age_seconds):
    arrange(temporary, os.getpid(), age_seconds)
    assert health() == 1
    assert f"process id {os.getpid()} hangs" in capsys.readouterr().out


def test_one_that_hangs_beside_one_that_is_well(temporary):
    arrange(temporary, os.getpid(), age_seconds=1)
    arrange(temporary, os.getppid(), age_seconds=40)
    assert health() == 1


def test_a_directory_without_a_pulse_is_no_workers(temporary):
    (temporary / f"prospaces-import-{os.getpid()}-y").mkdir()
    arrange(temporary, os.getppid(), age_seconds=29)
    assert health() == 0
