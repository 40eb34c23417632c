"""Contacts, matched by a ladder of identities in the database. Rules: docs/FRONTEND.md."""

from functools import partial

from worker.tables.table import Field, Row, Table
from worker.values import code, dollars, email, line, percent, text

_line = partial(line, longest=255)

_FIELDS = (
    Field(
        "name",
        _line,
        "Name",
        synonyms=("contact name", "customer name", "full name", "contact"),
    ),
    Field("email", email, "Email", synonyms=("e-mail", "email address", "e-mail address")),
    Field(
        "phone",
        partial(line, longest=100),
        "Phone",
        synonyms=("telephone", "mobile", "cell", "phone number"),
    ),
    Field(
        "company",
        _line,
        "Company",
        synonyms=("business", "organization", "account name", "company name"),
    ),
    Field("trade", _line, "Trade"),
    Field("status", _line, "Status"),
    Field("priceLevel", _line, "Price level", "price_level", ("tier", "price group")),
    Field("address", partial(line, longest=500), "Address", synonyms=("street", "street address")),
    Field("city", _line, "City", synonyms=("town",)),
    Field("province", _line, "Province", synonyms=("state", "region")),
    Field("postalCode", _line, "Postal code", "postal_code", ("zip", "zip code")),
    Field("notes", partial(text, longest=20_000), "Notes", synonyms=("comments",)),
    Field(
        "legacyNumber",
        partial(code, longest=255),
        "Legacy number",
        "legacy_number",
        ("legacy #", "customer #", "account #", "customer id"),
    ),
    Field(
        "accountOwnerNumber",
        email,
        "Account owner number",
        "account_owner_number",
        ("sales rep", "account owner", "owner #"),
    ),
    Field("ptdSales", dollars, "PTD sales", "ptd_sales", evidence="number"),
    Field("ptdGpPercent", percent, "PTD GP percent", "ptd_gp_percent", ("ptd gp %",),
          evidence="number"),
    Field("ytdSales", dollars, "YTD sales", "ytd_sales", evidence="number"),
    Field("ytdGpPercent", percent, "YTD GP percent", "ytd_gp_percent", ("ytd gp %",),
          evidence="number"),
    Field("lyrSales", dollars, "LYR sales", "lyr_sales", evidence="number"),
    Field("lyrGpPercent", percent, "LYR GP percent", "lyr_gp_percent", ("lyr gp %",),
          evidence="number"),
)  # fmt: skip


def _name(row: Row) -> None:
    """Name a contact that has no name by its e-mail, else by its legacy number.

    One that is there already keeps its own name.
    """
    if "name" not in row:
        row["name"] = row.get("email") or f"Legacy #{row['legacy_number']}"
        row["name_made_up"] = True


CONTACTS = Table(
    noun="contacts",
    fields=_FIELDS,
    required=(("name", "email", "legacyNumber"),),
    apply_function="apply_contacts_batch",
    complete=_name,
    # A row may match the contact that an earlier one made.
    in_order=True,
    skips_rows_without_required=True,
)
