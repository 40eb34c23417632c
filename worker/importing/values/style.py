"""How a column writes its values, which no single cell can tell."""

from dataclasses import dataclass
from typing import Literal

DecimalMark = Literal[".", ","]


@dataclass(frozen=True, slots=True)
class Style:
    """A column's habits, decided once for the whole column.

    "?" is a column with both habits: what can be read only one way is read so, and what can be
    read either way is refused.
    """

    # The mark before the decimals: 1,234.50 or 1.234,50.
    decimal: Literal[".", ",", "?"] = "."
    # Month or day first where slashes or dashes stand between numbers: 03/25/2026 or 25/03/2026.
    dates: Literal["m/d", "d/m", "?"] = "m/d"
    # Whether a dash alone is 0, as accounting formats show it.
    has_dashes: bool = False
    # The unit of measure that the row names, where the column's prices carry units: 12.50/ea. ""
    # where the row names none, None where a unit is no part of a price.
    unit: str | None = None
    # Whether a program wrote the column's codes as floats: 123 as 123.0.
    floats: bool = False


PLAIN = Style()
