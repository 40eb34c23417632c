"""Characters that XML 1.0 has no way to hold."""

import re

# https://www.w3.org/TR/xml/#charsets
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def without_unfit(text: str) -> str:
    """Take out control characters, which no screen shows either."""
    return _UNFIT.sub("", text)
