"""What becomes of bytes that mean nothing in a file's encoding."""

import codecs

# Half a surrogate pair, which no text has. A row with one is refused.
MEANINGLESS = "\udcff"


def _meaningless(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MEANINGLESS, error.end


codecs.register_error("meaningless", _meaningless)
