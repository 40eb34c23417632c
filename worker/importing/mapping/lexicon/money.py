"""What prices, costs, taxes and sums are called."""

WORDS = """
price: pricing prix precio preis prc rate tarif tarifa prce
cost: cst costo coste cout coutant kosten
average: avg ave avrg moy moyen promedio medio durchschnitt durchschn durchschnittlich
average: moving weighted
retail: rtl
last: latest recent dernier derniere ultimo ultima letzter
standard: std stnd
estimated: est
initial: initials initiale inicial
replacement: repl rplc
market: mkt
net: netto neto nette
gross: brutto bruto brut
dealer: dlr
member: membre miembro
list: liste lista lst
msrp: srp rrp pdsf uvp
sell: selling vendant
sales: vente venta verkauf sls umsatz revenue
purchase: purchasing purchases purch achat compra einkauf buy buying
regular: regulier reguliere reg normal regularer regulare
contractor: contr entrepreneur contratista
wholesale: whsl whlsl grossiste mayorista mayoreo
tier: nivel niveau stufe
level: lvl
usd: us
percent: pct percentage prozent porcentaje pourcentage
margin: marge margen marg
gp: gm
subtotal: zwischensumme
tax: taxes taxe impuesto impuestos steuer hst vat tva mwst iva ust mehrwertsteuer
tax: umsatzsteuer
gst: tps
pst: tvq qst rst
total: gesamt summe totale totaux
amount: amt amnt montant importe betrag monto
verkaufspreis = sales price
listenpreis = list price
einkaufspreis = purchase price
einzelpreis = unit price
stuckpreis = unit price
nettopreis = net price
angebotspreis = special price
aktionspreis = special price
sonderpreis = special price
bruttopreis = gross price
einstandspreis = landed cost
gestehungskosten = landed cost
selbstkosten = landed cost
nettobetrag = net amount
nettosumme = net total
bruttobetrag = gross amount
bruttosumme = gross total
gesamtbetrag = total amount
gesamtsumme = total amount
gesamtpreis = total price
endsumme = total amount
endbetrag = total amount
angebotssumme = total amount
steuerbetrag = tax amount
pvp = retail price
pmp = average cost
cump = average cost
ek = purchase price
vk = sales price
"""

PHRASES = """
price list: pricelist
price lists: pricelist
lista de precios: pricelist
liste de prix: pricelist
preisliste: pricelist
price code: pricecode
price class: pricegroup
price group: pricegroup
price category: pricegroup
price plan: pricegroup
price schedule: pricegroup
price type: pricetype
groupe de prix: pricegroup
preisgruppe: pricegroup
unit sell: sell price
m s r p: msrp
s r p: msrp
p v p: retail price
p costo: cost price
p compra: purchase price
p venta: sales price
p lista: list price
p publico: retail price
p unit: unit price
p u: unit price
p v: sales price
pv ht: sales price ht
pa ht: purchase price ht
lst cost: last cost
lst cst: last cost
precio publico: retail price
precio al publico: retail price
precio de publico: retail price
prix suggere: msrp
prix de detail suggere: msrp
prix detail suggere: msrp
prix de vente suggere: msrp
prix de vente conseille: msrp
prix conseille: msrp
precio sugerido: msrp
sugg retail: msrp
sug retail: msrp
sugg list: msrp
sugg sell: msrp
suggested price: msrp
suggested sell: msrp
suggested sell price: msrp
suggested selling price: msrp
recommended retail price: msrp
recommended retail: msrp
suggested retail price: msrp
sugg retail price: msrp
sug retail price: msrp
suggested retail: msrp
suggested list: msrp
suggested list price: msrp
prix de detail: retail price
prix detail: retail price
prix au detail: retail price
prix public: retail price
prix coutant: cost price
prix de revient: cost price
cout de revient: cost price
precio de costo: cost price
cout detaillant: dealer cost
prix detaillant: dealer price
prix de gros: wholesale price
prix en gros: wholesale price
compare at: comparison
tax id: taxid
sub total: subtotal
sous total: subtotal
base imponible: subtotal
base amount: subtotal
before tax: ht
before taxes: ht
pre tax: ht
pretax: ht
avant taxe: ht
avant taxes: ht
hors taxe: ht
hors taxes: ht
excl tax: ht
excl taxes: ht
ex tax: ht
excluding tax: ht
excl gst: ht
ex gst: ht
untaxed: ht
without tax: ht
without taxes: ht
sans taxe: ht
sans taxes: ht
sin impuestos: ht
ohne mwst: ht
excl vat: ht
ex vat: ht
excl hst: ht
sin iva: ht
zzgl mwst: ht
h t: ht
with tax: ttc
with taxes: ttc
incl tax: ttc
incl taxes: ttc
inc tax: ttc
including tax: ttc
incl gst: ttc
inc gst: ttc
incl hst: ttc
incl vat: ttc
inc vat: ttc
inkl mwst: ttc
con iva: ttc
iva incluido: ttc
avec taxes: ttc
taxes incluses: ttc
after tax: ttc
t t c: ttc
year to date: ytd
period to date: ptd
month to date: ptd
mtd: ptd
mois courant: ptd
current month: ptd
this month: ptd
current period: ptd
this period: ptd
this year: ytd
current year: ytd
annee en cours: ytd
annee courante: ytd
annee a date: ytd
cumul annuel: ytd
cumulatif: ytd
ano actual: ytd
lfd jahr: ytd
laufendes jahr: ytd
aad: ytd
last year: lyr
last yr: lyr
prior year: lyr
prior yr: lyr
previous year: lyr
prev year: lyr
prev yr: lyr
annee derniere: lyr
annee precedente: lyr
an dernier: lyr
exercice precedent: lyr
ano anterior: lyr
ano pasado: lyr
vorjahr: lyr
ly: lyr
py: lyr
gross profit: gp
gross margin: gp
gross prof: gp
marge brute: gp
margen bruto: gp
profit brut: gp
rohertrag: gp
"""
