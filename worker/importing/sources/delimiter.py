"""Which character stands between the columns of a text file."""

import contextlib
import csv
import io
import re
from collections import Counter
from itertools import islice

from worker.importing.sources.header import HeaderJudge, Likeness, names
from worker.importing.sources.rows import is_blank

# In order of preference where all else is equal.
_CANDIDATES = (",", ";", "\t", "|")
# What the look at a file's beginning takes in.
HEAD_CHARACTERS = 65_536
_HEAD_RECORDS = 100

# Excel takes a first line like this as an instruction, and does not show it.
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<delimiter>[^\w\s"]|\t)"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


def separator_line(head: str) -> tuple[str, int] | None:
    """Find "sep=;" in the first line: (the delimiter, the line's length)."""
    found = _SEPARATOR_LINE.match(head)
    return (found["delimiter"], found.end()) if found else None


def find_delimiter(head: str, judge: HeaderJudge) -> str:
    """Guess it from a file's beginning.

    The one that makes one row most like a header wins; then the one whose rows agree on how many
    columns there are. Where none splits anything, the one that is not in the file at all is right.
    """
    return max(_CANDIDATES, key=lambda candidate: _merit(head, candidate, judge))


def _merit(head: str, delimiter: str, judge: HeaderJudge) -> tuple[Likeness, bool, float, int]:
    records = [record for record in _records(head, delimiter) if not is_blank(record)]
    widths = Counter(len(record) for record in records)
    if not widths:
        return Likeness(0, 0), True, 1.0, 0  # nothing but delimiters
    likeness = [judge(names(record)) for record in records]
    most = max(likeness)
    if any(most):
        width = len(records[likeness.index(most)])
    else:
        width = max(widths, key=lambda width: (widths[width], width))
    agreement = widths[width] / len(records)
    splits = not any(most) and width > 1 and agreement >= 0.5  # noqa: PLR2004 - most of them
    return most, splits, agreement, width


def _records(head: str, delimiter: str) -> list[list[str]]:
    """Read what can be read; a quote that is never closed takes the rest."""
    lines = io.StringIO(head, newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    records: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # said where the file is read, with the row
        records.extend(islice(reader, _HEAD_RECORDS))
    return records
