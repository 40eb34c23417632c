"""Rows whose quotation marks do not follow the rules: divided where there is one way to do it.

By the rules a mark inside a quoted cell is written twice. People and programs also write inch
marks as they are ("4" pipe), leave a cell open, or put a backslash before the mark.
"""

import re
from collections.abc import Sequence

from worker.importing.sources.header import shape
from worker.importing.sources.meaningless import MEANINGLESS
from worker.importing.sources.rows import Unreadable
from worker.importing.sources.table import Cells

# What stands for \" and \\ while a row is divided: no text has half a surrogate pair.
_ESCAPED_MARK = "\udc01"
_ESCAPED_BACKSLASH = "\udc02"
# A \" that ends no cell, or a cell of \N: the file writes marks so.
_ESCAPE = re.compile(rb'\\"[^,;\t|\r\n"]|(?:^|[,;\t|\n])\\N(?=[,;\t|\r\n]|$)')
# One that escapes what is behind it, or itself alone.
_BACKSLASH = re.compile(r'\\(["\\\t\r\n])|\\')

_LONGEST_BEGINNING = 60
_LONGEST_SHOWN = 10_000
# Delimiters in the right places, on lines that a mark took in, from which on these are rows beyond
# doubt; and lines from which on they may be.
_SURE_DELIMITERS = 6
_DOUBTFUL_LINES = 3
# What the csv module allows of itself, said here because memory depends on it.
LONGEST_CELL = 131_072

TWICE = 'One inside a quoted cell is written twice: "5"" pipe".'


def has_escapes(piece: bytes) -> bool:
    """Whether some bytes of a file show that it has a backslash before quotation marks."""
    return b"\\" in piece and _ESCAPE.search(piece) is not None


def doubled_backslashes(line: str) -> str:
    """Write each backslash twice that escapes nothing, for the csv module, which drops it."""
    if "\\" not in line:
        return line
    return _BACKSLASH.sub(lambda found: found[0] if found[1] else r"\\", line)


def divided(line: str, delimiter: str, width: int) -> Cells:
    r"""Divide a line that the rules do not fit, in the one way that gives the table's width.

    Args:
        line: a row of one line. Its \" are marks inside cells if that makes it fit.
        delimiter: between its cells.
        width: cells of the table's rows; 0 where that is not known.

    """
    if len(line) > LONGEST_CELL:
        return unreadable(f"has a cell of more than {LONGEST_CELL:,} characters.", line)
    shape, text = _Shape(delimiter), line.rstrip("\r\n")
    escaped = text.replace("\\\\", _ESCAPED_BACKSLASH).replace('\\"', _ESCAPED_MARK)
    for written in (escaped, text) if _ESCAPED_MARK in escaped else (text,):
        ways = _ways(written, shape, width)
        if len(ways) == 1:
            return [_unescaped(cell) for cell in ways.pop()]
    if any(map(_is_open, _literal(text, shape))):
        return left_open(line, 0)
    return unreadable(f"cannot be divided into columns for its quotation marks. {TWICE}", line)


def swallowed(row: Sequence[str], delimiter: str, width: int) -> Unreadable | None:
    """Tell rows that a mark took in, and another closed by chance, from a cell of several lines.

    Args:
        row: the lines that became one row.
        delimiter: between cells.
        width: cells of the table's rows.

    Returns:
        what is wrong; None for a cell that may well be meant so.

    """
    cell_shape = _Shape(delimiter)
    first, *below = [_literal(line.rstrip("\r\n"), cell_shape) for line in row if line.strip()]
    alike = sum(_is_alike(first, cells) for cells in below)
    if width <= 1 or len(first) != width or alike * 10 < len(below) * 9:
        return None
    if alike * (width - 1) >= _SURE_DELIMITERS:
        return left_open(row[0], len(below))
    if width > 2 or alike >= _DOUBTFUL_LINES:  # noqa: PLR2004 - one comma is in many a text
        problem = f"has a quotation mark that takes in the {_rows(len(below))} below it"
        return unreadable(f"{problem}, and this may not be meant. {TWICE}", "".join(row))
    return None


