"""Which columns can be which fields, by the words of their names."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from rapidfuzz import fuzz, process

from worker.importing.mapping.lexicon import DENIERS, KNOWN
from worker.importing.mapping.words import raw_words, words
from worker.importing.tables import Field, Table

OWN_NAME, _SYNONYM, _WEAK, _LAST_RESORT, _MISSPELLED = 100, 95, 50, 30, 55
_WORST_SYNONYM = 62
# Of any two parts, and of one alone.
COMPOSED, _ONE_PART = 60, 35

# Percent of likeness (rapidfuzz.fuzz.ratio), and how long a name must be: in a short one a letter
# makes another word. "Depth" is no "Dept".
_ALIKE = 87
_THE_SAME = 100
_SHORTEST_ALIKE = 8

# Ends a synonym that any stranger may follow, if it does so once in a file: the name of a place.
_ANYTHING = "*"
# What a shop's name may have besides strangers, and of how many words it is.
_PLACES = frozenset({"primary", "store", "warehouse", "location", "yard", "branch", "shop"})
_LONGEST_PLACE = 3
_OWN = "named like it, beside a name of its own"
# Ends one where the stranger must be set off: "In stock [Halifax]", "On Hand - Truro".
_ANYTHING_APART = "[*]"
_APART = re.compile(r"[\[(][^\])]+[\])]\s*$|\s-\s")


class Candidate(NamedTuple):
    """A column that a field could have, or several that it could be put together from."""

    field: str
    columns: tuple[int, ...]
    # To 101; weak ones and last resorts serve required fields alone.
    score: int
    reason: str

    @property
    def is_last_resort(self) -> bool:
        """Whether it counts only where there is nothing else."""
        return self.score <= _LAST_RESORT

    @property
    def is_weak(self) -> bool:
        """Whether it counts for required fields alone."""
        return self.score <= _WEAK

    def last_of_all(self) -> "Candidate":
        """Give any other candidate of a required field the preference."""
        return self._replace(score=min(self.score, _LAST_RESORT + 1))

    def doubted(self, doubt: int) -> "Candidate":
        """Give it less of a chance against others of its kind, and no less than theirs."""
        least = _WEAK + 1 if self.score > _WEAK else 1
        return self._replace(score=max(least, self.score - doubt))


class _Pattern(NamedTuple):
    words: frozenset[str]
    field: Field
    score: int
    # Which of the field's parts it is, if that.
    part: int | None
    # Whether a stranger may follow; None if only one that is set off.
    is_open: bool | None


class Vocabulary:
    """The names by which a table's fields go."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._beside = {
            field.name: frozenset(chain.from_iterable(map(words, field.beside.split())))
            for field in table.fields
        }
        self._patterns: dict[str, list[_Pattern]] = defaultdict(list)
        for pattern in chain.from_iterable(map(_patterns, table.fields)):
            if pattern.words:
                self._patterns[max(pattern.words, key=len)].append(pattern)

    def candidates(self, columns: Sequence[str]) -> list[Candidate]:
        """Find them all, the better first."""
        found: list[Candidate] = []
        parts: dict[tuple[str, int], tuple[int, int]] = {}
        open_ones: dict[str, dict[_Pattern, list[Candidate]]] = defaultdict(dict)
        for index, column in enumerate(columns):
            for pattern, score in self._matches(column):
                name = pattern.field.name
                if pattern.part is not None:
                    best = parts.get((name, pattern.part))
                    if best is None or best[1] < score:
                        parts[name, pattern.part] = index, score
                elif pattern.is_open is not False:
                    one = Candidate(name, (index,), score, _OWN)
                    open_ones[name].setdefault(pattern, []).append(one)
                else:
                    found.append(Candidate(name, (index,), score, _reason(score)))
        for by_pattern in open_ones.values():
            # Of several branches nobody knows which one is meant.
            ones = by_pattern[max(by_pattern, key=lambda pattern: pattern.score)]
            found.extend(ones if len(ones) == 1 else ())
        found.extend(self._composed(columns, found, parts))
        return sorted(found, key=lambda one: (-one.score, one.columns))

    def _matches(self, column: str) -> Iterator[tuple[_Pattern, int]]:
        """Yield the best pattern of each field, and of each part of one."""
        written = frozenset(words(column))
        best: dict[tuple[str, int | None, bool], tuple[_Pattern, int]] = {}
        for pattern in chain.from_iterable(self._patterns.get(word, ()) for word in written):
            if not pattern.words <= written:
                continue
            extra = written - pattern.words
            is_open = pattern.is_open is not False
            if is_open:
                extra -= self._beside[pattern.field.name]
                if not _is_of_a_place(extra) or not (pattern.is_open or _APART.search(column)):
                    continue
            elif not extra <= self._beside[pattern.field.name]:
                continue
            key = pattern.field.name, pattern.part, is_open
            score = pattern.score - min(len(extra), 3)
            if key not in best or best[key][1] < score:
                best[key] = pattern, score
        yield from best.values()

    def _composed(
        self,
        columns: Sequence[str],
        found: list[Candidate],
        parts: dict[tuple[str, int], tuple[int, int]],
    ) -> Iterator[Candidate]:
        for field in self._table.fields:
            have = {part: parts[field.name, part][0] for part in range(len(field.parts))
                    if (field.name, part) in parts}  # fmt: skip
            lone = len(have) == 1 and words(columns[next(iter(have.values()))])
            if not have or lone in _BARE:
                continue
            first, last = 0, len(field.parts) - 1
            half = _other_half(columns, have, found, field)
            if half is not None:
                have[first if last in have else last] = half
                score = OWN_NAME + 1
            else:
                score = COMPOSED if {first, last} <= have.keys() else _ONE_PART
            together = tuple(dict.fromkeys(have[part] for part in sorted(have)))
            yield Candidate(field.name, together, score, "put together from its parts")

    def misspelled(
        self, columns: Sequence[str], taken: set[int], served: set[str]
    ) -> Iterator[Candidate]:
        """Find long names with a slip in them, of fields where that does no harm."""
        free = {
            index: plain
            for index, column in enumerate(columns)
            if index not in taken and len(plain := column.strip().casefold()) >= _SHORTEST_ALIKE - 1
        }
        for field in self._table.fields:
            if not field.forgives or field.name in served:
                continue
            for name in (field.label, *field.synonyms):
                if len(name) < _SHORTEST_ALIKE or not free:
                    continue
                if (
                    best := process.extractOne(
                        name.casefold(), free, scorer=fuzz.ratio, score_cutoff=_ALIKE
                    )
                ) and _is_slip(best[0], name, best[1]):
                    yield Candidate(field.name, (best[2],), _MISSPELLED, "spelled nearly like it")
                    free.pop(best[2])
                    break

    def suggestions(
        self, columns: Sequence[str], taken: set[int], names: Sequence[str]
    ) -> Iterator[tuple[str, int]]:
        """Yield (field, column) of what may be one of these fields, but has a strange word."""
        for index, column in enumerate(columns):
            written = frozenset(words(column))
            if index in taken or written & DENIERS or any(map(str.isdigit, written)):
                continue
            for pattern in chain.from_iterable(self._patterns.get(word, ()) for word in written):
                if (
                    pattern.field.name in names
                    and pattern.words < written
                    and pattern.score > _WEAK
                    and len(written - pattern.words) == 1
                ):
                    yield pattern.field.name, index
                    break


