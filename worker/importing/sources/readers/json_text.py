"""JSON text, taken in value by value, so that no file is held whole."""

import json
import re
from typing import TextIO

from worker.exceptions import JobRefusedError
from worker.importing.sources.table import LONGEST_ROW

_PIECE_CHARACTERS = 1 << 16
_SPACE = re.compile(r"[ \t\r\n\ufeff]*")
# As many digits as a float has for certain.
_EXACT_DIGITS = 15
# The longest that makes sense as a whole only, with some room: -Infinity, \\ud83d\\ude00.
_LONGEST_SIGN = 20


class JsonText:
    """A file that is read forward. Its numbers are kept as they are written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._position = 0
        self._lines_before = 0
        self._is_whole = False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_constant,
            strict=False,  # a line break within a text is one
        )

    def peek(self) -> str:
        """Give the next character that is no white space; "" at the end."""
        while True:
            if found := _SPACE.match(self._text, self._position):
                self._position = found.end()
            if self._position < len(self._text) or self._is_whole:
                return self._text[self._position : self._position + 1]
            self._read_on(_PIECE_CHARACTERS)

    def takes(self, character: str) -> bool:
        """Whether this comes next, and then go behind it."""
        found = self.peek() == character
        self._position += found
        return found

    def expect(self, character: str) -> None:
        """Go behind a character.

        Raises:
            JobRefusedError: something else stands there.

        """
        if not self.takes(character):
            raise self.damaged()

    def value(self) -> object:
        """Take in a whole value.

        Raises:
            JobRefusedError: there is none, or it is longer than a row may be.

        """
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._position)
            except RecursionError:
                raise JobRefusedError(
                    "The JSON file is nested too deeply. Export a plain list of records."
                ) from None
            except json.JSONDecodeError as error:
                if self._is_whole or not self._may_be_cut(error):
                    raise self.damaged(error.lineno) from None
            else:
                # A number may go on.
                if self._is_whole or end < len(self._text) or self._text[-1] in '}]"':
                    self._position = end
                    return value
            length = len(self._text) - self._position
            if length > LONGEST_ROW:
                raise JobRefusedError(
                    f"The JSON file has a value of more than {LONGEST_ROW:,} characters, "
                    f"or is damaged, in line {self._line():,}. Export it again and upload that."
                )
            # As much again, so that a long value costs no more than twice its length.
            self._read_on(max(length, _PIECE_CHARACTERS))

    def damaged(self, line: int | None = None) -> JobRefusedError:
        """Say where it is damaged: by default, where it is read at the moment."""
        line = self._lines_before + line if line else self._line()
        return JobRefusedError(
            f"The JSON file is damaged or incomplete: line {line:,} cannot be read. "
            "Export it again and upload that."
        )

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether what is missing may follow in the file."""
        return error.msg.startswith("Unterminated") or error.pos > len(self._text) - _LONGEST_SIGN

    def _line(self) -> int:
        return self._lines_before + self._text.count("\n", 0, self._position) + 1

    def _read_on(self, length: int) -> None:
        piece = self._file.read(length)
        self._is_whole = not piece
        self._lines_before += self._text.count("\n", 0, self._position)
        self._text = self._text[self._position :] + piece
        self._position = 0


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object; a name that comes twice has both values, so that neither counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, last in found.items():
            values = [value for other, value in pairs if other == name]
            if any(value != last for value in values):
                found[name] = values
    return found


def _whole_number(written: str) -> object:
    return int(written) if len(written) <= _EXACT_DIGITS else written


def _number(written: str) -> object:
    """Keep 1.10 and 1e5 as they are written: they may be codes."""
    number = float(written)
    return number if repr(number) == written else written


def _constant(written: str) -> object:
    """Take NaN for what Python writes where there is no value."""
    return None if written == "NaN" else written
