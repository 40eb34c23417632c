"""One Chromium, one stack and one worker for all; visitors of one test each."""

import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from playwright.async_api import async_playwright, expect

from tests.browser import chromium
from tests.browser.visitor import Visitor

PROJECT = Path(__file__).parents[2]
ORGANIZATIONS = ["org_cedar", "org_granite"]
TABLES = (
    *("scheduled_jobs", "inventory", "contacts", "import_templates", "import_memory"),
    *("import_guards", "import_daily", "notification_channels", "import_notifications"),
)
# For what hangs: how long anything takes is nowhere judged.
_PATIENCE_MS = 120_000


@pytest.fixture(scope="session")
async def browser():
    path = chromium.find()
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield browser
        await browser.close()


class WorkerProcess:
    """A worker that can be taken away and brought back."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "worker", "run"], cwd=PROJECT, env=self._environment
            )

    def ask_to_stop(self) -> None:
        """Have it take nothing more, and give back what it has."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ask it to; return when it is gone."""
        self.ask_to_stop()
        if self._process is not None:
            assert self._process.wait(timeout=120) == 0
            self._process = None


@pytest.fixture(scope="session")
def worker_process(stack):
    process = WorkerProcess(stack.worker_environment | {"WORKER_LOG_LEVEL": "warning"})
    yield process
    process.stop()


@pytest.fixture
def worker(worker_process):
    """The worker, there when the test begins."""
    worker_process.start()
    return worker_process


@pytest.fixture
async def visit(browser, stack):
    """Come to the page, as a user if one is named; what went wrong in any page fails the test."""
    visitors = []
    async with AsyncExitStack() as contexts:

        async def visit(email=None, *steps, url=f"{stack.url}/console/", **options):
            context = await browser.new_context(**{"locale": "en-CA"} | options)
            contexts.push_async_callback(context.close)
            context.set_default_timeout(_PATIENCE_MS)
            visitor = Visitor(context, await context.new_page(), url)
            visitor.listen()
            visitors.append(visitor)
            await visitor.open(*steps)
            if email is not None:
                await visitor.sign_in(email)
            return visitor

        yield visit
    assert [problem for visitor in visitors for problem in visitor.problems] == []


@pytest.fixture(autouse=True)
def emptied(database):
    """Leave the seed's organizations as they were."""
    yield
    for table in TABLES:
        _empty(database, table)


def _empty(database, table):
    """Delete the organizations' rows, also while a worker is at one of them."""
    while True:
        try:
            database.execute(
                f"delete from {table} where organization_id = any (%s)",  # noqa: S608
                [ORGANIZATIONS],
            )
        except psycopg.errors.DeadlockDetected:
            continue
        return
