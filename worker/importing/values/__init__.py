"""One cell of a record → one value for the database.

A cell is whatever JSON holds. A reader returns None for an empty cell, which means "leave what is
there", and raises ValueProblem for one that it can't read: never a guess, never a silent 0.
"""

from worker.importing.values.amounts import cents, dollars, percent, whole_number
from worker.importing.values.booleans import boolean
from worker.importing.values.codes import code
from worker.importing.values.dates import date
from worker.importing.values.emails import email, owner
from worker.importing.values.problems import ValueProblem, shortened, shown
from worker.importing.values.style import PLAIN, Style
from worker.importing.values.texts import cell_text, line, text

__all__ = [
    "PLAIN",
    "Style",
    "ValueProblem",
    "boolean",
    "cell_text",
    "cents",
    "code",
    "date",
    "dollars",
    "email",
    "line",
    "owner",
    "percent",
    "shortened",
    "shown",
    "text",
    "whole_number",
]
