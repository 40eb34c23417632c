"""The words of column names, in English, French, Spanish and German: data, nothing else.

A line gives a meaning and after it the ways to write it, without accents and capitals. A word in
none of the lists is a stranger: it keeps a column from being money, a code or a quantity.
"""

from collections.abc import Iterator

# One word written → its meaning, which may be several words.
_WORDS = """
number: # no num nbr nmbr nr numb numero nummer
code: clave cd codigo kode
id: ident identifier identifiant
sku: skus ugs
item: itm article artikel articulo art material
product: prod produit producto produkt merchandise merch
part: pieza prt
stock: invntry stk stck stocking stocked inventory inventaire inventario
reference: ref referencia referenz
catalog: catalogue katalog
model: modele modelo modell
manufacturer: manufact manufacturers mfr mfg manuf fabricant fabricante hersteller
vendor: supplier fournisseur proveedor lieferant vend
barcode: upc ean gtin cup bar strichcode ean13 upca
quantity: qty qte quantite cantidad cant menge anzahl qnty quant qtys
onhand: qoh soh qtyoh oh existencia bestand lagerbestand
available: avail avl disponible dispo verfugbar
ordered: commandee commande pedido bestellt
onorder: qoo
price: pricing prix precio preis prc rate tarif tarifa
unit: unite unidad einheit unitaire unitario unitaria
uom: um udm mengeneinheit masseinheit
cost: cst costo coste cout coutant kosten
average: avg ave moyen moy promedio medio durchschnitt moving weighted
internal: interne interno intern
english: eng anglais anglaise ingles englisch
french: fr francais francaise
retail: rtl
work: geschaftlich professionnel profesional trabajo bureau
home: privat domicile
company: bus
actual: reel real
last: latest recent dernier derniere ultimo letzter
standard: std
replacement: repl
net: netto neto
dealer: dlr
list: liste lista lst
msrp: srp rrp pdsf uvp
sell: selling
sales: vente venta verkauf sls
purchase: purchasing purchases achat compra einkauf buy buying
regular: regulier reg normal
contractor: contr entrepreneur contratista
wholesale: whsl grossiste mayorista
tier: nivel niveau stufe
level: lvl
category: cat categorie categoria kategorie categ
department: dept dep departement departamento abteilung rayon
group: grp groupe grupo gruppe
class: classe clase klasse
family: famille familia
description: desc descr dscr descrip descripcion beschreibung
name: nom nombre
designation: intitule bezeichnung artikelbezeichnung produktbezeichnung libelle
designation: denominacion denomination
title: titre titulo titel
extended: ext
short: kurz court corto
long: lang larga
length: len longueur
warehouse: whse wh entrepot
default: def
customer: bp debtor debitor cust client cliente kunde kunden debitor clnt
account: acct acc compte cuenta konto
contact: contacto kontakt ansprechpartner
forename: prenom vorname fname given forenames
surname: nachname familienname apellido lname lastname
middle: mid
initial: initials mi
email: mail courriel correo courriels
phone: tel telephone telefono telefon tlf telefonnummer fon telephon
mobile: cell cellular cellulaire celular portable movil handy cel
company: compagnie entreprise societe empresa compania firma firm unternehmen organization
company: organisation organizacion business
address: addr adresse direccion anschrift domicilio adr
street: rue calle strasse
city: town ville ciudad poblacion localidad ort stadt municipality municipalite municipio
province: prov provincia
state: estado bundesland
postal: cp zip postale postcode zipcode plz postleitzahl
status: statut
notes: note comment commentaire comentario remark remarque nota observacion notiz bemerkung
notes: anmerkung memo comentarios observaciones notizen bemerkungen
each: ea
usd: us
sales: revenue
trade: metier oficio gewerk
owner: proprietaire propietario
rep: representative representant salesperson salesman slsm slsmn slsp vendeur vendedor
rep: agent agente verkaufer vertreter salesrep sperson salespeople
percent: pct pc percentage prozent
margin: marge margen marg
gp: gm
subtotal: zwischensumme
tax: taxes taxe impuesto steuer hst gst vat tva mwst iva
amount: amt montant importe betrag
project: projet proyecto projekt
expiry: expiration expires expire expiracion
terms: conditions
billing: bill billto facturation facturacion
shipping: ship shipto delivery livraison entrega
primary: main principal principale pri
reorder: reord
kundennummer = customer number
kundennr = customer number
kundenname = customer name
debitorennummer = customer number
firmenname = company name
artikelnummer = item number
artikelnr = item number
artikelcode = item code
produktcode = product code
artikelname = item name
produktname = product name
warengruppe = item group
artikelgruppe = item group
warenbezeichnung = designation
verkaufspreis = sales price
listenpreis = list price
einkaufspreis = purchase price
einzelpreis = unit price
stuckpreis = unit price
nettopreis = net price
einstandspreis = landed cost
pvp = retail price
ek = purchase price
vk = sales price
matricule = reference
qtyonhand = quantity onhand
acctno = account number
custno = customer number
itemno = item number
partno = part number
"""

