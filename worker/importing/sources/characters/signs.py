"""Signs, judged by what the trade puts them beside: 2½", 90°, 6’, « mot », 12 €."""

import re
from collections.abc import Callable

from worker.importing.sources.characters.levels import (
    FITS,
    LIKELY,
    NEUTRAL,
    ODD,
    SURE,
    UNLIKELY,
    WRONG,
)
from worker.importing.sources.characters.words import word_after, word_before

# A number, then perhaps a space.
_NUMBER_BEFORE = re.compile(r"[0-9][ \xa0]?$")
_NUMBER_AFTER = re.compile(r"^[ \xa0]?[-+.]?[0-9]")
_NUMBER_AND_SPACE = re.compile(r"[0-9][ -]$")
# Of elbows and mitres; 12° is as rare as 12ø.
_ANGLE = re.compile(r"(?<![0-9])(?:15|22|22[.,]5|30|45|60|75|90|120|135|180|270|360) ?$")
_TEMPERATURE = re.compile(r"[CcFf](?![\w])")
_LETTER_BEFORE = re.compile(r"[^\W\d_]$")
_LETTER_AFTER = re.compile(r"^[^\W\d_]")
_N_BEFORE = re.compile(r"n$", re.IGNORECASE)
_SPACE_BEFORE = re.compile(r"(?:^|[\s,;|:\"(>])$")
# Where something in quotation marks, or a bracket, begins and ends.
_OPENING_PLACE = re.compile(r"(?:^|[\s,;|:/(\"'=\[«“>-])$")
_CLOSING_PLACE = re.compile(r"^(?:$|[\s,;|:/)\"'.!?\]»”<-])")
# Units that have squares and cubes, in English and French.
_UNIT_BEFORE = re.compile(
    r"(?:^|[^\w]|[0-9])(?:[kcdmµ]?m|ft|in|yd|po|pi|pied|pouce|vg)$", re.IGNORECASE
)
_FRACTION_BEFORE = re.compile(r"(?:^|[\s,;|:/(\"'=+*x×X>-]|[0-9])$")
_FRACTION_AFTER = re.compile(
    r"^(?:$|[\s,;|:/)\"'.*x×X”’″′<-]|(?:in|po|ft|pi|mm|cm|lb|oz|gal|hp|h|t|m|g|l|yd)\b)"
)
# A fraction of something: 2½" or ½ x 3.
_FRACTION_OF = re.compile(r"^(?:[ -]?[\"”x×]|[ -]?(?:in|po|ft|pi|mm|cm|lb|oz|gal|hp|yd)\b)")
# French leaves letters out before a vowel ...
_ELISION_BEFORE = re.compile(
    r"(?:^|[^\w])(?:[ldnscjmto]|qu|jusqu|lorsqu|puisqu|aujourd|presqu|quelqu)$", re.IGNORECASE
)
_ELISION_AFTER = re.compile(r"^[aeiouyhàâéèêëîïôœæáíóú]\w", re.IGNORECASE)
# ... and English in few words.
_ENGLISH = re.compile(
    r"^(?:[a-z]{3,}’s|[a-z]+n’t|(?:i|you|we|they|he|she|it|that|there|who|what)’"
    r"(?:s|d|m|re|ve|ll))$",
    re.IGNORECASE,
)


def _fraction(before: str, after: str) -> int:
    if _FRACTION_BEFORE.search(before) and _FRACTION_AFTER.match(after):
        return SURE if _FRACTION_OF.match(after) or _NUMBER_AND_SPACE.search(before) else FITS
    return WRONG


def _degree(before: str, after: str) -> int:
    if _NUMBER_BEFORE.search(before):
        if _LETTER_AFTER.match(after):
            return SURE if _TEMPERATURE.match(after) else NEUTRAL
        return SURE if _ANGLE.search(before) else LIKELY
    return SURE if _N_BEFORE.search(before) and _NUMBER_AFTER.match(after.lstrip(" ")) else WRONG


