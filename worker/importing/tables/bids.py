"""Bids: always inserted, never matched. Fields and defaults: docs/FRONTEND.md."""

from functools import partial

from worker.importing.tables.table import Field, Table
from worker.importing.values import date, dollars, line, text

_line = partial(line, longest=255)
_text = partial(text, longest=20_000)

_FIELDS = (
    Field(
        "clientName",
        _line,
        "Client name",
        "client_name",
        ("client", "client full name", "client display name"),
        weak_synonyms=("company name", "company", "account name", "account", "contact name",
                       "contact", "name"),
    ),
    Field(
        "projectName",
        _line,
        "Project name",
        "project_name",
        ("project", "job name", "project title", "project job"),
        weak_synonyms=("job", "opportunity name", "quote name", "estimate name", "bid name",
                       "bid title", "title", "name", "job description"),
    ),
    Field("description", _text, "Description", synonyms=("project description", "job description"),
          forgives=True),
    Field("subtotal", dollars, "Subtotal", synonyms=("subtotal amount",), evidence="number"),
    Field("tax", dollars, "Tax", "tax_amount", ("tax amount", "sales tax", "tax total"),
          evidence="number"),
    Field("total", dollars, "Total",
          synonyms=("total amount", "grand total", "amount", "bid amount", "quote total",
                    "estimate total", "bid total", "quote amount", "estimate amount",
                    "total price"), evidence="number"),
    Field("status", _line, "Status", synonyms=("bid status", "quote status", "estimate status")),
    Field(
        "validUntil",
        date,
        "Valid until",
        "valid_until",
        ("validuntil", "expiry", "expiry date", "expiry on"),
        evidence="date",
    ),
    Field("notes", _text, "Notes"),
    Field("terms", _text, "Terms", synonyms=("payment terms",)),
)  # fmt: skip

BIDS = Table(
    noun="bids",
    fields=_FIELDS,
    required=(("clientName",), ("projectName",)),
    apply_function="apply_bids_batch",
    is_always_new=True,
)
