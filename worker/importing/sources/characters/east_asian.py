"""Which of East Asia's encodings a file is in: those that its bytes fit, and what they then say."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from charset_normalizer import from_bytes

from worker.importing.sources.characters.readings import Doubt, Reading

_FILE = Path(__file__).with_name("east_asian_characters.txt")
_KANA = frozenset(map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FD))))
# (codec, what it is called, the section of its common characters)
_CANDIDATES = (
    ("cp932", "Japanese (Shift-JIS)", "Japanese"),
    ("euc_jp", "Japanese (EUC-JP)", "Japanese"),
    ("gb18030", "Chinese (GB 18030)", "Simplified"),
    ("big5hkscs", "Chinese (Big5)", "Traditional"),
    ("cp949", "Korean (EUC-KR)", "Korean"),
)
# Of the characters beyond ASCII: what part must be common ones, and how much of that may be common
# ones in another encoding.
_COMMON = 0.6
_OTHERS_COMMON = 0.5
_FEWEST_CHARACTERS = 4
# Signs of no language. Half-width kana are among them: they are single bytes, as é is.
_OF_NONE = frozenset(
    map(chr, (*range(0x80, 0xC0), 0xD7, *range(0x2000, 0x2700), *range(0x3000, 0x3020)))
) | frozenset(map(chr, range(0xFF00, 0xFFF0)))


def read_east_asian(lines: Sequence[bytes]) -> Reading | Doubt:
    """Choose the encoding whose characters are common ones, if no other's are.

    Args:
        lines: some of the file's that are not ASCII.

    """
    sample = b"\n".join(lines)
    # Which encodings the bytes fit at all.
    fitting = {
        match.encoding
        for match in from_bytes(
            sample, cp_isolation=[codec for codec, _, _ in _CANDIDATES], threshold=1.0
        )
    }
    scores = sorted(
        (
            (_common_part(text, _common_characters(section)), codec, shown, text)
            for codec, shown, section in _CANDIDATES
            if codec in fitting and (text := _decoded(sample, codec)) is not None
        ),
        reverse=True,
    )
    if not scores:
        return Doubt(())
    best = scores[0]
    if best[0] < _COMMON or any(other[0] > best[0] * _OTHERS_COMMON for other in scores[1:]):
        return Doubt(tuple(f'"{_example(text)}" as {shown}' for _, _, shown, text in scores[:2]))
    _, codec, shown, text = best
    line = _example(text)
    return Reading(codec, shown, [("", line, "")], [0])


def _decoded(sample: bytes, codec: str) -> str | None:
    try:
        return sample.decode(codec)
    except UnicodeDecodeError:
        return None


def _common_part(text: str, common: frozenset[str]) -> float:
    beyond = [char for char in text if not char.isascii() and char not in _OF_NONE]
    if len(set(beyond)) < _FEWEST_CHARACTERS:
        return 0.0
    return sum(char in common for char in beyond) / len(beyond)


@cache
def _common_characters(section: str) -> frozenset[str]:
    text = _FILE.read_text(encoding="utf-8").split(f"[{section}]\n")[1].split("[")[0]
    return frozenset(text.replace("\n", "")) | (_KANA if section == "Japanese" else frozenset())


def _example(text: str) -> str:
    line = next((line for line in text.splitlines() if not line.isascii()), "")
    return "".join(c if c.isprintable() else " " for c in line)[:40]
