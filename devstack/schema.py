"""What the migrations make, as the worker's doctor expects it: ``python -m devstack.schema``.

It starts a stack of its own and writes worker/operating/doctor/schema.json.
"""

import json

import psycopg

from devstack.stack import running
from devstack.state import PROJECT

FILE = PROJECT / "worker" / "operating" / "doctor" / "schema.json"


def read(database_url: str) -> str:
    """Give the file's text for a database, a line an object so that changes can be compared."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select public.import_schema()").fetchone()
    assert row is not None  # noqa: S101 - it is a function's answer
    [told] = row
    objects = ",\n".join(json.dumps(line, ensure_ascii=False) for line in told["objects"])
    return f'{{"version": {json.dumps(told["version"])}, "objects": [\n{objects}\n]}}\n'


def main() -> None:
    """Write the file."""
    with running() as stack:
        FILE.write_text(read(stack.db_url))


if __name__ == "__main__":
    main()
