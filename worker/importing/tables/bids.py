"""Bids: always inserted, never matched. Fields and defaults: docs/FRONTEND.md."""

from functools import partial

from worker.importing.tables.table import Field, Table
from worker.importing.values import date, dollars, line, text

_line = partial(line, longest=255)
_text = partial(text, longest=20_000)

# Words beside a sum that change nothing.
_BESIDE_SUMS = "usd eur"

_FIELDS = (
    Field(
        "clientName",
        _line,
        "Client name",
        "client_name",
        ("client", "client full name", "client display name", "customer job"),
        weak_synonyms=("company name", "company", "associated company", "customer company",
                       "gc", "gc name", "contractor", "contractor name", "builder",
                       "builder name", "account name", "account", "prospect", "prospect name",
                       "contact name", "contact", "customer contact", "billing name", "billing",
                       "developer", "name"),
    ),
    Field(
        "projectName",
        _line,
        "Project name",
        "project_name",
        ("project", "job name", "project title", "project job", "project job name"),
        weak_synonyms=("job", "job title", "opportunity title", "opportunity name",
                       "opportunity", "deal name", "deal", "quote name", "estimate name",
                       "bid name", "proposal name",
                       "bid title", "quote title", "estimate title", "proposal title",
                       "deal title", "subject", "title", "jobsite", "site name", "site",
                       "project site", "objet", "betreff", "asunto", "name",
                       "project description", "job description", "project address",
                       "job address"),
    ),
    Field("description", _text, "Description",
          synonyms=("project description", "job description", "scope", "summary", "details",
                    "work description", "description work", "bid description",
                    "quote description", "estimate description", "project scope",
                    "project details", "job details", "notes description"),
          forgives=True),
    Field("subtotal", dollars, "Subtotal",
          synonyms=("subtotal amount", "subtotal ht", "total ht", "amount ht", "ht", "net amount",
                    "net total", "total net", "net value", "net", "goods total", "price ht"),
          beside=_BESIDE_SUMS, evidence="number"),
    Field("tax", dollars, "Tax", "tax_amount",
          ("tax amount", "sales tax", "tax total", "tax gst", "gst", "gst amount", "gst pst",
           "tax gst pst", "tax pst", "estimated tax"),
          beside="bid quote estimate", evidence="number"),
    Field("total", dollars, "Total",
          synonyms=("total amount", "grand total", "amount", "bid amount", "quote total",
                    "estimate total", "bid total", "quote amount", "estimate amount",
                    "total ttc", "amount ttc", "ttc", "total value", "total price", "quote value",
                    "bid value", "estimate value", "bid price", "quote price", "quoted price",
                    "quoted amount", "proposal amount", "proposal total", "proposal price",
                    "contract amount", "contract value", "contract price", "deal value",
                    "deal amount", "opportunity amount", "project value", "project total",
                    "amount submitted", "price submitted", "estimated value", "gross total",
                    "gross amount", "value", "price ttc", "gross", "total sell", "sell price",
                    "price"),
          beside=_BESIDE_SUMS, evidence="number"),
    Field("status", _line, "Status",
          synonyms=("bid status", "quote status", "estimate status", "proposal status",
                    "project status", "job status", "opportunity status", "lead status", "stage",
                    "deal stage", "opportunity stage", "bid stage", "result", "outcome",
                    "bid result", "estado", "etat", "stage name", "deal status")),
    Field(
        "validUntil",
        date,
        "Valid until",
        "valid_until",
        ("validuntil", "expiry", "expiry date", "expiry on", "bid validuntil",
         "quote validuntil", "quote expiry", "estimate expiry", "estimate validuntil",
         "bid expiry", "proposal expiry", "proposal validuntil"),
        evidence="date",
    ),
    Field("notes", _text, "Notes", synonyms=("customer notes", "internal notes", "bid notes",
                                             "quote notes", "estimate notes", "job notes",
                                             "project notes")),
    Field("terms", _text, "Terms", synonyms=("payment terms", "quote terms", "bid terms",
                                             "customer terms")),
)  # fmt: skip

BIDS = Table(
    noun="bids",
    fields=_FIELDS,
    required=(("clientName",), ("projectName",)),
    apply_function="apply_bids_batch",
    is_always_new=True,
)
