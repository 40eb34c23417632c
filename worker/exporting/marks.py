"""What an import has to be told so that it takes a cell as it is: docs/IMPORTING.md.

An import cleans codes of what people and programs put into them by mistake, and reads ="…" as what
stands in it. A cell that came out of the database is no mistake.
"""

import re
from collections.abc import Sequence

from worker.exporting.entities import Column
from worker.guard import BETWEEN, guarded, may_look_guarded, may_need_guard

# Codes that an import leaves as they are, and that no column of which is taken for floats. Not by a
# look at what it cleans: whatever is not plainly harmless is marked.
_HARMLESS_CODE = re.compile(
    r"""
    (?! [0-9]+ \. 0+ \Z )                       # 123.0
    (?! -? [0-9] (?: [.,] [0-9]+ )? [eE] \+ )   # 1.2E+05
    (?! [ '"=\#] ) (?! .* [ ]{2} ) (?! .* [ ] \Z )
    [ -~]*
    """,
    re.VERBOSE,
).fullmatch
_LATIN = "\u0250"
_FORMULA_OF_TEXT = re.compile(r'\s*=\s*"(?:[^"]|"")*"\s*').fullmatch
# Of a whole column, joined by BETWEEN: whether a cell of it may need it.
_MAY_BE_MARKED = {
    "code": re.compile(
        r"""(?:\A|\0)[\s'"=\#] | [ ]{2} | [ ](?:\0|\Z) | \.0+(?:\0|\Z) | [eE]\+ | [^\0 -~]""",
        re.VERBOSE,
    ).search,
    "text": re.compile(r'=\s*"').search,
}


def in_text_file(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Mark cells for a file that a spreadsheet may open, and keep it from computing them."""
    return [
        [guarded(cell) for cell in of_column]
        if column.kind != "cents" and may_need_guard(BETWEEN.join(of_column))
        else of_column
        for column, of_column in zip(columns, _marked(columns, cells), strict=True)
    ]


def in_workbook(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Mark cells for a workbook, where a text is no formula and needs no guard against that."""
    return [
        [guarded(cell) if cell[:1] == "'" else cell for cell in of_column]
        if column.kind != "cents" and may_look_guarded(BETWEEN.join(of_column))
        else of_column
        for column, of_column in zip(columns, _marked(columns, cells), strict=True)
    ]


def _marked(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    return [
        [_mark(column, cell) for cell in of_column]
        if column.kind in _MAY_BE_MARKED and _MAY_BE_MARKED[column.kind](BETWEEN.join(of_column))
        else of_column
        for column, of_column in zip(columns, cells, strict=True)
    ]


def _mark(column: Column, cell: str) -> str:
    if column.kind == "code":
        return cell if not cell or _is_harmless(cell) else f"''{cell}"
    return f'="{cell.replace(chr(34), chr(34) * 2)}"' if _FORMULA_OF_TEXT(cell) else cell


def _is_harmless(code: str) -> bool:
    """Whether an import reads a code as it stands: ASCII, and letters of Western Europe."""
    plain = "".join("x" if _is_latin(character) else character for character in code)
    return _HARMLESS_CODE(plain) is not None


def _is_latin(character: str) -> bool:
    return "\xa0" < character < _LATIN and character.isalpha()
