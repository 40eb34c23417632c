"""What is said of an event, in English and French. A language is a table: nothing is built."""

from collections.abc import Mapping
from typing import Any

_SUBJECTS = {
    "en": {
        "import.completed": "Imported: {file}",
        "import.completed.refused": "Imported, {refused} refused: {file}",
        "import.failed.import": "The import failed: {file}",
        "import.failed.undo": "The undo failed: {file}",
        "import.failed.export": "The export failed: {file}",
        "import.held": "The import is held: {file}",
        "import.undone": "Undone: {file}",
        "export.ready": "The export is ready: {file}",
        "worker.absent": "Imports were paused",
        "worker.absent.still": "Imports are paused",
        "channel.test": "A test",
    },
    "fr": {
        "import.completed": "Importé : {file}",
        "import.completed.refused": "Importé, {refused} refus : {file}",
        "import.failed.import": "L’importation a échoué : {file}",
        "import.failed.undo": "Le retour en arrière a échoué : {file}",
        "import.failed.export": "L’exportation a échoué : {file}",
        "import.held": "L’importation est retenue : {file}",
        "import.undone": "Défait : {file}",
        "export.ready": "L’exportation est prête : {file}",
        "worker.absent": "Les importations étaient en pause",
        "worker.absent.still": "Les importations sont en pause",
        "channel.test": "Un essai",
    },
}

# By the keys of data, in the order in which they are listed.
_COUNTS = {
    "en": {
        "created": "new", "changed": "changed", "unchanged": "as they were",
        "removed": "removed", "zeroed": "missing in the file, now with the quantity 0",
        "refused": "refused", "unprocessed": "not reached",
    },
    "fr": {
        "created": "nouvelles", "changed": "modifiées", "unchanged": "inchangées",
        "removed": "retirées", "zeroed": "absents du fichier, quantité passée à 0",
        "refused": "refusées", "unprocessed": "non traitées",
    },
}  # fmt: skip
# Of an undo they mean something else.
_UNDO_COUNTS = {
    "en": {"created": "put in again", "changed": "restored", "removed": "removed",
           "refused": "kept as they are", "unprocessed": "not reached"},
    "fr": {"created": "remises", "changed": "rétablies", "removed": "retirées",
           "refused": "laissées telles quelles", "unprocessed": "non traitées"},
}  # fmt: skip

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "rows": "Rows in the file: {rows}",
        "parts": "Parts imported: {completed} of {total}",
        "reasons": "Why:",
        "reasons_kept": "The first of them:",
        "absent": "No worker was there to do them from {since} on. Jobs that waited: {jobs}",
        "back": "A worker is back since {until}, and does them now.",
        "nothing_lost": "Nothing is lost.",
        "test": "This is a test. Mail about your imports arrives here.",
        "link": "See it in full",
        "why": "You get this because you asked for it in {organization}.",
        "unsubscribe": "No more of these",
        "no_name": "a file without a name",
    },
    "fr": {
        "rows": "Lignes dans le fichier : {rows}",
        "parts": "Parties importées : {completed} sur {total}",
        "reasons": "Pourquoi :",
        "reasons_kept": "Les premières :",
        "absent": "Aucun agent n’était là pour les traiter depuis {since}. En attente : {jobs}",
        "back": "Un agent est de retour depuis {until} et les traite maintenant.",
        "nothing_lost": "Rien n’est perdu.",
        "test": "Ceci est un essai. Les messages sur vos importations arrivent ici.",
        "link": "Voir tout",
        "why": "Vous recevez ce message parce que vous l’avez demandé dans {organization}.",
        "unsubscribe": "Ne plus recevoir ces messages",
        "no_name": "un fichier sans nom",
    },
}


def count(number: int, language: str) -> str:
    """Write a number: 1,200; in French with narrow spaces that do not break."""
    return f"{number:,}".replace(",", "\u202f") if language == "fr" else f"{number:,}"


def subject(event: str, data: Mapping[str, Any], language: str) -> str:
    """Say in a line what happened."""
    subjects = _SUBJECTS[language]
    refused = data.get("refused", 0)
    key = event
    if event == "import.failed":
        kind = data.get("kind")
        key = f"{event}.{kind if kind in {'undo', 'export'} else 'import'}"
    elif event == "import.completed" and refused:
        key = f"{event}.refused"
    elif event == "worker.absent" and "until" not in data:
        key = f"{event}.still"
    file = data.get("file_name") or PHRASES[language]["no_name"]
    return subjects[key].format(file=file, refused=count(refused, language))


def counts(data: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Say how many of what, in pairs; what there is none of is left out."""
    said = (_UNDO_COUNTS if data.get("kind") == "undo" else _COUNTS)[language]
    return [(count(data[key], language), text) for key, text in said.items() if data.get(key)]