# Several words written one after another → their meaning.
_PHRASES = """
on hand: onhand
o h: onhand
in stock: onhand
en stock: onhand
en main: onhand
en existencia: onhand
auf lager: onhand
on order: onorder
o o: onorder
oo: onorder
on purchase: onorder
on purchase order: onorder
on purchase orders: onorder
on po: onorder
on p o: onorder
en commande: onorder
en pedido: onorder
on sales order: backlog
on so: backlog
on s o: backlog
back order: backlog
unit of measure: uom
units of measure: uom
unit measure: uom
unit of measurement: uom
unite de mesure: uom
unidad de medida: uom
s k u: sku
u m: uom
u of m: uom
u o m: uom
price list: pricelist
unit sell: sell price
per item: each
per unit: each
per each: each
per ea: each
per piece: each
por unidad: unit
inv qty: stock quantity
q o h: onhand
u p c: barcode
m s r p: msrp
precio publico: retail price
precio al publico: retail price
prix suggere: msrp
prix de detail suggere: msrp
prix detail suggere: msrp
a c: account
address company: company
business partner: customer
sales employee: rep
price unit: priceunit
pricing unit: priceunit
cost unit: costunit
stock keeping unit: sku
cat no: catalog number
cat nr: catalog number
cat number: catalog number
sugg retail: msrp
sug retail: msrp
suggested price: msrp
recommended retail price: msrp
recommended retail: msrp
account executive: rep
owned by: owner
last yr: lyr
prev year: lyr
price code: pricecode
prix de detail: retail price
prix detail: retail price
prix au detail: retail price
prix coutant: cost price
prix de gros: wholesale price
prix en gros: wholesale price
suggested retail price: msrp
suggested retail: msrp
suggested list: msrp
bar code: barcode
code barres: barcode
code a barres: barcode
code de barres: barcode
codigo de barras: barcode
compare at: comparison
first name: forename
firstname: forename
given name: forename
last name: surname
family name: surname
nom de famille: surname
middle name: middle
middle initial: middle
m i: middle
c p: postal
e mail: email
correo electronico: email
courrier electronique: email
adresse electronique: email
sales rep: rep
sales representative: rep
sales person: rep
account manager: rep
account owner: owner
zip code: postal
post code: postal
raison sociale: company
razon social: company
year to date: ytd
period to date: ptd
last year: lyr
prior year: lyr
previous year: lyr
ly: lyr
gross profit: gp
gross margin: gp
sub total: subtotal
sous total: subtotal
bill to: billing
sold to: billing
ship to: shipping
valid until: validuntil
valid to: validuntil
valid through: validuntil
good until: validuntil
good through: validuntil
valide jusqu au: validuntil
valido hasta: validuntil
gultig bis: validuntil
expiry date: validuntil
expiration date: validuntil
excl tax: ht
ex tax: ht
excluding tax: ht
excl gst: ht
ex gst: ht
ex vat: ht
body html: body
year to date sales: ytd sales
"""

# Words that change nothing; cad is the money that prices are in anyway.
_IGNORED = """
of the an for our by at and de du des la le les el los las der die das und y del au et en cad
cdn html ht or ou oder
"""

# Words that make something else of what stands beside them: a price's date is no price.
_DENIERS = """
isflag is y n yes date updated value percent min minimum minima minimo max maximum maxima target
reorder safety sold received shipped
allocated committed reserved backlog low use track manage status case carton box pallet pack inner
break total extended old previous margin markup profit special promo comparison account tax type
method currency days week month year source point multiple order list id code number name
description cost price retail
"""


def _lines(data: str) -> Iterator[tuple[str, str]]:
    for line in data.strip().splitlines():
        left, _, right = line.partition(" = " if " = " in line else ": ")
        yield left, right


def _words() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for left, right in _lines(_WORDS):
        if f"{left} = {right}" in _WORDS:
            words[left] = tuple(right.split())
        else:
            words |= dict.fromkeys((left, *right.split()), (left,))
    return words


WORDS = _words()
PHRASES = {tuple(left.split()): tuple(right.split()) for left, right in _lines(_PHRASES)}
IGNORED = frozenset(_IGNORED.split())
DENIERS = frozenset(_DENIERS.split())
