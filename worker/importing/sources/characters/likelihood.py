"""How well a character fits where it stands, in texts of this trade.

The same byte is ½ in one encoding and « in another. Behind a digit and before an inch mark it is ½.
"""

from worker.importing.sources.characters.letters import fit_of_letter
from worker.importing.sources.characters.levels import WRONG
from worker.importing.sources.characters.signs import JUDGES


def fit(before: str, char: str, after: str) -> int:
    """Judge a character that is not ASCII by what stands before and after it in its line."""
    if (judge := JUDGES.get(char)) is not None:
        return judge(before, after)
    if char.isalpha() and "À" <= char <= "ž":
        return fit_of_letter(before, char, after)
    return WRONG
