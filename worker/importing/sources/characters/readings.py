"""Which of the West's encodings a file is in, by how well each one's characters fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.importing.sources.characters.levels import LIKELY, WRONG
from worker.importing.sources.characters.likelihood import fit

Place = tuple[bytes, int, bytes]

# (codec, what it is called), of those that read all alike the first is named. Code page 858 is 850
# with a euro sign in place of a letter that no word here has.
_CANDIDATES = (
    ("cp1252", "Windows-1252"),
    ("iso8859-15", "ISO 8859-15 (Latin-9)"),
    ("cp858", "DOS (code page 850)"),
    ("cp437", "DOS (code page 437)"),
    ("cp863", "DOS (code page 863)"),
    ("mac_roman", "Mac Roman"),
)
# A byte that means nothing, as the controls of ISO 8859 do, and how that fits.
_NOTHING = "\N{REPLACEMENT CHARACTER}"
_IMPOSSIBLE = -4
# A mark that opens where none closes.
_UNPAIRED = -2
# What the best reading must be ahead of another, altogether and for each place where they differ.
_LEAD = 3
# What the commonest has ahead of the others from the start.
_COMMONEST, _AHEAD = "cp1252", 1
_LEAD_PER_PLACE = 0.5
# How much better the other must be in a place to speak against the best, and of how many places
# one may do so.
_AGAINST = 4
_FEW_AGAINST = 10
# The worst that the best may be, on average.
_WORST = -1
_SHOWN_CHARACTERS = 40


@dataclass(slots=True)
class Reading:
    """All places of a file as one encoding reads them."""

    codec: str
    shown: str
    # By place: the text before, the character, the text behind.
    texts: list[tuple[str, str, str]] = field(default_factory=list)
    # By place, how well the character fits.
    fits: list[int] = field(default_factory=list)

    def example(self, at: int) -> str:
        """Show a place, from its cell's beginning on if that is near."""
        before, char, after = self.texts[at]
        text = _cell_end(before) + char + _cell_start(after)
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[
            :_SHOWN_CHARACTERS
        ].strip()

    def best_example(self) -> str:
        """Show the place that fits best."""
        return self.example(max(range(len(self.fits)), key=self.fits.__getitem__))


@dataclass(frozen=True, slots=True)
class Doubt:
    """No reading was chosen."""

    # Of the two likeliest, each with the encoding's name.
    examples: tuple[str, ...]
    # How well the likeliest fits, on average.
    fit: float = WRONG


def read_western(places: Sequence[Place], *, utf_8: bool) -> Reading | Doubt:
    """Choose the reading that fits clearly better than each that reads something else.

    Args:
        places: of the file's bytes beyond ASCII.
        utf_8: whether UTF-8 with a few bytes that are damaged is a reading as well.

    """
    readings = [_read(codec, shown, places) for codec, shown in _CANDIDATES]
    damaged = [_read_utf_8(places)] if utf_8 else []
    return _choose([*damaged, *_different(readings)])


def is_odd_utf_8(places: Sequence[Place]) -> bool:
    """Whether what can be read as UTF-8 makes no sense in it: "l’évier" of a Mac is "lՎvier".

    That is so where most characters beyond ASCII are letters that no Western word has, right
    beside one that it has.
    """
    read = [text for text in _read_utf_8(places).texts if text[1]]
    return sum(map(_is_strange, read)) * 2 > len(read)


def _is_strange(text: tuple[str, str, str]) -> bool:
    before, char, after = text
    is_of_no_word = not ("ª" <= char <= "ž" or "\N{COMBINING GRAVE ACCENT}" <= char < "Ͱ")
    return (
        is_of_no_word
        and (char.isalpha() or char < "\u2000")
        and (_is_latin(before[-1:]) or _is_latin(after[:1]))
    )


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _read_utf_8(places: Sequence[Place]) -> Reading:
    """Read each character where its first byte is; "" stands for the other bytes of one."""
    reading = Reading("utf-8-sig", "UTF-8")
    for before, byte, after in places:
        left, char, right = _in_utf_8(before, byte, after)
        reading.texts.append((left, char, right))
        reading.fits.append(_fit_of_utf_8(left, char, right))
    return reading