def _power(before: str, after: str) -> int:
    return SURE if _UNIT_BEFORE.search(before) and not _LETTER_AFTER.match(after) else WRONG


def _times(before: str, after: str) -> int:
    left = before.rstrip(" ")[-1:]
    right = after.lstrip(" ")[:1]
    if left.isdigit() or left in {"½", "¼", "¾", '"', "'", "”", "″", "’", ")"}:
        return SURE if right.isdigit() or right in {"½", "¼", "¾", "Ø", "("} else NEUTRAL
    return NEUTRAL if _NUMBER_AFTER.match(after) else WRONG


def _before_number(before: str, after: str) -> int:
    del before
    return FITS if _NUMBER_AFTER.match(after) else WRONG


def _micro(before: str, after: str) -> int:
    del before
    return SURE if after[:1] in set("mFgslAVWHS") and not after[1:2].islower() else WRONG


def _trademark(before: str, after: str) -> int:
    if _LETTER_AFTER.match(after):
        return WRONG
    if re.search(r"[^\W_]$", before):
        return ODD if before[-1:].isdigit() else SURE
    return LIKELY if re.search(r"[)!.+-]$", before) else ODD


def _copyright(before: str, after: str) -> int:
    if _LETTER_BEFORE.search(before):
        return WRONG
    if _NUMBER_AFTER.match(after):
        return FITS
    return NEUTRAL if _OPENING_PLACE.search(before) else WRONG


def _apostrophe(before: str, after: str) -> int:
    if _LETTER_BEFORE.search(before) and _LETTER_AFTER.match(after):
        if _ELISION_BEFORE.search(before) and _ELISION_AFTER.match(after):
            return SURE
        return SURE if _ENGLISH.search(f"{word_before(before)}’{word_after(after)}") else ODD
    if before[-1:].isdigit():  # feet
        return FITS if not _LETTER_AFTER.match(after) else NEUTRAL
    if re.search(r"[\w.!?,)]$", before):
        return LIKELY if _CLOSING_PLACE.match(after) else ODD
    return NEUTRAL if before[-1:] in {"", " "} and after[:1].isdigit() else UNLIKELY  # '’99'


def _opening(before: str, after: str) -> int:
    if _OPENING_PLACE.search(before) and re.match(r"\w", after):
        return FITS
    return WRONG


def _opening_or_closing(before: str, after: str) -> int:
    """Judge what opens in English and closes in German."""
    if re.search(r"[^\W\d_]$", before) and _CLOSING_PLACE.match(after):
        return LIKELY
    return _opening(before, after)


def _low_opening(before: str, after: str) -> int:
    return LIKELY if _opening(before, after) == FITS else WRONG


def _closing(before: str, after: str) -> int:
    if before[-1:].isdigit() or before[-1:] in {"½", "¼", "¾"}:  # inches
        return FITS if not _LETTER_AFTER.match(after) or after[:1] in "xX" else WRONG
    if re.search(r"[\w.,!?)%™®°-]$", before) and _CLOSING_PLACE.match(after):
        return LIKELY
    return WRONG


def _left_guillemet(before: str, after: str) -> int:
    if _OPENING_PLACE.search(before) and re.match(r"[ \xa0\u202f]?[\w\"]", after):
        return FITS if after[:1] in {" ", "\xa0", "\u202f"} or _LETTER_AFTER.match(after) else ODD
    return WRONG


def _right_guillemet(before: str, after: str) -> int:
    if _CLOSING_PLACE.match(after) and re.search(r"[\w.!?%™®\")][ \xa0\u202f]?$", before):
        return WRONG if before[-1:].isdigit() else FITS
    return WRONG


def _dash(before: str, after: str) -> int:
    if before[-1:] in {"", " "} and after[:1] in {"", " "}:
        return FITS
    if re.search(r"[\d½¼¾\"']$", before) and re.match(r"[\d½¼¾]", after):
        return SURE
    if _LETTER_BEFORE.search(before) and _LETTER_AFTER.match(after):
        return ODD
    return NEUTRAL


