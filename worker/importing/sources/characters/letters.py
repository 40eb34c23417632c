"""Letters, judged by the letters beside them in the words of accented_words.txt."""

import re

from worker.importing.sources.characters.levels import (
    FITS,
    KNOWN,
    LIKELY,
    ODD,
    SURE,
    UNLIKELY,
    WRONG,
)
from worker.importing.sources.characters.words import (
    long_parts,
    short_part,
    vocabulary,
    word_after,
    word_before,
)

# Letters of the languages that the words are of.
_HOME = frozenset("àâäáåãçéèêëíîïñóôöøõúùûüÿœæß")
_BEHIND_TILDE = frozenset("aeiouyáéíóúü") | {""}
# Accents do not come in rows, but in what is really Greek, Cyrillic or Chinese.
_MOST_IN_A_ROW = 2
_BESIDE = 3
_NUMBER_AFTER = re.compile(r"^[ \xa0]?[-+.]?[0-9]")
_SMALL_WORD_AFTER = re.compile(r" [a-zà-ÿ]")
_WORD_AFTER = re.compile(r" (?:[a-zà-ÿ]|[A-ZÀ-Ý]{2})")
_SPACE_BEFORE = re.compile(r"(?:^|[\s,;|:\"(])$")


def fit_of_letter(before: str, char: str, after: str) -> int:
    """Judge a letter by its word: there is such a word, or one with such a part."""
    left, right = word_before(before), word_after(after)
    if not left and not right:
        return _alone(before, char, after)
    touches_digit = (
        before[: len(before) - len(left)][-1:].isdigit() or after[len(right) :][:1].isdigit()
    )
    if touches_digit or not _is_one_case(left, char, right):
        return WRONG
    return _in_word(left.lower(), char.lower(), right.lower())


def _alone(before: str, char: str, after: str) -> int:
    if char in "Øø":  # a diameter
        if before[-1:].isdigit():
            return ODD
        return SURE if _NUMBER_AFTER.match(after) else WRONG
    word_after = _SMALL_WORD_AFTER if char == "à" else _WORD_AFTER
    is_a_word = char in "àÀ" and _SPACE_BEFORE.search(before) and word_after.match(after)
    return FITS if is_a_word else WRONG


def _is_one_case(left: str, char: str, right: str) -> bool:
    """Whether a word goes on as it began: no capital inside small letters, nor the reverse."""
    if char.islower():
        return char == "ß" or not (right[:1].isupper() or (len(left) > 1 and left[-2:].isupper()))
    if not char.isupper():
        return True
    if left:
        return left[-1:].isupper() and not right[:1].islower()
    return right[:1].islower() == right[1:2].islower() or len(right) < 2  # noqa: PLR2004


def _in_word(left: str, letter: str, right: str) -> int:
    words, parts = vocabulary()
    word = left + letter + right
    if word in words or word.removesuffix("s") in words:
        return KNOWN
    beside = left[-_BESIDE:] + letter + right[:_BESIDE]
    if sum(not c.isascii() for c in beside) > _MOST_IN_A_ROW:
        return WRONG
    if (letter == "ù" and right) or (letter == "ñ" and right[:1] not in _BEHIND_TILDE):
        return WRONG
    if letter not in _HOME:
        return UNLIKELY
    if not parts.isdisjoint(long_parts(word, len(left))):
        return FITS
    return LIKELY if short_part(word, len(left)) in parts else ODD
