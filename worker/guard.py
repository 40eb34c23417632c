"""The apostrophe that keeps a spreadsheet from computing a cell: put on, and taken off again.

https://owasp.org/www-community/attacks/CSV_Injection
One layer goes on where a file is written and one comes off where it is read, so a cell that has
apostrophes of its own comes back with them.
"""

import re

# What a spreadsheet takes for a formula, and does; and what databases write for no value.
_FORMULA, _NOTHING = r"[=+\-@\t\r\n]", r"\\N"
_BEGINS = rf"(?:{_FORMULA}|{_NOTHING}\Z)"
_NEEDS_GUARD = re.compile(rf"'*{_BEGINS}").match
_IS_GUARDED = re.compile(rf"'+{_BEGINS}").match
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,]*").fullmatch
# The same in many cells at once, joined by what no text of a database holds.
BETWEEN = "\0"
_BEGINS_IN_MANY = rf"(?:{_FORMULA}|{_NOTHING}(?:\0|\Z))"
may_need_guard = re.compile(rf"(?:\A|\0)'*{_BEGINS_IN_MANY}").search
may_look_guarded = re.compile(rf"(?:\A|\0)'+{_BEGINS_IN_MANY}").search


def guarded(cell: str) -> str:
    """Write a cell so that no spreadsheet computes it; numbers are none the worse for it."""
    return f"'{cell}" if _NEEDS_GUARD(cell) and not _NUMBER(cell) else cell


def unguarded(cell: str) -> str:
    """Take one layer off; a cell that has none is as it was."""
    return cell[1:] if cell[:1] == "'" and _IS_GUARDED(cell) else cell
