"""Rows of a file that are no data: headings, totals, ends of pages, the column names once more.

Only a row that could not get in is taken for one, for it lacks what its table requires: a row with
a SKU and numbers stays, whatever it looks like. What is skipped is counted for a note.
"""

import functools
import re
from collections.abc import Mapping, Sequence

from worker.importing.columns import Tally
from worker.importing.mapping import ColumnMapping
from worker.importing.sources import SourceRow
from worker.importing.sources.rows import is_blank
from worker.importing.tables import Field, Table

_NUMBER = re.compile(r"[-+($€£\s]*[0-9][0-9.,'\s]*[-)%$€£\s]*").fullmatch
_LETTER = re.compile(r"[^\W\d_]").search
_WORD = re.compile(r"[^\W\d_]{3}").search
# A line across the page.
_RULE = re.compile(r"[-=_*+~.|\s]+").fullmatch
# A heading that spans several columns may be repeated in them, or stand beside a number's name.
_MOST_TEXTS = 2
# Longer cells are no labels.
_LONGEST_LABEL = 200

_AMOUNT = r"(?: (?: \s* [:=] | \s ) \s* [-($€£]* \s* [0-9][0-9.,\s]* [-)%$€£]* )?"
_TOTAL = re.compile(
    rf"""
    (?:
        (?: (?: grand | sub | sous | report | page | section | group | final | overall | running )
            [\s-]* )? totals?
      | total \s+ (?: g[ée]n[ée]ral | partiel | parcial | global | report )
      | subtotal(?: es )? | suma (?: \s+ total )? | somme | sum | montant \s+ total
      | (?: zwischen | end | gesamt )? summe | gesamt (?: betrag )? | übertrag | insgesamt
    )
    \s* :? {_AMOUNT}
    """,
    re.VERBOSE | re.IGNORECASE,
).fullmatch
# Of a row that has no other text than this.
_TOTAL_OF = re.compile(
    r"""
    (?: sub | grand | sous )? [\s-]* total(?: es | s )? \s*
        (?: (?: for | of | pour | de | du | des | para | por | für ) \s .+ | [:=-] .+
          | [^:]+ : [0-9\s.,]+ )
  | (?: zwischen )? summe \s .+
  | .+ \s (?: sub | grand \s | sous - )? -? totals? :?
  | (?: number | count | nombre | anzahl | número ) \s (?: of | de | der | des ) \s .+
  | \(? [0-9,]+ \s (?: rows? | records? | items? | products? | lines? | lignes? | articles? )
    (?: \s (?: affected | selected | returned | found | listed | printed | in \s total ) )? \.? \)?
    """,
    re.VERBOSE | re.IGNORECASE,
).fullmatch
_PAGE = re.compile(
    r"""
    (?: page | pg | página | pagina | pág | seite ) \.? \s* (?: no\.? | nr\.? | [\#:] )? \s*
        (?: [0-9]+ \b .* )?
  | (?: (?: report | list | date ) \s+ )? (?: printed | generated | exported | produced ) \s*
        (?: on | by | at | from | : | [0-9] ) .*
  | (?: print | printing | run | report | export ) \s* (?: date | time ) \b .*
  | as \s of \b .* [0-9] .* | end \s of \s (?: report | list | listing | file | page ) \b .*
  | \(? continued \b .* | (?: date | time | user | fecha | datum | utilisateur ) \s* : .*
  | (?: rapport \s+ )? (?: imprimé | généré | édité | exporté )e? \s* (?: le | par | : ) .*
  | fin \s (?: du \s rapport | de \s la \s liste | del \s (?: informe | reporte | listado ) ) \b .*
  | (?: informe \s+ | reporte \s+ )? (?: impreso | generado | exportado ) \s* (?: el | por | : ) .*
  | (?: bericht \s+ )? (?: gedruckt | erstellt | exportiert ) \s* (?: am | von | um | : ) .*
  | druckdatum \b .* | stand \s* :? \s* [0-9] .*
  | ende \s (?: des \s berichts | der \s liste ) \b .*
    """,
    re.VERBOSE | re.IGNORECASE,
).fullmatch
# How one of these two begins, for a quick look at a name.
_MAYBE = re.compile(
    r"\W*(?:total|grand|sub|sous|summe|gesamt|suma|somme|report|page|seite|pág|print|end|as of)",
    re.IGNORECASE,
).match

TOTALS, PAGES, HEADINGS = "totals", "page headers or footers", "headings"
NAMES, RULES = "repeated column names", "lines across the page"

Cells = Mapping[str, object]


class Asides:
    """Which rows of a source are no data.

    Args:
        table: what is imported.
        mapping: which column holds which field.
        all_columns: of the source, left to right.

    """

    def __init__(self, table: Table, mapping: ColumnMapping, all_columns: Sequence[str]) -> None:
        columns = mapping.columns
        groups = (
            [column for name in names for column in mapping.columns_of(name)]
            for names in table.required
        )
        # Of the required groups, the columns: a row has one of each.
        self._groups = [group for group in groups if group]
        # Whether a row may have one of each: a file that only updates lacks the names.
        self._may_be_whole = len(self._groups) == len(table.required)
        self._key = columns.get(table.key or "")
        self._numbers = [
            columns[field.name]
            for field in table.fields
            if field.holds_number and field.name in columns
        ]
        self._names = {column: _spellings(column) for column in all_columns}
        for field in table.fields:
            if columns.get(field.name) == field.name:  # records, whose columns had other names
                own = self._names.get(field.name, frozenset())
                self._names[field.name] = own | _names_of(field)
        self._first = self._groups[0][0] if self._groups else ""
        self._names_of_first = self._names.get(self._first, frozenset())

    def without(self, page: Sequence[SourceRow], skipped: dict[str, Tally]) -> list[SourceRow]:
        """Give the rows that are data; count the others by what they are."""
        kept = []
        for row in page:
            cells = row.cells
            if not isinstance(cells, dict) or self._is_surely_data(cells):
                kept.append(row)
            elif kind := self._kind(cells):
                skipped.setdefault(kind, Tally()).add(row.number, _example(cells))
            else:
                kept.append(row)
        return kept

    def _is_surely_data(self, cells: Cells) -> bool:
        """Whether a quick look is enough, as for most rows by far."""
        for group in self._groups:
            for column in group:
                cell = cells.get(column)
                if cell[:1].isalnum() if isinstance(cell, str) else cell is not None:
                    break
            else:
                return False
        first = cells.get(self._first)
        if not isinstance(first, str):
            return True
        return first.strip().casefold() not in self._names_of_first and not (
            (self._key is None or not self._may_be_whole) and _MAYBE(first)
        )

    def _kind(self, cells: Cells) -> str | None:
        filled = {column: cell for column, cell in cells.items() if not is_blank((cell,))}
        if self._is_header(filled):
            return NAMES
        if filled and all(isinstance(cell, str) and _RULE(cell) for cell in filled.values()):
            return RULES
        given = [column for group in self._groups for column in group if column in filled]
        texts = [column for column, cell in filled.items() if _is_text(cell)]
        if not texts:
            # Numbers and nothing to know them by.
            is_sum = filled and not given and self._key is None
            return TOTALS if is_sum and all(map(_is_number, filled.values())) else None
        label = texts[0]
        if any(column != label for column in given):
            return None
        if kind := self._kind_of_label(label, filled, texts):
            return kind
        # Only where items have numbers does a row without one show that it is none.
        has_numbers = any(column in cells for column in self._numbers)
        return HEADINGS if has_numbers and self._is_heading(label, filled) else None

    def _kind_of_label(self, label: str, filled: Cells, texts: Sequence[str]) -> str | None:
        """Judge a row that has nothing required but its label, the first of its texts."""
        is_whole = self._is_whole(filled)
        if is_whole and (self._key is not None or len(texts) > 1):
            return None
        written = str(filled[label])[:_LONGEST_LABEL].strip(" \t*=_#~-")
        if _TOTAL(written):
            return TOTALS
        if label == self._key and (len(filled) > len(texts) or not _is_words(written)):
            return None  # a code, and numbers: TOTAL-BOLT, PAGE12
        if _PAGE(written):
            return PAGES
        if len(texts) == 1 and not is_whole and _TOTAL_OF(written):
            return TOTALS
        return None

    def _is_whole(self, filled: Cells) -> bool:
        return self._may_be_whole and all(
            any(column in filled for column in group) for group in self._groups
        )

    def _is_heading(self, label: str, filled: Cells) -> bool:
        """Whether an item's row that has no number, and not both SKU and name, is a heading."""
        if self._key is None or self._is_whole(filled) or any(map(_is_number, filled.values())):
            return False
        written = str(filled[label])
        if not _WORD(written):
            return False
        if label == self._key:
            # A code alone is an item that lost its name.
            return len(filled) == 1 and _is_words(written.strip())
        return len(set(map(str, filled.values()))) <= _MOST_TEXTS

    def _is_header(self, filled: Cells) -> bool:
        if self._first not in filled or (len(filled) == 1 and len(self._names) > 1):
            return False
        return all(
            isinstance(cell, str) and _plain(cell) in self._names.get(column, ())
            for column, cell in filled.items()
        )


def notes(skipped: Mapping[str, Tally]) -> list[str]:
    """Say which rows were skipped, a sentence for each kind."""
    return [f"Skipped as {kind}: {tally}." for kind, tally in skipped.items()]


def _spellings(column: str) -> frozenset[str]:
    """Give what a column's own name may look like in a row: a second "Price" is "Price (2)"."""
    plain = _plain(column)
    return frozenset((plain, re.sub(r" \([0-9]+\)\Z", "", plain)))


@functools.cache
def _names_of(field: Field) -> frozenset[str]:
    """Give what files may call a field: some hundred names, worked out once."""
    return frozenset(map(_plain, (field.label, *field.synonyms, *field.weak_synonyms)))


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _is_words(written: str) -> bool:
    """Whether it is more than a code: words with spaces, or one without digits."""
    return " " in written or not any(map(str.isdigit, written))


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and bool(_LETTER(cell[:_LONGEST_LABEL]))


def _is_number(cell: object) -> bool:
    if isinstance(cell, str):
        return len(cell) <= _LONGEST_LABEL and bool(_NUMBER(cell))
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _example(cells: Cells) -> object:
    """Choose the cell by which the row is recognized: its first text, else its first."""
    filled = [cell for cell in cells.values() if not is_blank((cell,))]
    return next((cell for cell in filled if _is_text(cell)), filled[0])