def _fit_of_utf_8(before: str, char: str, after: str) -> int:
    """Judge by the bytes as well: what is UTF-8 is so hardly ever by chance."""
    if char in {"", _NOTHING}:
        return _IMPOSSIBLE if char else 0
    if _is_strange((before, char, after)):
        return WRONG
    return max(LIKELY, fit(before, char, after))


def _in_utf_8(before: bytes, byte: int, after: bytes) -> tuple[str, str, str]:
    while before and 0x80 <= before[0] < 0xC0:  # noqa: PLR2004 - what is cut off of a character
        before = before[1:]
    whole = before + bytes((byte,)) + after
    text = whole.decode("utf-8", "replace")
    at = 0
    for index, char in enumerate(text):
        size = len(char.encode()) if char != _NOTHING else 1
        if at <= len(before) < at + size:
            is_first = at == len(before)
            return text[:index], char if is_first else "", text[index + 1 :]
        at += size
    return text, _NOTHING, ""


def _choose(readings: Sequence[Reading]) -> Reading | Doubt:
    """Choose among readings of the same places that all differ; the first has the benefit."""
    ranked = sorted(readings, key=lambda reading: -sum(reading.fits) - _head_start(reading))
    best, *others = ranked
    average = sum(best.fits) / len(best.fits)
    if average < _WORST:
        return Doubt(tuple(_named(reading, 0) for reading in ranked[:2]), average)
    for other in others:
        differing = [i for i, text in enumerate(best.texts) if text[1] != other.texts[i][1]]
        leads = [best.fits[i] - other.fits[i] for i in differing]
        lead = sum(leads) + _head_start(best) - _head_start(other)
        # Bytes that mean nothing are no wrong letters: their rows are refused.
        against = sum(
            ahead <= -_AGAINST and best.fits[i] != _IMPOSSIBLE
            for i, ahead in zip(differing, leads, strict=True)
        )
        if lead < max(_LEAD, _LEAD_PER_PLACE * len(leads)) or against * _FEW_AGAINST > len(leads):
            examples = _named(best, differing[0]), _named(other, differing[0])
            return Doubt(examples, average)
    return best


def _head_start(reading: Reading) -> int:
    return _AHEAD if reading.codec == _COMMONEST else 0


def _named(reading: Reading, at: int) -> str:
    return f'"{reading.example(at)}" as {reading.shown}'


def _read(codec: str, shown: str, places: Sequence[Place]) -> Reading:
    reading = Reading(codec, shown)
    for before, byte, after in places:
        text = (
            before.decode(codec, "replace"),
            _character(byte, codec),
            after.decode(codec, "replace"),
        )
        reading.texts.append(text)
        reading.fits.append(_fit(*text))
    _mark_unpaired(reading)
    return reading


def _character(byte: int, codec: str) -> str:
    char = bytes((byte,)).decode(codec, "replace")
    return _NOTHING if "\x80" <= char < "\xa0" else char


def _fit(before: str, char: str, after: str) -> int:
    return _IMPOSSIBLE if char == _NOTHING else fit(before, char, after)


def _mark_unpaired(reading: Reading) -> None:
    chars = {char for _, char, _ in reading.texts}
    unpaired = set()
    if ("«" in chars) != ("»" in chars):
        unpaired |= {"«", "»"}
    if "„" in chars and not chars & {"“", "”"}:
        unpaired.add("„")
    for at, (_, char, _) in enumerate(reading.texts):
        if char in unpaired:
            reading.fits[at] = min(reading.fits[at], _UNPAIRED)


def _different(readings: Sequence[Reading]) -> list[Reading]:
    """Leave out a reading that is all the same as an earlier one."""
    kept: list[Reading] = []
    for reading in readings:
        if all(reading.texts != other.texts for other in kept):
            kept.append(reading)
    return kept


def _cell_end(before: str) -> str:
    for delimiter in ",;\t|>":
        before = before.rsplit(delimiter, maxsplit=1)[-1]
    return before.lstrip('"')


def _cell_start(after: str) -> str:
    for delimiter in ",;\t|<":
        after = after.split(delimiter, maxsplit=1)[0]
    return after
