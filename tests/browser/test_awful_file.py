"""A stranger's file: everything that is wrong is said before anything is written."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

LINES = [
    "Quincaillerie Beauséjour – inventaire".replace("–", "-"),
    "Imprimé le 12/11/2026",
    "",
    "Référence;Désignation;Famille;Qté en main;Prix de vente;Coûtant",
    'BH-12;Boulon hexagonal 2½" galvanisé;Fixation;140;2,49;1,10',
    "CL-03;Clou à finir;Fixation;2 000;0,05;0,02",
    "PL-34;Contreplaqué merisier;Bois;38;64,99;#REF!",
    "PE-90;Peinture extérieure;Peinture;24;sur demande;31,50",
    "SC-77;Scie à chaîne;Outils;trois;289,00;199,00",
    "Total;;;2 202;;",
]
FILE = "\r\n".join([*LINES, ""]).encode("cp850")


async def test_all_that_is_wrong_is_said_before_anything_is_written(visit, database):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await visitor.choose_file("INVENT.CSV", FILE)
    notes = page.locator(".notes")
    await expect(notes).to_contain_text("DOS (code page 850)")
    await expect(notes).to_contain_text("Référence")
    await expect(notes).to_contain_text("totals")
    for column, field in {
        "Référence": "sku", "Désignation": "name", "Famille": "category",
        "Qté en main": "quantity", "Prix de vente": "unit_price", "Coûtant": "cost",
    }.items():  # fmt: skip
        await expect(page.get_by_label(column, exact=True)).to_have_value(field)
    await expect(page.get_by_text("3 of these rows would be refused.")).to_be_visible()

    await page.get_by_role("button", name="Rehearse").click()
    await expect(page.get_by_text("3 rows would be refused; the others get in.")).to_be_visible()
    for said in (
        '7 Cost "#REF!" is not a number',
        '8 Unit price "sur demande" is not a number',
        '9 Quantity "trois" is not a number',
    ):
        await expect(page.get_by_role("row", name=said)).to_be_visible()
    await expect(page.get_by_role("cell", name="2.49", exact=True)).to_be_visible()
    assert database.execute("select count(*) from inventory").fetchone() == {"count": 0}

    # It can be mended, or the others taken.
    await page.get_by_role("button", name="Import 2 rows").click()
    await expect(page.get_by_text("2 rows are in, 3 refused.")).to_be_visible()


async def test_guards_that_would_hold_it_are_told_and_an_admin_may_go_on(visit, database):
    database.execute(
        "insert into import_guards (organization_id, refused_percent) values ('org_cedar', 10)"
    )
    for email, may_go_on in (("liam@cedar.test", 0), ("olivia@cedar.test", 1)):
        visitor = await visit(email)
        page = visitor.page
        await visitor.choose_file("INVENT.CSV", FILE)
        await page.get_by_role("button", name="Rehearse").click()
        await expect(page.get_by_text("guards of your organization would hold")).to_be_visible()
        await expect(page.get_by_text("Refused rows: 3 of 5")).to_be_visible()
        go_on = page.get_by_role("button", name="Import 2 rows in spite of the guards")
        await expect(go_on).to_have_count(may_go_on)
    await go_on.click()
    await expect(page.get_by_text("2 rows are in, 3 refused.")).to_be_visible()


async def test_a_file_that_is_no_table_is_told_with_what_to_do(visit):
    visitor = await visit("olivia@cedar.test")
    await visitor.choose_file("catalogue.pdf", b"%PDF-1.7 ...")
    told = visitor.page.get_by_role("alert")
    await expect(told).to_contain_text("This file cannot be read.")
    await expect(told).to_contain_text("It is a PDF")


async def test_a_file_without_what_is_needed_goes_on_once_a_column_is_chosen(visit):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await visitor.choose_file("odd.csv", b"Kode;Navn;Pris\nA-1;Bolt;2,50\nA-2;Spiker;0,10\n")
    rehearse = page.get_by_role("button", name="Rehearse")
    await expect(page.get_by_text("This file would be refused as it is.")).to_be_visible()
    await expect(rehearse).to_be_disabled()
    for column, field in {"Kode": "sku", "Navn": "name", "Pris": "unit_price"}.items():
        await page.get_by_label(column, exact=True).select_option(field)
    await page.get_by_role("button", name="Look again").first.click()
    await expect(page.get_by_text("These rows can be read.")).to_be_visible()
    await rehearse.click()
    await page.get_by_role("button", name="Import 2 rows").wait_for()
