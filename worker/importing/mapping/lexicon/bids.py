"""What bids, quotes and tenders, and what is in them, are called."""

WORDS = """
project: projet proyecto projekt bauvorhaben chantier obra bv proj
job: affaire auftrag
bid: tender soumission offre cotizacion angebot presupuesto devis oferta licitacion
quote: quotation quot
estimate: estimation estimacion kostenvoranschlag
submitted: soumis submit
scope: portee alcance leistungsumfang
builder: constructeur constructor
bauherr = customer
auftraggeber = customer
projektname = project name
bauprojekt = project
expiry: expiration expires expire expiracion expiring
terms: conditions condiciones konditionen term
zahlungsbedingungen = payment terms
zahlungskonditionen = payment terms
zahlungsziel = payment terms
bindefrist = validuntil
vigencia = validuntil
validez = validuntil
"""

PHRASES = """
valid until: validuntil
valid till: validuntil
valid to: validuntil
valid thru: validuntil
valid through: validuntil
valid til: validuntil
good until: validuntil
good till: validuntil
good thru: validuntil
good through: validuntil
valide jusqu au: validuntil
valide jusque: validuntil
valable jusqu au: validuntil
valido hasta: validuntil
valida hasta: validuntil
gultig bis: validuntil
expiry date: validuntil
expiration date: validuntil
expires on: validuntil
expire le: validuntil
date d expiration: validuntil
date expiration: validuntil
date de validite: validuntil
date validite: validuntil
date d echeance: validuntil
date echeance: validuntil
echeance: validuntil
fecha de vencimiento: validuntil
fecha de validez: validuntil
fecha de expiracion: validuntil
fecha vencimiento: validuntil
vencimiento: validuntil
ablaufdatum: validuntil
validity date: validuntil
general contractor: gc
entrepreneur general: gc
gen contractor: gc
contratista general: gc
g c: gc
maitre d ouvrage: customer
donneur d ouvrage: customer
maitre ouvrage: customer
donneur ouvrage: customer
scope of work: scope
work scope: scope
nom de l affaire: project name
job site: jobsite
payment terms: payment terms
conditions de paiement: payment terms
modalites de paiement: payment terms
condiciones de pago: payment terms
terminos de pago: payment terms
t c: terms
t cs: terms
terms conditions: terms
"""
