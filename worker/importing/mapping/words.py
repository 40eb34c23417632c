"""A column's name → the words it is made of, whatever language and way of writing."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from worker.importing.mapping.lexicon import IGNORED, PHRASES, WORDS

# A name of more words is a sentence.
_MOST_WORDS = 9
_LONGEST = 80
# First word → of how many words the longest phrase is that begins with it.
_LONGEST_PHRASES: dict[str, int] = {}
for _phrase in PHRASES:
    _LONGEST_PHRASES[_phrase[0]] = max(len(_phrase), _LONGEST_PHRASES.get(_phrase[0], 0))
# A glued word is taken apart into so many at most: QtyOnHand in small letters.
_MOST_PIECES = 4
_SHORTEST_PIECE = 3

_SIGNS = (
    (re.compile(r"n\s?°|n\s?º|№|#s?\b|#", re.IGNORECASE), " number "),
    (re.compile("%"), " percent "),
    (re.compile(r"\$\s*/"), " price per "),
    (re.compile(r"\((?:not editable|required|optional|obligatoire)\)", re.IGNORECASE), " "),
    (re.compile(r"\?"), " isflag "),
    # Odoo's paths: Product Category/Complete Name, categ_id/name.
    (
        re.compile(
            r"(?:(?<=.)_id/(?:display_)?name|/\s*(?:complete|display)[ _]name)$", re.IGNORECASE
        ),
        " ",
    ),
    (re.compile(r"\b[dln]['\u2019]", re.IGNORECASE), " "),  # prix d'achat
    # A price per hundred, per thousand or per foot is no unit price.
    (re.compile(r"\b(price|cost)\s*/\s*(?:unit|each|ea)\b", re.IGNORECASE), r" unit \1 "),
    (
        re.compile(r"\b(price|cost|sell|retail|net|list|dealer)\s*/(?!\s*rate\b)", re.IGNORECASE),
        r" \1 per ",
    ),
    (re.compile(r"['\u2019]s\b", re.IGNORECASE), " "),
)
# Most names have no sign in them.
_PLAIN = re.compile(r"[A-Za-z0-9 _.-]*")
# Between which letters a new word begins: onHand, SKUNumber, Addr1, T2.
_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")

_PIECES = frozenset(
    word
    for word in (
        *WORDS,
        *(word for phrase in PHRASES for word in phrase),
        *("trade", "vip", "base", "sale", "date", "count", "body", "job", "total", "legacy"),
        *("line", "display", "full", "custom", "variant", "current", "special", "region"),
        *("physical", "person", "country", "county", "value", "lead", "assigned", "client"),
    )
    if len(word) >= _SHORTEST_PIECE
) | {"on", "id", "no", "of", "nm", "cd", "oh", "oo", "or"}


# As many as a sheet has columns, and its other rows that are judged.
@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """Give the meanings of a name's words in their order; () for what is no name."""
    if len(name) > _LONGEST:
        return ()
    raw = raw_words(name)
    return tuple(_meanings(raw)) if 0 < len(raw) <= _MOST_WORDS else ()


def raw_words(name: str) -> list[str]:
    """Give a name's words as they are written, without accents and capitals."""
    if not _PLAIN.fullmatch(name):
        for sign, meaning in _SIGNS:
            name = sign.sub(meaning, name)
    found: list[str] = []
    for word in _WORD.findall(_unaccented(name)):
        if _meaning(word.casefold()):
            found.append(word.casefold())
        else:
            for part in _BOUNDARY.split(word):
                found.extend(_pieces(part.casefold()))
    return found


def _meanings(raw: list[str]) -> Iterator[str]:
    place = 0
    while place < len(raw):
        longest = min(_LONGEST_PHRASES.get(raw[place], 0), len(raw) - place)
        for length in range(longest, 0, -1):
            if phrase := PHRASES.get(tuple(raw[place : place + length])):
                yield from (word for word in phrase if word not in IGNORED)
                place += length
                break
        else:
            word = raw[place]
            place += 1
            if word not in IGNORED:
                yield from _meaning(word) or (word,)


@lru_cache(maxsize=4096)
def _meaning(word: str) -> tuple[str, ...] | None:
    """Look a word up, in the singular where it is not known in the plural."""
    if (found := WORDS.get(word)) or (word,) in PHRASES:
        return found or PHRASES[word,]
    if word.endswith("ies") and (found := WORDS.get(f"{word[:-3]}y")):
        return found
    for ending in ("es", "s", "x", "n", "en"):
        if word.endswith(ending) and (found := WORDS.get(word.removesuffix(ending))):
            return found
    return None


@lru_cache(maxsize=4096)
def _pieces(word: str) -> list[str]:
    """Take a glued word apart, if it is made of known words alone, into as few as there can be."""
    if len(word) < 2 * _SHORTEST_PIECE - 1 or _meaning(word):
        return [word]
    reached: dict[int, list[str]] = {0: []}
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 14), end - 1):
            before = reached.get(start)
            if before is None or word[start:end] not in _PIECES or len(before) == _MOST_PIECES:
                continue
            if end not in reached or len(before) + 1 < len(reached[end]):
                reached[end] = [*before, word[start:end]]
    return reached.get(len(word), [word])


def _unaccented(name: str) -> str:
    if name.isascii():
        return name
    apart = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
