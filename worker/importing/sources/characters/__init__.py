"""What the bytes beyond ASCII of a file mean, by what its texts then say."""

from worker.importing.sources.characters.east_asian import read_east_asian
from worker.importing.sources.characters.readings import Doubt, Reading, is_odd_utf_8, read_western
from worker.importing.sources.characters.survey import Survey, survey

__all__ = [
    "Doubt",
    "Reading",
    "Survey",
    "is_odd_utf_8",
    "read_east_asian",
    "read_western",
    "survey",
]
