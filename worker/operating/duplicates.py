"""Duplicates, of items and of contacts: what there is, and what an operator decides on each."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from postgrest import CountMethod
from supabase import AsyncClient

from worker.connection import TransientError, retried
from worker.exceptions import DatabaseUnavailableError, DuplicateRefusedError
from worker.operating.answers import answer, ask

# Groups of contacts that are told.
_MOST_GROUPS = 1000
# Ids in a URL of some 4,000 characters.
_IDS_AT_ONCE = 100
# Items merged in one transaction.
_MERGED_AT_ONCE = 200
_REFUSALS = {"PT412": DuplicateRefusedError}


@dataclass(frozen=True, slots=True)
class SetAside:
    """An item that was set aside because another one has its SKU."""

    # As it was in inventory; what restores it.
    duplicate_id: str
    sku: str
    # Every column of it.
    item: dict[str, Any]
    # The one that stayed, as it is now; None when it was deleted since.
    kept: dict[str, Any] | None


class Duplicates:
    """The duplicates of one organization."""

    def __init__(self, client: AsyncClient, organization_id: str) -> None:
        self._client = client
        self._organization_id = organization_id

    async def count_items(self) -> int:
        """Count what was set aside and waits."""
        query = self._waiting("id", count=CountMethod.exact).limit(1)
        return int((await retried("duplicates", lambda: _answer(query))).count)

    async def items(self, sku: str | None, most: int) -> list[SetAside]:
        """Read what was set aside and waits, by SKU; of one SKU only, where one is named."""
        query = self._waiting("id,sku,kept_id,item")
        if sku is not None:
            query = query.eq("sku", sku)
        found = await self._ask(query.order("sku").order("id").limit(most))
        kept: dict[str, dict[str, Any]] = {}
        wanted = sorted({row["kept_id"] for row in found})
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            part = wanted[start : start + _IDS_AT_ONCE]
            rows = self._of("inventory", "*").in_("id", part)
            kept |= {row["id"]: row for row in await self._ask(rows)}
        return [
            SetAside(row["id"], row["sku"], row["item"], kept.get(row["kept_id"])) for row in found
        ]

    async def restore(self, duplicate_id: UUID, new_sku: str | None) -> dict[str, Any]:
        """Restore an item, under a SKU of its own or in the place of the one that stayed.

        Returns:
            the item's "id" and "sku".

        Raises:
            DuplicateRefusedError: it cannot be done; the text says why.
            DatabaseUnavailableError, RequestRefusedError.

        """
        return await self._decide(
            "restore_inventory_duplicate", duplicate_id=str(duplicate_id), new_sku=new_sku
        )

    async def merge_items(self) -> int:
        """Merge everything that waits into the items that stayed; how many."""
        merged = 0
        step = self._call("merge_inventory_duplicates", most=_MERGED_AT_ONCE)
        while some := await self._ask(step):
            merged += some
        return merged

    async def contacts(self) -> list[dict[str, Any]]:
        """Read groups of contacts that may be one: contact_duplicates says what is in a group."""
        groups = self._client.rpc(
            "contact_duplicates", {"of_organization": self._organization_id}
        ).limit(_MOST_GROUPS)
        return list(await self._ask(groups))

    async def merge_contacts(self, kept_id: str, gone_id: str) -> dict[str, Any]:
        """Merge one contact into another; what was "filled" and how many rows were "moved".

        Raises:
            DuplicateRefusedError: it cannot be done; the text says why.
            DatabaseUnavailableError, RequestRefusedError.

        """
        return await self._decide("merge_contacts", kept_id=kept_id, gone_id=gone_id)

    async def unmerge_contacts(self, gone_id: str) -> dict[str, Any]:
        """Take a merge back; which columns were "restored" and how many rows were "moved".

        Raises:
            DuplicateRefusedError: it cannot be done; the text says why.
            DatabaseUnavailableError, RequestRefusedError.

        """
        return await self._decide("unmerge_contacts", gone_id=gone_id)

    def _waiting(self, columns: str, **options: Any) -> Any:  # noqa: ANN401 - the client's builders have no common type
        return self._of("inventory_duplicates", columns, **options).is_("merged_at", "null")

    def _of(self, table: str, columns: str, **options: Any) -> Any:  # noqa: ANN401 - as above
        rows = self._client.table(table).select(columns, **options)
        return rows.eq("organization_id", self._organization_id)

    def _call(self, function: str, **arguments: object) -> Any:  # noqa: ANN401 - as above
        return self._client.rpc(function, {"organization_id": self._organization_id} | arguments)

    async def _decide(self, function: str, **arguments: object) -> dict[str, Any]:
        """Call once: done twice, some of these undo themselves, and others refuse."""
        try:
            return dict((await _answer(self._call(function, **arguments))).data)
        except TransientError as error:
            raise DatabaseUnavailableError(str(error)) from None

    async def _ask(self, query: Any) -> Any:  # noqa: ANN401 - as above; rows, or a count
        return await ask("duplicates", query, _REFUSALS)


async def _answer(query: Any) -> Any:  # noqa: ANN401 - as above
    return await answer("duplicates", query, _REFUSALS)
