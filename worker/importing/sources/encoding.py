"""Which encoding a file is in, and whether it is text at all."""

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from worker.exceptions import JobRefusedError
from worker.importing.sources.characters import (
    Doubt,
    Reading,
    Survey,
    is_odd_utf_8,
    read_east_asian,
    read_western,
    survey,
)
from worker.importing.sources.quotes import has_escapes

# Enough to tell text from anything else, and UTF-16 by its zero bytes.
_HEAD_BYTES = 65_536
_PIECE_BYTES = 1 << 20

# What text has no use for, but for the end mark and the escapes of old DOS programs. No C1: those
# bytes are letters in Windows-1252.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")
# More than one control character in so many is no text.
_CONTROLS_ONE_IN = 50
# UTF-16 without a mark: one of its two bytes is mostly zero, the other hardly ever.
_ZEROS_ONE_IN = 4
_SAVE_AS_UTF_8 = (
    'Save it as "CSV UTF-8" or as .xlsx and upload that, or name the encoding in the option '
    '"encoding".'
)


class Encoding(NamedTuple):
    """How to read a file as text."""

    # A Python codec.
    codec: str
    # What it is called where users see it; None for the UTF-8 that goes without saying.
    shown: str | None = None
    # Some of the text that it makes, where it was a guess.
    example: str | None = None
    # Whether quotation marks inside cells have a backslash before them.
    has_escapes: bool = False


def find_encoding(path: Path, wanted: str | None) -> Encoding:
    """Look through the whole file, a piece at a time; wanted is a codec that overrides the guess.

    Raises:
        JobRefusedError: the file is no text, or it could be read in more than one way.

    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if wanted is None and (utf_16 := _utf_16(head)) is not None:
        text = head.decode(utf_16, "replace")
        _refuse_binary(text)
        return Encoding(utf_16, "UTF-16", has_escapes=has_escapes(text.encode("utf-8", "replace")))
    found = survey(path)
    if wanted is not None:
        codec = _with_mark(wanted, head)
        _refuse_binary(head.decode(codec, "replace"))
        return Encoding(codec, wanted, has_escapes=found.has_escapes)
    _refuse_binary(head.decode("latin-1"))
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig", has_escapes=found.has_escapes)
    return _by_what_it_says(path, found)


def _by_what_it_says(path: Path, found: Survey) -> Encoding:
    """Decide by the bytes beyond ASCII and what stands beside them."""
    plain = Encoding("utf-8-sig", has_escapes=found.has_escapes)
    if not found.places or (found.is_utf_8 and not is_odd_utf_8(found.places)):
        return plain
    reading = read_western(found.places, utf_8=not found.is_utf_8)
    if isinstance(reading, Reading):
        if reading.codec == plain.codec:
            return plain
        example = reading.best_example()
        return Encoding(reading.codec, reading.shown, example, found.has_escapes)
    if reading.fit > 0:
        raise JobRefusedError(_doubtful(reading))
    if found.is_utf_8:
        return plain
    eastern = read_east_asian(found.lines)
    if isinstance(eastern, Reading) and decodes(path, eastern.codec):
        return Encoding(eastern.codec, eastern.shown, eastern.best_example())
    raise JobRefusedError(_doubtful(reading))


def _doubtful(doubt: Doubt) -> str:
    examples = f": {' or '.join(doubt.examples)}" if doubt.examples else ""
    return (
        f"The file is not UTF-8, and it is not certain what its letters are{examples}. "
        f"{_SAVE_AS_UTF_8}"
    )


def _refuse_binary(text: str) -> None:
    """Take control characters as a sign of what is no text."""
    if "\0" in text or len(_CONTROLS.findall(text)) * _CONTROLS_ONE_IN > len(text):
        raise JobRefusedError(
            "The file is not a table we can read: it is not text, nor a workbook. "
            "Save it as .csv or .xlsx and upload it again."
        )


def _utf_16(head: bytes) -> str | None:
    """Tell UTF-16 by its mark, or by the zero bytes of Latin letters, commas and line ends."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * _ZEROS_ONE_IN * 2 < len(head) or min(even, odd) * 10 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _with_mark(codec: str, head: bytes) -> str:
    """Take a byte order mark for what it is, whether or not the option counted on one."""
    if codec == "utf-8":
        return "utf-8-sig"
    if codec in {"utf-16-le", "utf-16-be"}:
        mark = codecs.BOM_UTF16_LE if codec == "utf-16-le" else codecs.BOM_UTF16_BE
        return "utf-16" if head.startswith(mark) else codec
    return codec


def decodes(path: Path, codec: str) -> bool:
    """Whether every byte means something."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
