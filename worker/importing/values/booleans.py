"""Yes and no, as checkboxes and people write them."""

from worker.importing.values.problems import ValueProblem, shown

_MEANINGS = {
    **dict.fromkeys(("yes", "true", "y", "t", "1", "on", "x"), True),
    **dict.fromkeys(("no", "false", "n", "f", "0", "off"), False),
}


def boolean(cell: object) -> bool | None:
    """Read yes or no, true or false, on or off, y/n, t/f, 1/0, in any case; an x is a tick.

    Raises:
        ValueProblem: anything else.

    """
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float) and cell in {0, 1}:
        return cell == 1
    if isinstance(cell, str):
        written = cell.strip()
        if not written:
            return None
        if (meaning := _MEANINGS.get(written.lower())) is not None:
            return meaning
    raise ValueProblem(f"{shown(cell)} is neither yes nor no")
