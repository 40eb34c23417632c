"""The table of what was broken and what came of it, on the terminal and in the docs."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

BEGIN = "<!-- make faults writes from here -->"
END = "<!-- to here -->"


@dataclass(frozen=True)
class Line:
    """What came of one fault kind."""

    fault: str
    times_injected: int
    jobs: int
    rows: int
    lost: int
    doubled: int
    stuck: int
    worst_recovery_seconds: float | None

    @property
    def cells(self) -> tuple[str, ...]:
        worst = self.worst_recovery_seconds
        return (
            self.fault,
            *(f"{getattr(self, one.name):,}" for one in fields(self)[1:-1]),
            "-" if worst is None else f"{worst:.1f}",
        )


HEADINGS = ("fault", "injected", "jobs", "rows", "lost", "doubled", "stuck", "recovery, s")


def in_markdown(lines: Sequence[Line]) -> str:
    rows = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *(line.cells for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def in_columns(lines: Sequence[Line]) -> list[str]:
    rows = [HEADINGS, *(line.cells for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def write(path: Path, text: str) -> None:
    """Put the text between the two markers of a page, which is made if it is missing."""
    page = path.read_text() if path.exists() else f"{BEGIN}\n{END}\n"
    if BEGIN not in page or END not in page:
        raise ValueError(f"{path} has no line {BEGIN} and no line {END} after it")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
