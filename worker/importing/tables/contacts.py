"""Contacts, matched by a ladder of identities in the database. Rules: docs/FRONTEND.md."""

from functools import partial

from worker.importing.tables.table import Field, Row, Table
from worker.importing.values import code, dollars, email, line, owner, percent, text

_line = partial(line, longest=255)

_MAIN = "person lead main primary contact customer business company work office billing default"
_ADDRESS = f"{_MAIN} mailing physical address 1 po"

_FIELDS = (
    Field(
        "name",
        _line,
        "Name",
        synonyms=(
            "customer full name", "full name", "contact name", "contact full name", "customer name",
            "display name", "customer display name", "first surname", "designation",
            "fiscal name", "legal name", "name 1", "lead name", "person name",
        ),
        weak_synonyms=("customer", "account name", "contact", "contact person", "primary contact",
                       "main contact", "attention", "attn", "contractor", "contractor name",
                       "builder", "builder name"),
        last_resorts=("company", "company name", "vendor name", "vendor"),
        # The composed name comes before the weak ones.
        parts=(("forename", "first"), ("middle",), ("surname", "last")),
        beside="primary customer contact billing person lead",
    ),
    Field("email", email, "Email", synonyms=("email address", "email id", "email *"),
          beside=f"{_MAIN} address value 1"),
    Field(
        "phone",
        partial(code, longest=100),
        "Phone",
        synonyms=("phone number", "phone landline", "landline", "direct line",
                  "direct phone", "phone mobile", "mobile", "mobile number", "home phone",
                  "contact number", "day phone", "daytime phone", "phone *", "phone number *"),
        beside=f"{_MAIN} value 1",
        evidence="code",
    ),
    Field(
        "company",
        _line,
        "Company",
        synonyms=("company name", "account name", "associated company", "customer name",
                  "customer company", "company account", "employer", "billing company",
                  "related company", "parent company", "parent", "customer", "shipping company"),
        beside="1 default primary business work customer person",
        forgives=True,
    ),
    Field("trade", _line, "Trade", synonyms=("trade type", "specialty",
                                             "speciality", "craft")),
    Field("status", _line, "Status", synonyms=("lead status", "contact status", "customer status",
                                               "account status", "lead stage",
                                               "contact stage")),
    Field("priceLevel", _line, "Price level", "price_level",
          ("price tier", "tier", "price group", "pricegroup", "pricelist", "pricecode",
           "price level name", "tier level"),
          beside="customer default sell price"),
    Field(
        "address",
        partial(line, longest=500),
        "Address",
        synonyms=("street address", "street", "address 1", "address line", "address line 1",
                  "address line one", "street 1", "street line 1", "shipping address",
                  "shipping street",
                  "home address", "home street", "formatted address", "full address",
                  "complete address"),
        beside=_ADDRESS,
    ),
    Field("city", _line, "City", synonyms=("shipping city", "home city", "city name", "city *"),
          beside=_ADDRESS),
    Field(
        "province",
        _line,
        "Province",
        synonyms=("state", "state province", "state region", "state province region", "st",
                  "province territory", "province code", "state code", "region",
                  "estado", "etat", "province etat", "department region", "province name",
                  "state name", "kanton", "shipping province", "shipping state", "home state"),
        beside=_ADDRESS,
        forgives=True,
    ),
    Field("postalCode", partial(code, longest=255), "Postal code", "postal_code",
          ("postal", "shipping postal", "home postal", "postal *"), beside=f"{_ADDRESS} code",
          evidence="code", forgives=True),
    Field("notes", partial(text, longest=20_000), "Notes",
          synonyms=("customer notes", "contact notes", "account notes", "general notes",
                    "person notes", "internal notes", "notes 1"), beside="additional private"),
    Field(
        "legacyNumber",
        partial(code, longest=255),
        "Legacy number",
        "legacy_number",
        ("customer number", "account number", "customer id", "customer code", "account code",
         "customer account number", "legacy id", "legacy code", "customer account",
         "customer reference", "account reference", "account id", "customer key"),
        weak_synonyms=("number", "account", "code", "card id"),
        evidence="code",
    ),
    Field(
        "accountOwnerNumber",
        owner,
        "Account owner number",
        "account_owner_number",
        ("owner", "account owner", "contact owner", "owner number", "owner email", "rep",
         "owner name", "rep name", "rep code", "rep number", "rep id", "rep email", "account rep",
         "assigned to", "assigned", "sales owner", "rep 1", "commercial", "comercial", "assignee",
         "assigned user", "responsible", "responsable", "owner full name", "rep full name",
         "contact owner alias", "owner alias", "account owner alias", "owner *"),
        beside="customer primary lead inside outside company person account default",
        evidence="owner",
    ),
    Field("ptdSales", dollars, "PTD sales", "ptd_sales",
          ("ptd", "ptd sell", "ptd purchase", "period sales", "month sales"),
          beside="amount total net customer", evidence="number"),
    Field("ptdGpPercent", percent, "PTD GP percent", "ptd_gp_percent",
          ("ptd gp %", "ptd margin %", "ptd profit %", "period gp %", "period margin %",
           "month gp %", "month margin %"), beside="sales", evidence="number"),
    Field("ytdSales", dollars, "YTD sales", "ytd_sales", ("ytd", "ytd sell", "ytd purchase"),
          beside="amount total net customer", evidence="number"),
    Field("ytdGpPercent", percent, "YTD GP percent", "ytd_gp_percent",
          ("ytd gp %", "ytd margin %", "ytd profit %"), beside="sales", evidence="number"),
    Field("lyrSales", dollars, "LYR sales", "lyr_sales", ("lyr", "lyr sell", "lyr purchase"),
          beside="amount total net customer", evidence="number"),
    Field("lyrGpPercent", percent, "LYR GP percent", "lyr_gp_percent",
          ("lyr gp %", "lyr margin %", "lyr profit %"), beside="sales", evidence="number"),
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
)
