"""The files that hosts read: each says what the worker needs, and names what is there."""

import configparser
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from worker.cli import _parser

PROJECT = Path(__file__).parents[2]
DOCKERFILE = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text())
FLY = tomllib.loads((PROJECT / "fly.toml").read_text())
APP = json.loads((PROJECT / "app.json").read_text())
PROCFILE = dict(line.split(": ", 1) for line in (PROJECT / "Procfile").read_text().splitlines())
PYTHON = (PROJECT / ".python-version").read_text().strip()
# A process is killed this long after SIGTERM at the earliest; the worker promises 25 s.
PATIENCE_SECONDS = 30


def unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(PROJECT / "deploy" / "systemd" / "prospaces-import.service")
    return parser


def instructions():
    lines = (line for line in DOCKERFILE.splitlines() if line and not line.startswith("#"))
    return [tuple(line.split(" ", 1)) for line in lines]


def commands():
    yield from PROCFILE.values()
    yield FLY["processes"]["worker"]
    yield FLY["deploy"]["release_command"]
    yield unit()["Service"]["ExecStart"]
    for name, value in instructions():
        if name in {"CMD", "HEALTHCHECK"}:
            yield shlex.join(json.loads(value[value.index("[") :]))


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_every_command_is_one_of_the_workers(command):
    program, module, name, *arguments = shlex.split(command)
    assert Path(program).name == "python"
    assert (module, name) == ("-m", "worker")
    assert _parser().parse_args(arguments).command in {"run", "health", "doctor"}


def test_the_image():
    names = [name for name, _ in instructions()]
    said = dict(instructions())
    stages = [value.split()[0] for name, value in instructions() if name == "FROM"]
    assert stages == [f"python:{PYTHON}-slim"] * 2
    assert "--require-hashes" in DOCKERFILE
    assert said["USER"] == "10001"
    assert names.index("USER") > names.index("VOLUME")
    assert said["STOPSIGNAL"] == "SIGTERM"
    # Exec form: a shell between would keep the signal to itself.
    assert said["CMD"].startswith('["python"')
    assert "CMD [" in said["HEALTHCHECK"]
    assert "EXPOSE" not in names


def test_the_image_holds_what_it_copies_and_no_secret():
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    copied = {
        value.split()[0]
        for name, value in instructions()
        if name == "COPY" and "--from" not in value
    }
    assert copied == {"requirements.txt", "worker", "console"}
    assert {f"!{path}" for path in copied} == {line for line in ignored if line.startswith("!")}
    assert all((PROJECT / path).exists() for path in copied)


def test_fly():
    assert (FLY["kill_signal"], FLY["kill_timeout"]) == ("SIGTERM", PATIENCE_SECONDS)
    assert FLY["build"]["dockerfile"] == "Dockerfile"
    assert int(FLY["env"]["WORKER_HTTP_PORT"]) == FLY["metrics"]["port"]
    assert FLY["metrics"]["path"] == "/metrics"
    check = FLY["checks"]["alive"]
    assert (check["port"], check["path"]) == (FLY["metrics"]["port"], "/livez")
    assert set(FLY["processes"]) == {"worker"} == set(check["processes"])
    assert "http_service" not in FLY  # it would be stopped where nobody asks over HTTP


def test_heroku():
    assert APP["formation"]["worker"]["quantity"] == 1
    assert APP["formation"]["web"]["quantity"] == 0
    assert set(PROCFILE) == {"release", "worker"}
    assert {name for name, says in APP["env"].items() if says["required"]} == {
        "SUPABASE_URL", "SUPABASE_SECRET_KEY"
    }  # fmt: skip


def test_systemd():
    service = unit()["Service"]
    assert int(service["TimeoutStopSec"]) >= PATIENCE_SECONDS
    assert service["KillSignal"] == "SIGTERM"
    assert service["KillMode"] == "mixed"
    assert service["RestartPreventExitStatus"] == "2"
    assert service["PrivateTmp"] == "yes"


def test_no_setting_is_missing_in_the_example():
    named = set(
        re.findall(r"^#? ?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    )
    from worker.config import ConsoleSettings, Settings  # noqa: PLC0415

    known = {**Settings.model_fields, **ConsoleSettings.model_fields}
    assert named == {name.upper() for name in known}
    assert {name for name in APP["env"] if name.startswith("WORKER_")} <= named


def test_every_lock_has_hashes_and_wheels_for_arm_and_macos_are_among_them():
    """Hashes of every file of a release are locked, so other platforms' are, too."""
    text = (PROJECT / "requirements.txt").read_text()
    locked = re.findall(
        r"^(\S+)==(\S+)[^\n]*\\\n((?:    --hash=\S+(?: \\)?\n)+)", text, re.MULTILINE
    )
    assert len(locked) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 30
    hashes = {name: len(block.splitlines()) for name, _, block in locked}
    # Built for a platform each: one hash would be one platform's.
    for name in ("aiohttp", "lxml", "numpy", "pandas", "pydantic-core", "python-calamine"):
        assert hashes[name] > 10