@lru_cache(maxsize=8)
def vocabulary(table: Table) -> Vocabulary:
    """Prepare a table's names once."""
    return Vocabulary(table)


def _patterns(field: Field) -> Iterator[_Pattern]:
    for name in (field.name, field.label):
        yield _Pattern(frozenset(words(name)), field, OWN_NAME, None, is_open=False)
    for names, best, worst in (
        (field.synonyms, _SYNONYM, _WORST_SYNONYM),
        (field.weak_synonyms, _WEAK, _LAST_RESORT + 2),
        (field.last_resorts, _LAST_RESORT, 1),
    ):
        for place, name in enumerate(names):
            is_open = None if name.endswith(_ANYTHING_APART) else name.endswith(_ANYTHING)
            score = max(best - place, worst)
            yield _Pattern(frozenset(words(name)), field, score, None, is_open)
    for part, names in enumerate(field.parts):
        for place, name in enumerate(names):
            yield _Pattern(frozenset(words(name)), field, COMPOSED - place, part, is_open=False)


def _is_slip(written: str, name: str, likeness: float) -> bool:
    """Tell whether it is one; what is spelled rightly is known, and was meant otherwise."""
    mine, others = raw_words(written), raw_words(name)
    strangers = set(mine) - set(others)
    return likeness < _THE_SAME and len(mine) == len(others) and strangers.isdisjoint(KNOWN)


def _is_of_a_place(strangers: frozenset[str]) -> bool:
    """Tell whether words can be a branch's or a dealer's name: nobody else's, and no numbers."""
    return (
        0 < len(strangers) <= _LONGEST_PLACE
        and any(map(str.isalpha, strangers))
        and (strangers - _PLACES).isdisjoint(KNOWN)
    )


def _reason(score: int) -> str:
    if score > _SYNONYM:
        return "named like it"
    if score > _WEAK:
        return "a synonym"
    return "the best there is" if score > _LAST_RESORT else "for want of a better one"


# Half of a name only where the other half is there as well.
_BARE = {("first",), ("last",)}
# "Nom" beside "Prénom", "Name" beside "Vorname", "Nombre" beside "Apellidos": half of a name.
_FORENAMES, _SURNAMES = {"prenom", "vorname"}, {"apellido", "apellidos"}


def _other_half(
    columns: Sequence[str], have: dict[int, int], found: Sequence[Candidate], field: Field
) -> int | None:
    last = len(field.parts) - 1
    if (0 in have) == (last in have):
        return None
    have_raw = set(raw_words(columns[have[0 if 0 in have else last]]))
    if not have_raw & (_FORENAMES if 0 in have else _SURNAMES):
        return None
    of_name = (one for one in found if one.field == field.name and one.score == OWN_NAME)
    return next((one.columns[0] for one in of_name), None)
