"""What items, their codes, groups, units and stock are called."""

WORDS = """
sku: skus ugs
item: itm itms article artikel articulo art material
product: prod produit producto produkt merchandise merch
part: pieza prt
stock: invntry invnt stk stck stocking stocked inventory inventaire inventario inven
reference: ref referencia referenz
catalog: catalogue katalog ctlg
model: modele modelo modell mdl
manufacturer: manufact manufacturers mfr mfg mfgr manuf fabricant fabricante hersteller
vendor: supplier fournisseur proveedor lieferant vend vndr
barcode: upc ean gtin cup bar strichcode ean13 upca
quantity: qty qte quantite cantidad cant menge anzahl qnty quant qtys qt quan
onhand: qoh soh oh qtyoh existencia bestand lagerbestand istbestand
available: avail avl disponible dispo disp verfugbar
ordered: commandee commande pedido bestellt cmd
onorder: qoo bestellbestand zulauf
variant: variante variation
book: buchbestand
physical: physique fisico fisica physisch
count: counts
balance: bal
unit: unite unidad einheit unitaire unitario unitaria unt
uom: um udm me mengeneinheit masseinheit basismengeneinheit basiseinheit
uom: verkaufseinheit lagereinheit
each: ea pce stuck
length: len longueur
warehouse: whse wh entrepot lager almacen bodega deposito
location: loc emplacement ubicacion succursale sucursal filiale
store: magasin tienda
category: cat categorie categoria kategorie categ rubro rubrique
department: dept dep departement departamento abteilung rayon
group: grp groupe grupo gruppe
class: classe clase klasse cls
family: famille familia
description: desc descr dscr descrip descripcion beschreibung dsc descrp dscrptn
description: artikelbeschreibung produktbeschreibung
designation: intitule bezeichnung artikelbezeichnung produktbezeichnung libelle kurzbezeichnung
designation: denominacion denomination artikeltext kurztext warenbezeichnung
details: detalle detalles
extended: ext etendue
short: kurz court courte corto corta
long: lang larga longue largo
default: def defaut predeterminado
reorder: reord
kurzbeschreibung = short description
langtext = long description
langbeschreibung = long description
artikelnummer = item number
artikelnr = item number
artikelno = item number
artnr = item number
produktnummer = product number
materialnummer = item number
artikelcode = item code
produktcode = product code
artikelname = item name
produktname = product name
warengruppe = item group
artikelgruppe = item group
produktgruppe = product group
hauptwarengruppe = item group
bestellnummer = order code
bestellnr = order code
matricule = reference
lagermenge = stock quantity
qtyonhand = quantity onhand
itemno = item number
partno = part number
prodno = product number
stockno = stock number
"""

PHRASES = """
on hand: onhand
on hnd: onhand
onhnd: onhand
o h: onhand
in stock: onhand
en stock: onhand
en main: onhand
en mano: onhand
a mano: onhand
en inventaire: onhand
en existencia: onhand
auf lager: onhand
on order: onorder
on ord: onorder
o o: onorder
oo: onorder
on purchase: onorder
on purch: onorder
on purchase order: onorder
on purchase orders: onorder
on purch order: onorder
on purch orders: onorder
on po: onorder
on pos: onorder
on p o: onorder
on supplier order: onorder
due in: onorder
inbound: onorder
en commande: onorder
en cmd: onorder
en pedido: onorder
por recibir: onorder
pendiente de recibir: onorder
pendientes de recibir: onorder
im zulauf: onorder
on sales order: backlog
on sales orders: backlog
on sales ord: backlog
on so: backlog
on s o: backlog
on customer order: backlog
back order: backlog
back ordered: backlog
back orders: backlog
unit of measure: uom
units of measure: uom
unit measure: uom
unit of measurement: uom
unit of meas: uom
unit of issue: uom
unit of sale: sales uom
unite de mesure: uom
unidad de medida: uom
u med: uom
unidad de salida: sales uom
unidad salida: sales uom
s k u: sku
u m: uom
u of m: uom
u o m: uom
uo m: uom
m e: uom
quantity per unit: pack
qty per unit: pack
quantity per pack: pack
qty per pack: pack
qty per case: case
quantity per case: case
per item: each
par article: each
par unite: each
pro stuck: each
pro artikel: each
per unit: each
per each: each
per ea: each
per piece: each
per pc: each
per pce: each
per pcs: each
por unidad: unit
inv qty: stock quantity
q o h: onhand
q o o: onorder
s o h: onhand
u p c: barcode
stock keeping unit: sku
cat no: catalog number
cat nr: catalog number
cat num: catalog number
cat number: catalog number
cat code: category code
catalog cat: category
no de piece: part number
numero de piece: part number
item desc: item description
bar code: barcode
code barres: barcode
code barre: barcode
code a barres: barcode
code de barres: barcode
codigo de barras: barcode
codigo barras: barcode
body html: body
corps html: body
cost unit: costunit
price unit: priceunit
pricing unit: price uom
preiseinheit: priceunit
"""
