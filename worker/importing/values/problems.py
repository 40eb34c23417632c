"""Why a cell can't be read, and how a message quotes it."""

import json

# A longer integer is no item number.
MOST_BITS = 128

_LONGEST_QUOTE = 40


class ValueProblem(ValueError):  # noqa: N818 - a fact about the cell, no failure of ours
    """The cell can't be read. The text says why, to go after the field's name."""


def shown(cell: object) -> str:
    """Quote a cell for a message: short, on one line, and valid Unicode whatever it holds."""
    if isinstance(cell, str):
        return f'"{shortened(cell, _LONGEST_QUOTE)}"'
    if isinstance(cell, list | dict):
        return "a list" if isinstance(cell, list) else "an object"
    if isinstance(cell, int) and cell.bit_length() > MOST_BITS:
        return "the number"  # Python refuses to write out thousands of digits
    return json.dumps(cell)


def shortened(written: str, longest: int) -> str:
    """Give the beginning of a text, at most so many characters, each of which can be printed."""
    start = written.strip()[: longest + 1]
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in start)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
