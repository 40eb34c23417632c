"""What all readers say alike."""

from worker.sources.encoding import Encoding


def encoding_notes(found: Encoding) -> list[str]:
    """Say how a text was read, where that was a guess."""
    notes = [f"Read as {found.shown} text."] if found.shown else []
    if found.is_damaged:
        notes.append(
            f"Some characters mean nothing in {found.shown or 'UTF-8'} and were replaced by "
            "\N{REPLACEMENT CHARACTER}."
        )
    return notes
