"""``python -m worker templates``, as an operator types it."""

import asyncio
import json
from uuid import uuid4

import pytest

from worker.service import serve

BY_HAND = {"Kode": "sku", "Navn": "name", "Pris": "unit_price"}
CONTENT = b"Kode;Navn;Pris;Farge\nA1;Skrue;1.234,50;rod\n"


@pytest.fixture
def command(terminal, environment, dealer):
    def run(*arguments, organization=None):
        return terminal.run(
            *arguments, "--organization", organization or dealer.organization_id,
            environment=environment,
        )  # fmt: skip

    return run


def templates(dealer):
    return dealer.connection.execute(
        "select name, data_type, mapping, options, columns from import_templates"
        " where organization_id = %s order by name",
        [dealer.organization_id],
    ).fetchall()


async def test_save_list_use_show_and_delete(command, dealer, import_file, tmp_path, settings):
    job, _ = await import_file(CONTENT, mapping=BY_HAND, options={"delimiter": ";"})
    saved = command("templates", "save", " Monthly ", "--from-job", job["id"])
    assert (saved.returncode, saved.stdout) == (
        0, 'Saved the template "Monthly" of inventory, from a job.\n',
    )  # fmt: skip
    [template] = templates(dealer)
    assert template == {
        "name": "Monthly",
        "data_type": "inventory",
        "mapping": BY_HAND,
        "options": {"delimiter": ";", "decimal_mark": {"unit_price": ","}},
        "columns": ["Kode", "Navn", "Pris", "Farge"],
    }
    again = command("templates", "save", "Monthly", "--from-job", job["id"])
    assert again.stdout.startswith('Replaced the template "Monthly"')

    listed = command("templates", "list")
    assert listed.stdout.startswith("inventory: Monthly (3 columns, changed 20")
    assert "no templates" in command("templates", "list", "--data-type", "bids").stdout
    shown = command("templates", "show", "Monthly")
    assert json.loads(shown.stdout) == template

    # Another set of columns, so that it is the template and no memory that maps it.
    file = tmp_path / "next.csv"
    file.write_bytes(b"Navn;Kode;Pris\nSkrue;A1;2.500\n")
    using = asyncio.create_task(asyncio.to_thread(command, "import", file, "--template", "Monthly"))
    while not using.done():
        await serve(settings, once=True)
    result = await using
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'Mapped as in the template "Monthly".' in result.stdout
    assert [item["unit_price"] for item in dealer.inventory()] == [250_000]

    deleted = command("templates", "delete", "Monthly")
    assert deleted.stdout == 'Deleted the template "Monthly" of inventory.\n'
    assert templates(dealer) == []


async def test_what_is_not_there_is_refused(command, dealer, make_dealer, import_file):
    for action in ("show", "delete"):
        result = command("templates", action, "Monthly", "--data-type", "bids")
        assert result.returncode == 2
        assert result.stdout == f'{dealer.organization_id} has no template "Monthly" of bids.\n'
    save = ("templates", "save", "Monthly", "--from-job")
    nobodys = uuid4()
    result = command(*save, nobodys)
    assert (result.returncode, result.stdout) == (
        2, f"{dealer.organization_id} has no job {nobodys}.\n",
    )  # fmt: skip
    job, _ = await import_file(CONTENT, mapping=BY_HAND)
    other = make_dealer().organization_id
    result = command(*save, job["id"], organization=other)
    assert (result.returncode, result.stdout) == (2, f"{other} has no job {job['id']}.\n")
    result = command(*save, job["id"], "--data-type", "bids")
    assert (result.returncode, result.stdout) == (
        2, f"Job {job['id']} is about inventory, not bids.\n",
    )  # fmt: skip
    waiting = dealer.insert_job([], scheduled_in=3600)
    result = command(*save, waiting)
    assert result.returncode == 2
    assert "has mapped no columns yet" in result.stdout
    assert templates(dealer) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["save", "Monthly"], "--from-job"),
        (["save", "Monthly", "--from-job", "7"], "this is no job's id"),
        (["show", " "], "a name has 1 to 100 characters"),
        (["show", "x" * 101], "a name has 1 to 100 characters"),
        (["rename", "a"], "invalid choice: 'rename'"),
    ],
)
def test_a_wrong_argument_makes_it_2(command, arguments, message):
    result = command("templates", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
