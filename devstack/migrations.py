"""Migrations, applied by the real Supabase CLI."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

from devstack import node
from devstack.death import tie_to_parent
from devstack.state import PROJECT, DevstackError

SUPABASE = PROJECT / "supabase"


async def push(database_url: str, workdir: Path) -> str:
    """Apply what is not yet applied, as `supabase db push` does; return what it printed.

    The CLI works on a copy below `workdir`, so that it leaves nothing in the checkout.
    Raises DevstackError with its output if it fails.
    """
    shutil.rmtree(workdir, ignore_errors=True)
    copy = workdir / "supabase"
    copy.mkdir(parents=True)
    shutil.copytree(SUPABASE / "migrations", copy / "migrations")
    shutil.copy(SUPABASE / "config.toml", copy)
    return await run(workdir, "db", "push", "--yes", "--skip-vault", f"--remote={database_url}")


async def run(workdir: Path, *arguments: str) -> str:
    """Run the Supabase CLI on the project in `workdir`; return its output, or raise with it."""
    parent = os.getpid()
    cli = await asyncio.create_subprocess_exec(
        node.program("@supabase/cli", "bin/supabase"),
        *arguments,
        "--workdir",
        str(workdir),
        env={
            **os.environ,
            "HOME": str(workdir),  # neither reads nor writes the user's settings
            "DO_NOT_TRACK": "1",
            # It is a JavaScript program that lives for a second: its best compiler never pays.
            "BUN_JSC_useDFGJIT": "0",
            "SUPABASE_TELEMETRY_DISABLED": "1",
            "SUPABASE_NO_UPDATE_NOTIFIER": "1",
            "PGSSLMODE": "disable",  # on loopback; else it tries TLS first and warns
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=lambda: tie_to_parent(parent, signal.SIGKILL),
    )
    try:
        output, _ = await cli.communicate()
    except asyncio.CancelledError:
        cli.kill()
        raise
    if cli.returncode:
        command = " ".join(arguments[:2])
        raise DevstackError(f"`supabase {command}` failed:\n{output.decode()}")
    return output.decode()
