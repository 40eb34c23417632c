"""``python -m worker export``, as an operator types it, with a worker beside it."""

import pytest


@pytest.fixture
def command(terminal, environment, dealer, tmp_path):
    def run(*arguments, **changes):
        return terminal.run(
            *arguments, "--organization", dealer.organization_id,
            environment=environment | changes, cwd=tmp_path,
        )  # fmt: skip

    return run


@pytest.fixture
def items(dealer):
    for sku, category in (("00123", "Paint"), ("B-2", "Wood")):
        dealer.execute(
            "insert into inventory (organization_id, sku, name, category) values (%s, %s, %s, %s)",
            dealer.organization_id, sku, "Saw", category,
        )  # fmt: skip


@pytest.mark.usefixtures("worker", "items")
def test_a_table_comes_as_a_file(command, tmp_path):
    """At once: nobody has a page open that could take it first."""
    result = command("export", "--output", "out.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 rows are in out.csv." in result.stdout
    assert b"Saw,00123," in (tmp_path / "out.csv").read_bytes()


@pytest.mark.usefixtures("worker", "items")
def test_the_file_goes_back_in(command, tmp_path, dealer):
    filters = '{"category": "Paint"}'
    result = command("export", "--data-type", "inventory", "--format", "xlsx", "--filter", filters)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 rows are in inventory_export.xlsx." in result.stdout
    before = dealer.inventory()
    result = command("import", tmp_path / "inventory_export.xlsx")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 created, 1 updated (0 unchanged), 0 refused" in result.stdout
    columns = ("sku", "name", "category", "quantity", "unit_price", "description")
    assert [[item[c] for c in columns] for item in dealer.inventory()] == [
        [item[c] for c in columns] for item in before
    ]


@pytest.mark.usefixtures("worker")
def test_quotes_by_a_template_that_is_not_there(command):
    result = command(
        "export", "--data-type", "bids", "--entity", "quotes", "--format", "custom",
        "--template", "gone",
    )  # fmt: skip
    assert result.returncode == 2
    assert "The job is failed." in result.stdout
    assert "The export template is not there any more." in " ".join(result.stdout.split())


@pytest.mark.usefixtures("worker", "items")
def test_a_place_that_cannot_be_written_to(command):
    result = command("export", "--output", "gone/out.csv")
    assert result.returncode == 2
    assert "gone/out.csv cannot be written" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "pdf"], "invalid choice: 'pdf'"),
        (["--entity", "profiles"], "invalid choice: 'profiles'"),
        (["--filter", "[]"], "this is no JSON object"),
        (["--data-type", "quotes"], "invalid choice: 'quotes'"),
    ],
)
def test_a_wrong_argument_makes_it_2(command, arguments, message):
    result = command("export", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
