"""A PostgreSQL for databases side by side."""

import pytest

from devstack import ports
from devstack.part import Part
from devstack.postgres import Postgres, bootstrap
from tests.databases import Cluster


@pytest.fixture(scope="session")
async def cluster(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cluster")
    postgres = Postgres.find(directory)
    postgres.initdb()
    port = ports.choose(0, "")
    server = Part(postgres.command(port), directory / "postgres.log")
    try:
        await server.spawn()
        await server.ready()
        await bootstrap(postgres.url(port, "supabase_admin"))
        yield Cluster(postgres, port, directory)
    finally:
        await server.stop()
        postgres.drop()
