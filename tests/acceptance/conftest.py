"""Files on their way through Storage, a worker and the database."""

from uuid import uuid4

import pytest

from tests import warm
from tests.acceptance import terminal as any_terminal
from worker.config import Settings
from worker.service import serve


@pytest.fixture(scope="module")
def environment(stack):
    """What a command of the worker's needs to know, wherever it is typed."""
    return stack.worker_environment | {
        "WORKER_LOG_LEVEL": "warning",
        "PYTHONPATH": str(warm.PROJECT),
    }


@pytest.fixture(scope="session")
def terminal():
    """Where commands of the worker's are typed: ``terminal.run``."""
    return any_terminal


@pytest.fixture(scope="module")
def worker(environment, tmp_path_factory):
    """One beside what is typed, which stops cleanly at the end."""
    log = tmp_path_factory.mktemp("beside") / "worker.log"
    process = warm.start("worker", "run", environment=environment, output=log)
    yield
    process.terminate()
    assert process.wait(timeout=120) == 0


@pytest.fixture
def settings(stack):
    return Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret)


@pytest.fixture
def import_file(settings, dealer, service_client):
    """Upload a file and have it imported; its job and its run."""

    async def import_content(content, data_type="inventory", name="stock.csv", **file_data):
        path = f"{dealer.organization_id}/{uuid4()}/{name}"
        await service_client.storage.from_("imports").upload(path, content)
        source = {"source": {"bucket": "imports", "path": path}}
        job_id = dealer.insert_job(None, data_type=data_type, file_data=source | file_data)
        await serve(settings, once=True)
        [run] = dealer.runs(job_id)
        return dealer.job(job_id), run

    return import_content
