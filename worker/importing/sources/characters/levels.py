"""How well a character fits where it stands, from a word that is known to what cannot be."""

KNOWN, SURE, FITS, LIKELY, NEUTRAL, ODD, UNLIKELY, WRONG = 5, 3, 2, 1, 0, -1, -2, -3
