"""python -m worker console: the page on this machine, for a project elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def served(stack):
    """The page's address. Nothing secret is in its environment."""
    told = {"SUPABASE_URL": stack.url, "SUPABASE_PUBLISHABLE_KEY": stack.keys.publishable}
    kept = {name: value for name, value in os.environ.items() if "SUPABASE" not in name}
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "console", "--port", "0"],
        cwd=PROJECT, env=kept | told, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    line = process.stdout.readline()
    yield re.search(r"http://127\.0\.0\.1:\d+/", line)[0]
    process.terminate()
    process.communicate()
    assert process.returncode == 0


async def test_the_page_works_from_another_address_than_the_projects(visit, served):
    visitor = await visit(url=served)
    await visitor.sign_in("olivia@cedar.test")
    await visitor.open("status")
    await expect(visitor.page.get_by_role("heading", name="Status")).to_be_visible()
    assert {request.url.split("?")[0] for request in visitor.requests} >= {f"{served}config.json"}