def _long_dash(before: str, after: str) -> int:
    if _LETTER_BEFORE.search(before) and _LETTER_AFTER.match(after):
        return LIKELY if before[-1:].islower() == after[:1].islower() else NEUTRAL
    return _dash(before, after)


def _ellipsis(before: str, after: str) -> int:
    if re.search(r"[^\W_]$", before) and _CLOSING_PLACE.match(after):
        return LIKELY
    return UNLIKELY


def _bullet(before: str, after: str) -> int:
    return FITS if _SPACE_BEFORE.search(before) and after[:1] in {"", " ", "\xa0"} else UNLIKELY


def _currency(before: str, after: str) -> int:
    if _NUMBER_BEFORE.search(before) or _NUMBER_AFTER.match(after):
        return WRONG if _LETTER_AFTER.match(after) or _LETTER_BEFORE.search(before) else SURE
    if _LETTER_BEFORE.search(before) or _LETTER_AFTER.match(after):
        return WRONG
    return FITS if before[-1:] == "(" and after[:1] == ")" else UNLIKELY


def _cents(before: str, after: str) -> int:
    return LIKELY if before[-1:].isdigit() and not re.match(r"\w", after) else WRONG


def _yen(before: str, after: str) -> int:
    return ODD if _currency(before, after) > 0 else WRONG


def _inverted(before: str, after: str) -> int:
    if not _LETTER_AFTER.match(after) or re.search(r"\w$", before):
        return WRONG
    return FITS if after[:1].isupper() else ODD


def _ordinal(before: str, after: str) -> int:
    if _LETTER_AFTER.match(after):
        return WRONG
    if before[-1:].isdigit():
        return LIKELY
    return FITS if _N_BEFORE.search(before) and len(word_before(before)) == 1 else WRONG


def _hard_space(before: str, after: str) -> int:
    if before[-1:].isdigit() and re.match(r"[0-9]{3}(?![0-9])", after):
        return FITS
    if before[-1:] == "«" or (after[:1] and after[:1] in "»%$€:;!?"):
        return LIKELY
    return ODD if _LETTER_BEFORE.search(before) and _LETTER_AFTER.match(after) else NEUTRAL


def _paragraph(before: str, after: str) -> int:
    return NEUTRAL if _SPACE_BEFORE.search(before) and _NUMBER_AFTER.match(after) else WRONG


def _comparison(before: str, after: str) -> int:
    return NEUTRAL if _NUMBER_AFTER.match(after) and not before[-1:].isalnum() else WRONG


def _ohm(before: str, after: str) -> int:
    if before[-1:] == " " and before[-2:-1].isdigit() and not re.match(r"\w", after):
        return LIKELY
    return WRONG


# By sign: (what stands before, what stands behind) → how well it fits.
JUDGES: dict[str, Callable[[str, str], int]] = {
    **dict.fromkeys("½¼¾", _fraction),
    "°": _degree,
    **dict.fromkeys("²³", _power),
    "×": _times,
    "±": _before_number,
    **dict.fromkeys("µμ", _micro),
    **dict.fromkeys("™®", _trademark),
    "©": _copyright,
    "’": _apostrophe,
    "“": _opening_or_closing,
    "‘": _opening,
    "„": _low_opening,
    "”": _closing,
    "«": _left_guillemet,
    "»": _right_guillemet,
    "–": _dash,
    "—": _long_dash,
    "…": _ellipsis,
    **dict.fromkeys("•·", _bullet),
    **dict.fromkeys("€£", _currency),
    "¢": _cents,
    "¥": _yen,
    **dict.fromkeys("¿¡", _inverted),
    **dict.fromkeys("ªº", _ordinal),
    "\xa0": _hard_space,
    "§": _paragraph,
    **dict.fromkeys("≤≥≈", _comparison),
    "÷": _times,
    "Ω": _ohm,
}
