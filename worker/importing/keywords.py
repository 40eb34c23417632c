"""Search keywords kw_v1, the frontend's own: docs/FRONTEND.md, "Search keywords"."""

import re
from functools import lru_cache

_MOST_KEYWORDS = 96

# JavaScript's \s, which differs from Python's in the byte order mark and some controls.
_WHITE_SPACE = re.compile(
    "[\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+"
)
_NOT_IN_TOKENS = re.compile(r"[^a-z0-9\-./]")
_SHORTEST_TOKEN = 2
_STOP_WORDS = {
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of",
    "on", "or", "that", "the", "this", "to", "with",
}  # fmt: skip

# A token with one of these is an attribute and brings no synonyms. "paint" has "in", so its
# synonyms never come: the frontend's own output shows it, and theirs is the rule.
_ATTRIBUTE = re.compile(r"[0-9]|v|volt|amp|mm|cm|in|ft|oz|lb")
_SYNONYMS = {
    "drill": ("power drill", "cordless drill", "driver drill"),
    "saw": ("power saw", "cutting tool"),
    "screw": ("fastener", "screws"),
    "bolt": ("fastener", "bolts"),
    "paint": ("coating", "finish"),
    "plywood": ("sheet wood", "wood panel"),
    "lumber": ("timber", "wood"),
    "lithium": ("li-ion", "lithium-ion"),
    "battery": ("rechargeable battery", "power cell"),
}
_USE_CASES = (
    (re.compile("outdoor|exterior|weather"), ("outdoor", "exterior", "jobsite")),
    (re.compile("interior|indoor"), ("interior", "indoor", "home")),
    (re.compile("wood|lumber|plywood"), ("woodworking", "carpentry", "framing")),
    (re.compile("electrical|voltage|amp|battery"), ("electrical", "installation", "repair")),
    (re.compile("paint|coating|primer"), ("painting", "finishing", "renovation")),
)

_ANY_USE_CASE = re.compile("|".join(use_case.pattern for use_case, _ in _USE_CASES))

# A GIN index holds no key over 2,712 bytes: such a keyword would cost the item its row.
_LONGEST_WORD = 1000
# Words worth remembering: the rest are pasted noise, and would fill memory.
_LONGEST_CACHED_WORD = 40


def search_keywords(name: str, description: str, category: str, sku: str) -> list[str]:
    """Make the keywords by which the frontend's search finds an item, sorted, at most 96."""
    words = _words(f"{name} {description} {category}")
    are_usual = max(map(len, words)) <= _LONGEST_CACHED_WORD
    of_word = _cached_keywords_of if are_usual else _keywords_of
    # A SKU is its item's own and would only push words out of the cache.
    keywords = frozenset().union(*map(of_word, words), *map(_keywords_of, _words(sku)))
    return sorted(keywords)[:_MOST_KEYWORDS]


def _words(written: str) -> list[str]:
    """Split text at white space, in lower case; at least one word, perhaps an empty one."""
    lowered = written.lower()
    if lowered.isascii() and lowered.isprintable():
        return lowered.split(" ")
    return _WHITE_SPACE.split(lowered)


def _keywords_of(word: str) -> frozenset[str]:
    """All that one lower-case word of the text brings; the whole text's are those of its words."""
    keywords: set[str] = set()
    if _ANY_USE_CASE.search(word):
        keywords.update(*(terms for use_case, terms in _USE_CASES if use_case.search(word)))
    token = _token(word)
    if len(token) >= _SHORTEST_TOKEN and len(word) <= _LONGEST_WORD and token not in _STOP_WORDS:
        keywords.update(_variants(token))
        if token in _SYNONYMS and not _ATTRIBUTE.search(token):
            keywords.update(*(_variants(_token(synonym)) for synonym in _SYNONYMS[token]))
    return frozenset(keywords)


_cached_keywords_of = lru_cache(maxsize=4_096)(_keywords_of)


def _token(word: str) -> str:
    return _NOT_IN_TOKENS.sub("", word)


def _variants(token: str) -> tuple[str, ...]:
    stem = _stem(token)
    return (
        token,
        stem,
        _plural(stem),
        token.replace("-", " "),
        token.replace("-", ""),
        token.replace("/", " "),
    )


def _stem(token: str) -> str:
    if token.endswith("ies"):
        return token[:-3] + "y"
    if token.endswith("es"):
        return token[:-2]
    if token.endswith("s") and not token.endswith("ss"):
        return token[:-1]
    return token


def _plural(stem: str) -> str:
    if stem.endswith("y"):
        return stem[:-1] + "ies"
    if stem.endswith("s"):
        return stem
    return stem + "s"
