import os
import socket
import subprocess
import sys

import jwt
import pytest

from devstack import ports
from devstack.keys import JWT_SECRET, KEYS, user_token
from devstack.state import DevstackError, State, started_at


def test_legacy_keys_are_the_ones_of_the_supabase_cli():
    # Byte for byte, so that settings copied from `supabase start` work here.
    assert KEYS.anon.endswith(".CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0")
    assert KEYS.service_role.endswith(".EGIM96RAZx35lJzdJsyH-qQwv8Hdp7fsn3W0YpN81IU")


@pytest.mark.parametrize(
    ("key", "role"),
    [
        (KEYS.anon, "anon"),
        (KEYS.publishable, "anon"),
        (KEYS.service_role, "service_role"),
        (KEYS.secret, "service_role"),
    ],
)
def test_every_key_has_a_role(key, role):
    token = KEYS.role_token(key)
    assert jwt.decode(token, JWT_SECRET, algorithms=["HS256"])["role"] == role


@pytest.mark.parametrize("key", ["", "sb_secret_x", user_token("someone")])
def test_no_other_key_has(key):
    assert KEYS.role_token(key) is None


def test_user_tokens_carry_claims_and_expire():
    token = user_token("me", email="me@x.test", ttl=60)
    claims = jwt.decode(token, JWT_SECRET, algorithms=["HS256"], audience="authenticated")
    assert (claims["sub"], claims["role"], claims["email"]) == ("me", "authenticated", "me@x.test")
    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(user_token(ttl=-1), JWT_SECRET, algorithms=["HS256"], audience="authenticated")


def test_one_supervisor_at_a_time(tmp_path):
    state = State(tmp_path)
    with (
        state.locked(),
        pytest.raises(DevstackError, match="runs already"),
        State(tmp_path).locked(),
    ):
        pass
    with state.locked():  # and it lets go
        pass
    assert not (tmp_path / "lock").exists()


def test_a_process_is_known_by_its_pid_and_its_start(tmp_path):
    state = State(tmp_path)
    ours = {"pid": os.getpid(), "started": started_at(os.getpid())}
    state.write({"supervisor": ours, "parts": {}})
    assert state.live() is not None
    # The same pid, somebody else's process.
    state.write({"supervisor": ours | {"started": "long ago"}, "parts": {}})
    assert state.live() is None


def test_orphans_are_ended_and_strangers_are_not(tmp_path):
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen(sleep, start_new_session=True) as orphan,
        subprocess.Popen(sleep, start_new_session=True) as stranger,
    ):
        parts = {
            "lite": {"pid": orphan.pid, "started": started_at(orphan.pid)},
            "postgrest": {"pid": stranger.pid, "started": "long ago"},
        }
        state = State(tmp_path)
        state.write({"supervisor": {"pid": 1, "started": "never"}, "parts": parts})
        assert state.end_orphans() == ["lite"]
        assert orphan.wait(5) == -9
        assert stranger.poll() is None
        stranger.kill()
    assert state.read() is None


def test_ports_are_free_and_never_the_same():
    chosen = [ports.choose(0, "--port") for _ in range(20)]
    assert len(set(chosen)) == 20
    with socket.create_server(("127.0.0.1", chosen[0])):
        with pytest.raises(DevstackError, match=r"in use.*--port 0"):
            ports.choose(chosen[0], "--port")
        assert not ports.is_free(chosen[0])
    assert ports.choose(chosen[1], "--port") == chosen[1]
