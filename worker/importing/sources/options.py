"""What a job may say about its file where a guess would be wrong."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from worker.exceptions import JobRefusedError

_NAMED_DELIMITERS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "pipe": "|",
    "space": " ",
}
_LONGEST_NAME = 255
_ENCODING_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:. -]{0,39}")
# Text to Python, but nothing that a table is written in, and able to make half characters.
_NO_FILE_ENCODINGS = {
    "idna",
    "punycode",
    "raw-unicode-escape",
    "undefined",
    "unicode-escape",
    "utf-7",
}


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Each None where the file itself decides."""

    # One character.
    delimiter: str | None = None
    # A Python codec.
    encoding: str | None = None
    # A workbook's sheet, by its name.
    sheet: str | None = None
    # The header's row in the file, 1-based; 0 where there is none.
    header_row: int | None = None
    # Sheets that were chosen in earlier files: one of them comes first if it looks like theirs.
    likely_sheets: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, options: Mapping[str, object]) -> Self:
        """Read file_data.options; keys that concern no file are not looked at.

        Raises:
            JobRefusedError: an option can't be meant. The text names it.

        """
        return cls(
            delimiter=_delimiter(options.get("delimiter")),
            encoding=_encoding(options.get("encoding")),
            sheet=_sheet(options.get("sheet")),
            header_row=_header_row(options.get("header_row")),
        )


def _delimiter(option: object) -> str | None:
    if option is None:
        return None
    if isinstance(option, str):
        delimiter = _NAMED_DELIMITERS.get(option.lower(), option)
        if len(delimiter) == 1 and (delimiter == "\t" or _can_delimit(delimiter)):
            return delimiter
    raise JobRefusedError(
        'The option "delimiter" must be the one character between the columns, like ";", '
        'or "comma", "semicolon", "tab" or "pipe".'
    )


def _can_delimit(character: str) -> bool:
    return character.isprintable() and not character.isalnum() and character != '"'


def _encoding(option: object) -> str | None:
    if option is None:
        return None
    if isinstance(option, str) and _ENCODING_NAME.fullmatch(option):
        try:
            " ".encode(option)  # what turns bytes into bytes or text into text is refused here
            name = codecs.lookup(option).name
        except (LookupError, UnicodeError):
            pass
        else:
            if name.replace("_", "-") not in _NO_FILE_ENCODINGS:
                return name
    raise JobRefusedError(
        'The option "encoding" must name a text encoding, like "utf-8" or "windows-1252".'
    )


def _sheet(option: object) -> str | None:
    if option is None:
        return None
    if isinstance(option, str) and option.isprintable() and 0 < len(option) <= _LONGEST_NAME:
        return option
    raise JobRefusedError('The option "sheet" must be the name of a sheet of the workbook.')


def _header_row(option: object) -> int | None:
    if option is None:
        return None
    if isinstance(option, int) and not isinstance(option, bool) and option >= 0:
        return option
    raise JobRefusedError(
        'The option "header_row" must be the number of the row with the column names; '
        "the first row is 1, and 0 says that there are no names."
    )
