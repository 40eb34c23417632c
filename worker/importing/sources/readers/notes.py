"""What all readers say alike."""

from pathlib import Path

from worker.importing.sources.encoding import Encoding, decodes


def encoding_notes(path: Path, found: Encoding) -> list[str]:
    """Say how a text was read, where that was a guess."""
    example = f": {found.example}" if found.example else "."
    notes = [f"Read as {found.shown} text{example}"] if found.shown else []
    if not decodes(path, found.codec):
        notes.append(
            f"Some characters mean nothing in {found.shown or 'UTF-8'} and were replaced by "
            "\N{REPLACEMENT CHARACTER}."
        )
    return notes
