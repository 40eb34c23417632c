"""What people, companies, where they live and who looks after them are called."""

WORDS = """
name: nom nombre nm naam
display: affiche anzeige
title: titre titulo titel
work: geschaftlich professionnel profesional trabajo bureau dienstlich oficina
home: privat domicile particular
landline: fixe fijo festnetz
company: bus co compagnie entreprise societe empresa compania firma firm unternehmen organization
company: organisation organizacion business betrieb firme
customer: bp debtor debitor cust client cliente kunde kunden clnt cstmr
account: acct acc compte cuenta konto accnt
contact: contacto kontakt ansprechpartner
forename: prenom vorname fname given forenames
surname: nachname familienname apellido lname lastname
middle: mid
email: mail courriel correo courriels messagerie mailadresse emailadresse
phone: tel telephone telefono telefon tlf telefonnummer telefonnr fon telephon ph phn tele
phone: rufnummer
mobile: cell cellular cellulaire celular portable movil handy cel mobil mobiltelefon mobilnummer
mobile: cellphone
address: addr domicilio adresse direccion anschrift adr addres adresszeile
street: rue calle strasse
city: town ville ciudad poblacion localidad ort stadt municipality municipalite municipio suburb
city: locality localite
province: prov provincia
state: bundesland stateprov
territory: territoire territorio
postal: cp zip postale postcode zipcode plz postleitzahl pcode postalcode
status: statut estatus
notes: note comment commentaire comentario remark remarque nota observacion notiz bemerkung
notes: anmerkung memo comentarios observaciones notizen bemerkungen
trade: metier oficio gewerk gremio
owner: proprietaire propietario
rep: representative representant salesperson salesman slsm slsmn slsp vendeur vendedor slsman
rep: agent agente verkaufer vertreter salesrep sperson salespeople slsprsn slspers slsperson
rep: slsrep srep vertriebsmitarbeiter aussendienst aussendienstmitarbeiter kundenbetreuer betreuer
rep: slspn
billing: bill billto facturation facturacion rechnung
shipping: ship shipto delivery livraison entrega lieferung
mailing: mailto
primary: main principal principale pri
kundennummer = customer number
anzeigename = display name
kundennr = customer number
kundenname = customer name
debitorennummer = customer number
debitornr = customer number
debitorennr = customer number
firmenname = company name
unternehmensname = company name
organisationsname = company name
acctno = account number
custno = customer number
custid = customer id
"""

PHRASES = """
a c: account
address company: company
business partner: customer
sales employee: rep
sales agent: rep
sales associate: rep
sales consultant: rep
sales executive: rep
sales exec: rep
sales mgr: rep
sales rep: rep
sales reps: rep
sales representative: rep
sales person: rep
sls rep: rep
sls person: rep
slsm rep: rep
territory rep: rep
territory manager: rep
account manager: rep
account mgr: rep
account executive: rep
account exec: rep
acct mgr: rep
relationship manager: rep
charge de compte: rep
directeur de compte: rep
ejecutivo de ventas: rep
ejecutivo de cuenta: rep
asesor comercial: rep
representante de ventas: rep
agente comercial: rep
account owner: owner
owned by: owner
first name: forename
firstname: forename
1st name: forename
given name: forename
last name: surname
family name: surname
nom de famille: surname
middle name: middle
middle initial: middle
m i: middle
nombre completo: full name
nombre y apellido: full name
nombre y apellidos: full name
nom complet: full name
nom et prenom: full name
prenom et nom: full name
vor und nachname: full name
vollstandiger name: full name
last name first name: full name
first name last name: full name
last first: full name
first last: full name
c p: postal
zip code: postal
post code: postal
postal cd: postal
zip cd: postal
e mail: email
mail address 1: mailing address
mail address1: mailing address
mail street: mailing street
mail city: mailing city
mail state: mailing state
mail prov: mailing province
mail province: mailing province
mail postal: mailing postal
mail zip: mailing postal
correo electronico: email
courrier electronique: email
adresse electronique: email
direccion de correo: email address
dir correo: email address
raison sociale: company
razon social: company
nombre comercial: company
trading name: company name
trade name: company name
calle y numero: street
strasse und hausnummer: street
strasse hausnummer: street
strasse nr: street
strasse und nr: street
strasse hausnr: street
personne ressource: contact
personne contact: contact
persona de contacto: contact
persona contacto: contact
kontaktperson: contact
adresse civique: street address
adresse municipale: street address
bill to: billing
sold to: billing
ship to: shipping
deliver to: shipping
corps de metier: trade
sub trade: trade
sub trades: trade
trade specialty: trade
trade category: trade
year to date sales: ytd sales
"""
