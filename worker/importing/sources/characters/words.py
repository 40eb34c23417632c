"""The words of accented_words.txt, their parts, and the words in a line."""

import re
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("accented_words.txt")
_LETTERS_BEFORE = re.compile(r"[^\W\d_]*$")
_LETTERS_AFTER = re.compile(r"^[^\W\d_]*")
_LONG = 5


def word_before(text: str) -> str:
    """Give the letters that a text ends with."""
    found = _LETTERS_BEFORE.search(text)
    return found[0] if found else ""


def word_after(text: str) -> str:
    """Give the letters that a text begins with."""
    found = _LETTERS_AFTER.match(text)
    return found[0] if found else ""


def short_part(word: str, at: int) -> str:
    """Give a letter with the letter on either side of it; ^ and $ are the word's ends."""
    return f"^{word}$"[at : at + 3]


def long_parts(word: str, at: int) -> list[str]:
    """Give the parts of five letters that a letter is in."""
    framed = f"^{word}$"
    starts = range(max(0, at + 2 - _LONG), min(at + 1, len(framed) - _LONG) + 1)
    return [framed[start : start + _LONG] for start in starts]


@cache
def vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Give the words that are not ASCII, and their parts around letters that are not."""
    words: set[str] = set()
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            words.update(word for word in re.split(r"[\s'-]+", line) if not word.isascii())
    parts: set[str] = set()
    for word in words:
        for at, letter in enumerate(word):
            if not letter.isascii():
                parts.update((short_part(word, at), *long_parts(word, at)))
    return frozenset(words), frozenset(parts)
