"""Characters that look like others or like nothing, and the marks that keep a cell as it is."""

import re
import unicodedata
from functools import lru_cache

# What no screen shows: Unicode's Default_Ignorable_Code_Point, the controls, and half of what
# direction needs. https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# As before, but for the soft hyphen, which some programs show as a minus.
_INVISIBLE_IN_NUMBERS = re.compile(_INVISIBLE.pattern.replace("\xad", ""))

# Full-width letters, digits and signs stand as far behind their ASCII forms as each other.
_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(0x5E)}
# Hyphens that a word processor puts where "-" was typed: they look the same.
_HYPHENS = {0x2010: "-", 0x2011: "-"}
_LOOK_ALIKES = _FULL_WIDTH | _HYPHENS
# What a minus is typed or shown as.
_LONG_DASHES = ("\u2012", "\u2013", "\u2014", "\u2015")
_DASHES = frozenset({"\u2010", "\u2011", "\u2212", "\ufe58", "\ufe63", "\uff0d", *_LONG_DASHES})

# ="00123" keeps a spreadsheet from making a number of it.
_FORMULA_OF_TEXT = re.compile(r'\s*=\s*"((?:[^"]|"")*)"\s*')


def without_invisible(written: str) -> str:
    """Take out what cannot be seen: zero-width and direction marks, soft hyphens, controls."""
    return _INVISIBLE.sub("", written)


def with_plain_letters(written: str) -> str:
    """Write full-width letters, digits and signs as ASCII has them, and hyphens as "-"."""
    return written.translate(_LOOK_ALIKES)


def unwrapped(written: str) -> str:
    """Give what stands in ="…", as programs write text for spreadsheets; other text as it is."""
    found = _FORMULA_OF_TEXT.fullmatch(written)
    return written if found is None else found[1].replace('""', '"')


def as_a_number_is_typed(written: str) -> str:
    """Write digits of any script, dashes and full-width signs in ASCII; leave out direction marks.

    Arabic marks stay, for they say which they are: U+066B stands before decimals. A long dash
    behind digits stays as well: 12.— is twelve even in half of Europe.
    """
    visible = _INVISIBLE_IN_NUMBERS.sub("", written).strip()
    typed = "".join(map(_typed, visible))
    if visible[-1:] in _LONG_DASHES and any(map(str.isdigit, typed)):
        return typed[:-1] + visible[-1]
    return typed.strip()


@lru_cache(maxsize=1024)
def _typed(character: str) -> str:
    if character in _DASHES:
        return "-"
    digit = unicodedata.decimal(character, None)
    return character.translate(_FULL_WIDTH) if digit is None else str(digit)
