"""The words of column names, in English, French, Spanish and German: data, nothing else.

A line gives a meaning and after it the ways to write it, without accents and capitals; with "=",
one word and the several that it is made of. Phrases are several words, one after another, and what
they mean together. A word in none of the lists is a stranger: it keeps a column from being money, a
code or a quantity.
"""

from collections.abc import Iterator
from itertools import chain

from worker.importing.mapping.lexicon import bids, items, money, people

# Of everything, whatever it is.
_WORDS = """
number: # no num nbr nmbr nr numb numero nummer numer
code: clave cd cod codigo kode
id: ident identifier identifiant
internal: interne interno interna intern
your: votre vos ihr su
english: eng anglais anglaise ingles englisch
french: fr fre francais francaise franzosisch
actual: reel reelle real
"""

# Words that change nothing; cad is the money that prices are in anyway.
_IGNORED = """
of the an for our notre nos unser by at and de du des la le les el los las der die das und y del au
et en cad cdn html or ou oder bei von
"""

# Words that make something else of what stands beside them: a price's date is no price.
_DENIERS = """
isflag is y n yes date updated value percent min minimum minima minimo max maximum maxima target
reorder safety sold received shipped
allocated committed reserved backlog low use track manage status case carton box pallet pack inner
break total extended old previous margin markup profit special promo comparison account tax type
method currency days week month year source point multiple order list id code number name
description cost price retail per
count alert threshold policy tracker turn turns turnover age aging supply cover expected counted
recommended movement moved issued produced budget forecasted cycle
damaged defective returned returns transit consigned consignment counted variance picked packed
invoiced suggested needed needs short shortage demand forecast usage used hold quarantine quoted
display demo scrap required requested open free future planned unavailable incoming outgoing in out
adjusted adjustment lost sale sales promotion
alternate alternative alt parent substitute superseded supersedes replaces related linked competitor
competition former legacy similar component kit bundle import export
freight labor labour duty shipping handling setup overhead estimated material
pkg pkge pk pck ctn crtn bag bags bundle bundles skid skids lift lifts lot batch crate roll rolls
non image photo managed tracked taxable enabled keeping room unlimited allow from until since
soon
color colour brand bin hs finish size style shelf aisle route grade season taxable featured active
serialized discontinued menu
bulk web online ebay amazon club employee staff clearance
spouse partner emergency fax assistant secondary other opt optout opted optin subscribed
unsubscribed bounced bounce verified valid consent permission marketing lists format label ip
extension x pager country notes previous domain hash billing statement invoice
"""


def _lines(data: str) -> Iterator[tuple[str, str]]:
    for line in data.strip().splitlines():
        left, _, right = line.partition(" = " if " = " in line else ": ")
        yield left, right


def _words(data: str) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for left, right in _lines(data):
        if f"{left} = {right}" in data:
            words[left] = tuple(right.split())
        else:
            words |= dict.fromkeys((left, *right.split()), (left,))
    return words


_NOUNS = (items, money, people, bids)
WORDS = _words(_WORDS) | {
    word: meaning for noun in _NOUNS for word, meaning in _words(noun.WORDS).items()
}
PHRASES = {
    tuple(left.split()): tuple(right.split())
    for noun in _NOUNS
    for left, right in _lines(noun.PHRASES)
}
IGNORED = frozenset(_IGNORED.split())
DENIERS = frozenset(_DENIERS.split())
# What has a meaning of its own is no stranger.
KNOWN = frozenset(chain(WORDS, *WORDS.values(), *PHRASES.values())) | DENIERS
