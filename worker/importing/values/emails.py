"""E-mail addresses: plainly wrong ones are refused, the rest only their owner can judge."""

import re

from worker.importing.values.characters import without_invisible
from worker.importing.values.problems import ValueProblem, shown
from worker.importing.values.texts import line

# https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1, less the angle brackets around a path
_LONGEST_ADDRESS = 254

# One label of a domain, in any alphabet.
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(
    rf"""
    (?! \. ) (?! [^@]* \.\. ) [^\s@<>()\[\]\\,:;"]{{1,64}} (?<! \. )
    @ {_LABEL} (?: \. {_LABEL} )+
    """,
    re.VERBOSE,
)
_WITH_NAME = re.compile(r"[^<>]*<([^<>]+)>")
_SEVERAL = re.compile(r"[^@]*@[^@]*[,;/\s][^@]*@.*")


def email(cell: object) -> str | None:
    """Read an e-mail address: trimmed and without what cannot be seen, otherwise as written.

    Raises:
        ValueProblem: no address, several, or one with a name or "mailto:" around it.

    """
    written = line(cell, _LONGEST_ADDRESS)
    if written and not written.isascii():
        written = without_invisible(written) or None
    if written is None or (_ADDRESS.fullmatch(written) and written.isprintable()):
        return written
    if written.lower().startswith("mailto:"):
        raise ValueProblem(f'{shown(written)} starts with "mailto:", write only the address')
    if (named := _WITH_NAME.fullmatch(written)) and _ADDRESS.fullmatch(named[1].strip()):
        raise ValueProblem(f"{shown(written)} has more than the address in it, write only that")
    if _SEVERAL.fullmatch(written):
        raise ValueProblem(f"{shown(written)} is more than one address, write only one")
    raise ValueProblem(f"{shown(written)} is not an e-mail address")


def owner(cell: object) -> str | None:
    """Read the e-mail address of a colleague; None for a name or a code, which may be anybody's.

    Raises:
        ValueProblem: what should be an address is none.

    """
    written = line(cell, _LONGEST_ADDRESS)
    return email(written) if written and "@" in written else None
