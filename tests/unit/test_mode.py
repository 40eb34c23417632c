"""What a job says of its mode, and a file by the columns that it lacks."""

import pytest

from worker.exceptions import JobRefusedError
from worker.importing.mapping import automatic_mapping, given_mapping
from worker.importing.mode import MODES, complete_or_updating, read_mode
from worker.importing.tables import TABLES


@pytest.mark.parametrize("data_type", TABLES)
@pytest.mark.parametrize("options", [{}, {"mode": None}, {"mode": "upsert"}, {"sheet": "update"}])
def test_both_unless_it_is_said(data_type, options):
    assert read_mode(options, TABLES[data_type]) == "upsert"


@pytest.mark.parametrize("data_type", ["inventory", "contacts"])
@pytest.mark.parametrize("mode", MODES)
def test_each_mode_is_known(data_type, mode):
    assert read_mode({"mode": mode}, TABLES[data_type]) == mode


@pytest.mark.parametrize("mode", ["", "Update", "insert", "update ", True, 0, ["update"], {}])
@pytest.mark.parametrize("data_type", TABLES)
def test_another_one_is_refused(data_type, mode):
    with pytest.raises(JobRefusedError, match='must be "upsert", "update" or "create"'):
        read_mode({"mode": mode}, TABLES[data_type])


def test_bids_are_created_and_never_updated():
    assert read_mode({"mode": "create"}, TABLES["bids"]) == "create"
    with pytest.raises(JobRefusedError, match="bids always make new ones, so there is nothing to"):
        read_mode({"mode": "update"}, TABLES["bids"])


INVENTORY = TABLES["inventory"]
NO_NAMES = "The file has no names: items that are there are updated, unknown SKUs are refused."


@pytest.mark.parametrize("mode", ["upsert", "update"])
@pytest.mark.parametrize(
    ("given", "price"),
    [(None, "Price"), ({"SKU": "sku", "Prix": "unit_price", "Libellé": "name"}, "Prix")],
)
def test_a_file_without_names_can_update(mode, given, price):
    columns = ["SKU", price]
    mapping = (
        given_mapping(columns, given, INVENTORY) if given else automatic_mapping(columns, INVENTORY)
    )
    completed = complete_or_updating(mapping, INVENTORY, mode)
    assert dict(completed.columns) == {"sku": "SKU", "unit_price": price}
    assert completed.notes == (NO_NAMES, *mapping.notes)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("data_type", "columns"),
    [
        ("inventory", ["SKU", "Name"]),
        ("contacts", ["Email", "Phone"]),
        ("bids", ["Client Name", "Project Name"]),
    ],
)
def test_a_file_with_all_that_is_required_is_left_as_it_is(mode, data_type, columns):
    mapping = automatic_mapping(columns, TABLES[data_type])
    assert complete_or_updating(mapping, TABLES[data_type], mode) == mapping


@pytest.mark.parametrize(
    ("data_type", "columns", "mode", "missing"),
    [
        pytest.param("inventory", ["SKU", "Price"], "create", "name", id="creates without names"),
        pytest.param("inventory", ["SKU"], "update", "name", id="nothing to update"),
        pytest.param("inventory", ["SKU", "Prise"], "upsert", "name", id="nothing known to update"),
        pytest.param("inventory", ["Name", "Price"], "update", "sku", id="whose?"),
        pytest.param("inventory", ["Price"], "update", "name", id="neither"),
        pytest.param("contacts", ["Phone"], "update", "name or email", id="whose phone?"),
        pytest.param("bids", ["Client"], "upsert", "projectName", id="a bid is always new"),
    ],
)
def test_a_file_that_can_do_nothing_is_refused(data_type, columns, mode, missing):
    table = TABLES[data_type]
    with pytest.raises(JobRefusedError, match=f"No column was found for {missing}"):
        complete_or_updating(automatic_mapping(columns, table), table, mode)