def _is_alike(first: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether two lines may be rows of one table: as many cells, and half of them written alike."""
    if len(first) != len(cells):
        return False
    pairs = zip(first, cells, strict=True)
    return sum(_written(one) == _written(other) for one, other in pairs) * 2 >= len(cells)


def _written(cell: str) -> str:
    """Tell words from numbers and codes: "4 inch is 9 a, A-17 is a-9."""
    return shape(cell.strip(' "').replace(".", ""))


def left_open(line: str, below: int) -> Unreadable:
    """Refuse a row with a mark that is never closed; the rows below are read on their own."""
    problem = "has a quotation mark that is opened and never closed"
    if below:
        problem += f" and would take in the {_rows(below)} below it, which were read on their own"
    return unreadable(f"{problem}. {TWICE}", line, is_open=True)


def unreadable(problem: str, line: str, *, is_open: bool = False) -> Unreadable:
    """Refuse a row, showing how it begins."""
    shown = line[:_LONGEST_SHOWN].rstrip("\r\n").replace(MEANINGLESS, "\N{REPLACEMENT CHARACTER}")
    return Unreadable(f"the row {problem} {_beginning(shown)}", shown, is_open)


def _rows(count: int) -> str:
    return "row" if count == 1 else f"{count:,} rows"


def _beginning(line: str) -> str:
    start = line.splitlines()[0][: _LONGEST_BEGINNING + 1] if line else ""
    if len(start) > _LONGEST_BEGINNING:
        start = f"{start[: _LONGEST_BEGINNING - 1]}…"
    clean = "".join(c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in start)
    return f"It begins: {clean}"


def _unescaped(cell: str) -> str:
    return cell.replace(_ESCAPED_MARK, '"').replace(_ESCAPED_BACKSLASH, "\\")


def _ways(text: str, shape: "_Shape", width: int) -> set[tuple[str, ...]]:
    """Divide it in each way that makes sense and gives the width."""
    found = [_wrapped(text, shape, shape.doubled), _wrapped(text, shape, shape.inner)]
    literal = _literal(text, shape)
    if not any(map(_is_open, literal)):
        found.append([_unwrapped(cell) for cell in literal])
    return {tuple(cells) for cells in found if cells and width in {0, len(cells)}}


class _Shape:
    """What a cell looks like beside a delimiter."""

    def __init__(self, delimiter: str) -> None:
        space, end = ("" if delimiter == " " else " *"), f"(?={re.escape(delimiter)}|$)"
        self.spaces = re.compile(space)
        self.plain = re.compile(f"[^{re.escape(delimiter)}]*")
        # By the rules.
        self.quoted = re.compile(f'"([^"]*+(?:""[^"]*+)*+)()"{space}{end}', re.DOTALL)
        # With marks inside as they are; those before a delimiter by the rules ...
        self.doubled = re.compile(f'"(.*?[^"]|)((?:"")*+)"{space}{end}', re.DOTALL)
        # ... or not: "Pipe 4"",
        self.inner = re.compile(f'"(.*?[^"]|)("*)"{space}{end}', re.DOTALL)


def _wrapped(text: str, shape: _Shape, quoted: re.Pattern[str]) -> list[str] | None:
    """Let each cell that begins with a mark be a quoted one; None where that has no end."""
    cells: list[str] = []
    at = 0
    while at <= len(text):
        at = _after(shape.spaces, text, at)
        if not text.startswith('"', at):
            cells.append(text[at : (at := _after(shape.plain, text, at))])
        elif found := quoted.match(text, at):
            marks = found[2] if len(found[2]) % 2 else '"' * (len(found[2]) // 2)
            cells.append(found[1].replace('""', '"') + marks)
            at = found.end()
        else:
            return None
        at += 1
    return cells


def _literal(text: str, shape: _Shape) -> list[str]:
    """Let marks be characters, but for cells that are quoted by the rules."""
    cells: list[str] = []
    at = 0
    while at <= len(text):
        at = _after(shape.spaces, text, at)
        found = shape.quoted.match(text, at) or shape.plain.match(text, at)
        cells.append(found[0] if found else "")
        at = (found.end() if found else at) + 1
    return cells


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _is_open(cell: str) -> bool:
    """Whether it begins with its only mark."""
    return cell.startswith('"') and '"' not in cell[1:]


def _unwrapped(cell: str) -> str:
    """Take off the marks around a cell."""
    whole = cell.rstrip(" ")
    if len(whole) > 1 and whole.startswith('"') and whole.endswith('"'):
        return whole[1:-1].replace('""', '"')
    return cell
