"""English and French, the reader's zone and the way they write numbers."""

import re

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.usefixtures("worker")

FILE = "SKU,Nom,Prix\n" + "".join(f"A-{row},Vis {row},1234.50\n" for row in range(1500))


async def test_a_browser_that_speaks_french(visit):
    phone = {"viewport": {"width": 375, "height": 720}, "color_scheme": "dark"}
    visitor = await visit("olivia@cedar.test", locale="fr-CA", **phone)
    page = visitor.page
    await expect(page.get_by_text("Déposez un fichier ici")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "fr"
    await visitor.choose_file("vis.csv", FILE.encode())
    await expect(page.get_by_label("Prix", exact=True).locator(":checked")).to_have_text(
        "Prix unitaire"
    )
    await expect(page.get_by_role("cell", name=re.compile(r"1\s234,50")).first).to_be_visible()
    await visitor.picture("phone")
    await page.get_by_role("button", name="Simuler").click()
    await page.get_by_role("button", name=re.compile(r"Importer 1\s500 lignes")).click()
    await expect(page.get_by_text(re.compile(r"Les 1\s500 lignes sont entrées"))).to_be_visible()
    # Nothing that the page says itself is left in English.
    await expect(page.get_by_role("button", name="Voir ce que cela déferait")).to_be_visible()


async def test_a_language_that_is_chosen_stays(visit):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await page.get_by_label("Language").select_option("fr")
    await expect(page.get_by_text("Déposez un fichier ici")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("link", name="Importer", exact=True)).to_be_visible()
    await page.get_by_label("Langue").select_option("en")
    await expect(page.get_by_text("Drop a file here")).to_be_visible()


@pytest.mark.parametrize(
    ("zone", "locale", "shown"),
    [
        ("Asia/Tokyo", "en-US", "Mar 5, 2031, 3:30 AM"),
        ("America/Toronto", "fr-CA", "4 mars 2031, 13 h 30"),
    ],
)
async def test_times_are_the_readers(visit, database, zone, locale, shown):
    database.execute(
        "insert into scheduled_jobs (organization_id, created_by, job_type, data_type, file_name,"
        " scheduled_time) values ('org_cedar', '0c1d0000-0000-4000-8000-000000000001', 'import',"
        " 'inventory', 'later.csv', '2031-03-04T18:30:00Z')"
    )
    visitor = await visit("olivia@cedar.test", "status", locale=locale, timezone_id=zone)
    row = visitor.page.get_by_role("row", name=re.compile("later.csv"))
    # Browsers put different spaces before "AM".
    await expect(row).to_contain_text(re.compile(shown.replace(" ", r"\s")))
