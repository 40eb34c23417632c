"""The command line: python -m devstack up | worker | down | status | reset | env | logs."""

import argparse
import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from devstack.stack import PARTS, Stack, launch, stop, wait_until_up
from devstack.state import DEFAULT_STATE, DevstackError, State


def main() -> int:
    """Do what the arguments say; return the exit code."""
    options = _parser().parse_args()
    try:
        return int(options.run(options) or 0)
    except DevstackError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devstack", description="A Supabase on this machine, without Docker."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    state = argparse.ArgumentParser(add_help=False)
    state.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_STATE,
        help="where logs and database are (%(default)s)",
    )

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:  # noqa: ANN401
        sub = commands.add_parser(name, help=text, description=text, parents=[state])
        sub.set_defaults(run=run)
        return sub

    up = command("up", _up, "Start everything; stop it with Ctrl-C.")
    up.add_argument("--port", type=int, default=54321, help="of the API (%(default)s; 0: any)")
    up.add_argument(
        "--db-port", type=int, default=54322, help="of PostgreSQL (%(default)s; 0: any)"
    )
    up.add_argument("--detach", action="store_true", help="return when it is up")
    up.add_argument("--discard", action="store_true", help="remove the database at the end")
    command("worker", _worker, "Have a worker with it, until it is stopped.")
    command("down", _down, "Stop everything; the database stays for the next time.")
    command("status", _status, "Show whether it is up, URLs and keys.")
    command("reset", _reset, "Start over: a fresh database, migrations, seed.")
    command("env", _env, "Print settings for the worker: eval $(python -m devstack env).")
    logs = command("logs", _logs, "Show the logs of all parts, or of one.")
    logs.add_argument("part", nargs="?", choices=[*PARTS, "worker", "supervisor", "migrations"])
    logs.add_argument("--follow", "-f", action="store_true", help="go on as they grow")
    return parser


def _up(options: argparse.Namespace) -> int:
    if options.detach:
        ports = ("--port", str(options.port), "--db-port", str(options.db_port))
        state = options.state.resolve()
        _show(wait_until_up(state, launch(state, *ports)).content)
        return 0
    # Only here: everything else is done without the supervisor's libraries, and fast.
    from devstack.supervisor import Ports, Supervisor  # noqa: PLC0415

    state = State(options.state)
    with state.locked():
        for name in state.end_orphans():
            print(f"Ended {name}, which a supervisor that was killed had left.")
        try:
            supervisor = Supervisor(
                state,
                Ports.choose(options.port, options.db_port),
                _show,
                discard=options.discard,
            )
            asyncio.run(supervisor.run())
        except BaseExceptionGroup as group:
            # One part's end may surface twice: where it was awaited and where it was watched.
            reasons = dict.fromkeys(str(error) for error in _leaves(group))
            print("\n".join(reasons), file=sys.stderr)
            return 1
    return 0


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the exceptions of a group; those that are no message of ours are raised instead."""
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    if not all(isinstance(error, DevstackError) for error in leaves):
        raise group
    return leaves


def _down(options: argparse.Namespace) -> None:
    print("Stopped." if stop(options.state) else "Nothing is running.")
    state = State(options.state)
    if state.read() is not None:
        with state.locked():
            for name in state.end_orphans():
                print(f"Ended {name}, which a supervisor that was killed had left.")


def _worker(options: argparse.Namespace) -> None:
    stack = _running(options)
    stack.start_part("worker")
    print(f"A worker is there. The page: {stack.url}/console/")


def _status(options: argparse.Namespace) -> int:
    content = State(options.state).live()
    if content is None:
        print("Nothing is running.")
        return 1
    print(f"The stack is {content['phase']}.")
    _show(content)
    for name in (*PARTS, "worker", "supervisor"):
        pid = {**content["parts"], "supervisor": content["supervisor"]}.get(name, {}).get("pid")
        print(f"{name:>16}: {f'pid {pid}' if pid else 'down'}")
    return 0


def _reset(options: argparse.Namespace) -> None:
    stack = Stack.at(options.state.resolve())
    if stack is not None:
        stack.reset()
        print("A fresh database is up.")
        return
    from devstack.postgres import Postgres  # noqa: PLC0415
    from devstack.supervisor import drop  # noqa: PLC0415

    state = State(options.state)
    with state.locked():
        state.end_orphans()
        drop(state, Postgres.find(state.path))
    print("The database is gone; `up` makes a fresh one.")


def _env(options: argparse.Namespace) -> None:
    stack = _running(options)
    for name, value in {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.keys.anon,
        "SUPABASE_SERVICE_ROLE_KEY": stack.keys.service_role,
        "SUPABASE_PUBLISHABLE_KEY": stack.keys.publishable,
        "SUPABASE_SECRET_KEY": stack.keys.secret,
        "SUPABASE_JWT_SECRET": stack.jwt_secret,
        "DATABASE_URL": stack.db_url,
    }.items():
        print(f"{name}={value}")


def _logs(options: argparse.Namespace) -> int:
    logs = State(options.state).logs
    found = [logs / f"{options.part}.log"] if options.part else sorted(logs.glob("*.log"))
    if not found or not found[0].exists():
        raise DevstackError(f"No logs in {logs}.")
    tail = ["tail", "-n", "+1" if options.part else "20"]
    return subprocess.run(
        [*tail, *(["-F"] if options.follow else []), *map(str, found)], check=False
    ).returncode


def _running(options: argparse.Namespace) -> Stack:
    stack = Stack.at(options.state.resolve())
    if stack is None:
        raise DevstackError("Nothing is running. Start it with `python -m devstack up`.")
    return stack


def _show(content: dict[str, Any]) -> None:
    """Print where things are and the keys, as the Supabase CLI's `status` does."""
    keys = content["keys"]
    for label, value in {
        "API URL": content["url"],
        "Page": f"{content['url']}/console/",
        "DB URL": content["db_url"],
        "Publishable key": keys["publishable"],
        "Secret key": keys["secret"],
        "anon key": keys["anon"],
        "service_role key": keys["service_role"],
        "JWT secret": content["jwt_secret"],
    }.items():
        print(f"{label:>16}: {value}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
