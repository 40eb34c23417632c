"""Bids: always inserted, never matched. Fields and defaults: docs/FRONTEND.md."""

from functools import partial

from worker.tables.table import Field, Table
from worker.values import date, dollars, line, text

_line = partial(line, longest=255)
_text = partial(text, longest=20_000)

_FIELDS = (
    Field(
        "clientName",
        _line,
        "Client name",
        "client_name",
        ("client", "customer", "customer name"),
    ),
    Field("projectName", _line, "Project name", "project_name", ("project", "job name")),
    Field("description", _text, "Description"),
    Field("subtotal", dollars, "Subtotal", evidence="number"),
    Field("tax", dollars, "Tax", "tax_amount", ("tax amount",), evidence="number"),
    Field("total", dollars, "Total", synonyms=("amount", "total amount"), evidence="number"),
    Field("status", _line, "Status"),
    Field(
        "validUntil",
        date,
        "Valid until",
        "valid_until",
        ("expires", "expiry date", "expiration date"),
        evidence="date",
    ),
    Field("notes", _text, "Notes", synonyms=("comments",)),
    Field("terms", _text, "Terms", synonyms=("payment terms",)),
)

BIDS = Table(
    noun="bids",
    fields=_FIELDS,
    required=(("clientName",), ("projectName",)),
    apply_function="apply_bids_batch",
    is_always_new=True,
)
