"""Texts of this trade in each encoding: they come back equal or are refused, never different."""

import tempfile
import tracemalloc
from itertools import product
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from worker.exceptions import JobRefusedError
from worker.importing.sources.characters import survey
from worker.importing.sources.encoding import find_encoding

WESTERN = ["cp1252", "mac_roman", "cp850", "cp437", "cp863", "iso8859-15", "utf-8", "utf-16"]


def read(content):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "upload")
        path.write_bytes(content)
        encoding = find_encoding(path, None)
    return encoding, content.decode(encoding.codec)


def written(name, encoding):
    return f"SKU,Name,Price\r\nA1,{name},12\r\nA2,Nail,3\r\n".encode(encoding)


NAMES = [
    'Boulon 2½" galvanisé',
    "Vis ¼ x 3½",
    "90° elbow",
    "Café table",
    "PIÈCE DÉTACHÉE",
    "Évier français",
    "Tubería de acero",
    "piña",
    "Schlüssel, Größe 5",
    "KÖLN",
    "Ça, là: hôtel, forêt",
    "Lampe ±5 mm",
    "Träskruv förzinkad",
    "n° 12",
]


def can_write(name, encoding):
    try:
        return bool(name.encode(encoding))
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize(
    ("name", "encoding"), [pair for pair in product(NAMES, WESTERN) if can_write(*pair)]
)
def test_one_name_in_every_encoding(name, encoding):
    content = written(name, encoding)
    found, text = read(content)
    assert text == content.decode(encoding)
    assert found.example is None or found.example in name


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "utf-8", "utf-16"])
@pytest.mark.parametrize(
    "name",
    [
        "Piñata™",
        "fitter’s tape",
        "don’t",
        "“Deluxe” pipe",
        "l’évier",
        "d’économie",
        "4–6 in",
        "Tile – white",
        "5” pipe",
        "12 €",
        "cœur",
        "ACME® tape",
        "• first",
        "« mot »",
    ],
)
def test_curly_marks_and_dashes(name, encoding):
    content = written(name, encoding)
    _, text = read(content)
    assert text == content.decode(encoding)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ('2½"', "cp1252"),
        ("2¾", "cp1252"),
        ("Ø 12", "cp1252"),
        ("2 × 4", "cp850"),
        ("3¾", "cp850"),
        ("5 m²", "cp437"),
        ("10 m³", "cp850"),
        ("12 €", "iso8859-15"),
        ("cœur", "iso8859-15"),
        ("À la carte", "cp863"),
        ("CAFÉ™", "cp1252"),  # is UTF-8 as well: CAFə
        ("DÉJÀ VU", "cp863"),
    ],
)
def test_what_one_encoding_alone_makes_sense_of(name, encoding):
    content = written(name, encoding)
    _, text = read(content)
    assert text == content.decode(encoding)


@pytest.mark.parametrize(
    ("names", "encodings"),
    [
        (["镀锌钢管", "不锈钢螺丝", "木板"], ["gbk", "gb18030"]),
        (["鍍鋅鋼管", "不鏽鋼螺絲", "木板"], ["big5"]),
        (["ステンレスねじ", "木材 合板", "パイプ"], ["shift_jis", "cp932", "euc_jp"]),
        (["스테인리스 나사", "합판", "철근"], ["euc_kr", "cp949"]),
    ],
)
def test_east_asian_texts(names, encodings):
    for encoding in [*encodings, "utf-8", "utf-16"]:
        content = "".join(f"A{i},{name},1\n" for i, name in enumerate(names)).encode(encoding)
        _, text = read(content)
        assert text == content.decode(encoding)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["\N{LATIN SMALL LETTER A WITH DIAERESIS}"], "cp850"),  # ä in DOS, „ in Windows
        (["Гвоздь", "Цинк"], "cp1251"),
        (["Гвоздь", "Цинк"], "cp866"),
        (["Śruba ocynkowana", "Łączówka żółta"], "cp1250"),
        (["Název", "Šroub pozinkovaný", "Trubka ocelová měděná"], "cp852"),
        (["螺丝"], "gbk"),
    ],
)
def test_what_is_not_certain_is_refused_with_both_readings(names, encoding):
    content = "".join(f"A{i},{name},1\n" for i, name in enumerate(names)).encode(encoding)
    with pytest.raises(JobRefusedError) as refused:
        read(content)
    assert str(refused.value).startswith("The file is not UTF-8, and it is not certain what its")
    assert " as " in str(refused.value)
    assert "CSV UTF-8" in str(refused.value)


ENGLISH = ["pipe", "Tile", "2x4", "nail", "6 in", "drywall", "1,200", "#10", "4 x 8"]
FRENCH = ["Québec", "clé", "ÉCHELLE", "câble", "hôtel", "maître", "poêle", "garçon", "août"]
SPANISH = ["España", "tubería", "niño", "válvula", "AÑO", "¿Qué", "lámpara", "camión", "inglés"]
GERMAN = ["Schlüssel", "Größe", "Dübel", "MÜLLER", "weiß", "Möbel", "Straße", "Nägel", "Köln"]
SIGNS = ['2½"', '¼"', "3¾ in", "90°", "45°", "ACME™", "BRAND®", "5 m²", "2 × 4", "12 €", "± 5"]
MARKS = ["“Deluxe”", "l’évier", "don’t", "plumber’s", "4–6", "Tile – white", "5” pipe", "« mot »"]
WORDS = st.sampled_from(ENGLISH + FRENCH + SPANISH + GERMAN + SIGNS + MARKS)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(st.lists(NAMES, min_size=1, max_size=6), st.sampled_from([*WESTERN, "utf-16-be", "cp858"]))
@example(["4–6", "« mot »"], "mac_roman")
@example(["2½", "«"], "cp850")
def test_texts_come_back_equal_or_are_refused(names, encoding):
    text = "SKU;Name\r\n" + "".join(f"A{i};{name}\r\n" for i, name in enumerate(names))
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        assume(False)  # noqa: FBT003 - as hypothesis writes it
    try:
        _, found = read(content)
    except JobRefusedError:
        return
    assert found == text


def test_the_whole_file_is_looked_at(tmp_path):
    path = tmp_path / "upload"
    row = b"A1,plain board,12\r\n"
    path.write_bytes(row * 200_000 + 'A2,Boulon 2½",1\r\n'.encode("cp850") + row * 100)
    assert find_encoding(path, None).example == 'Boulon 2½"'


def test_a_place_is_kept_once_however_often_it_comes(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes('A1,Boulon 2½" galvanisé\r\n'.encode("cp850") * 100_000)
    found = survey(path)
    assert [place[1] for place in found.places] == [0xAB, 0x82]
    assert not found.is_utf_8


def test_a_long_file_costs_no_more_memory_than_a_short_one(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(
        "".join(f'A{i},Boulon {i % 99}½"\r\n' for i in range(10_000)).encode("cp850") * 120
    )
    tracemalloc.start()
    try:
        find_encoding(path, None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 20_000_000
    assert peak < 20_000_000
