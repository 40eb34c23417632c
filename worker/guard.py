"""The apostrophe that keeps a spreadsheet from computing a cell.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import re

# What a spreadsheet takes for a formula, and does.
_FORMULA = re.compile(r"[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*")


def guarded(cell: str) -> str:
    """Write a cell so that no spreadsheet computes it; numbers are none the worse for it."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell
