"""The pages of a web archive (MHTML, RFC 2557), which Excel calls "Single File Web Page"."""

import binascii
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import IO

_LONGEST_LINE = 1 << 20
_MOST_HEADERS = 1000


def unpacked_pages(path: Path, page: Path) -> Iterator[None]:
    """Write one page after the other of an archive into a file, coming back after each."""
    with path.open("rb") as file:
        lines = _Lines(file)
        headers = _headers(lines)
        boundary = headers.get_boundary()
        if boundary is not None:
            lines.mark = b"--" + boundary.encode("ascii", "replace")
            lines.skip()
            if not lines.next_part():
                return
            headers = _headers(lines)
        while True:
            if headers.get_content_type() == "text/html":
                with page.open("wb") as target:
                    target.writelines(_decoded(lines, headers))
                yield
            lines.skip()
            if not lines.next_part():
                return
            headers = _headers(lines)


class _Lines:
    """A file's lines, up to the mark that ends a part."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ended_by = b""
        self.mark: bytes | None = None

    def __iter__(self) -> Iterator[bytes]:
        while not self._ended_by:
            line = self._file.readline(_LONGEST_LINE)
            if not line or (self.mark is not None and line.startswith(self.mark)):
                self._ended_by = line or b"--"
                return
            yield line

    def skip(self) -> None:
        """Leave out the rest of a part."""
        for _ in self:
            pass

    def next_part(self) -> bool:
        """Go on behind the mark, unless it was the last."""
        is_last = self.mark is None or self._ended_by[len(self.mark) :].startswith(b"--")
        is_last = is_last or self._ended_by == b"--"
        self._ended_by = b""
        return not is_last


def _headers(lines: Iterable[bytes]) -> Message:
    written: list[str] = []
    for line in lines:
        if not line.strip() or len(written) == _MOST_HEADERS:
            break
        written.append(line.decode("latin-1"))
    return HeaderParser().parsestr("".join(written))


def _decoded(lines: Iterable[bytes], headers: Message) -> Iterator[bytes]:
    encoding = str(headers["content-transfer-encoding"]).strip().lower()
    rest = b""
    for line in lines:
        if encoding == "quoted-printable":
            yield binascii.a2b_qp(line)
        elif encoding == "base64":
            rest += line.strip()
            whole = len(rest) // 4 * 4
            yield binascii.a2b_base64(rest[:whole])
            rest = rest[whole:]
        else:
            yield line
