"""A person asks to be told, is told, and looks; nobody else sees anything of it."""

import pytest
from playwright.async_api import expect

OLIVIA = "0c1d0000-0000-4000-8000-000000000001"
HOOK = "https://hooks.example.com/imports"


def insert_file(database, name):
    """Insert a job of Olivia's that a worker takes at once."""
    job = database.execute(
        "insert into scheduled_jobs (organization_id, created_by, creator_name, job_type,"
        " data_type, scheduled_time, status, file_name, file_data) values ('org_cedar', %s,"
        " 'Olivia Marsh', 'import', 'inventory', now(), 'pending', %s,"
        """ '{"mapping": {}, "records": [{"sku": "A-1", "name": "Saw"}, {"sku": "A-2"}]}')"""
        " returning id", [OLIVIA, name],
    )  # fmt: skip
    return str(job.fetchone()["id"])


def lines(page):
    return page.get_by_role("list", name="Inbox").locator("> li")


def card(page, name):
    return page.get_by_role("form", name=name)


def channels(database):
    return database.execute(
        "select * from notification_channels where organization_id = 'org_cedar'"
    ).fetchall()


async def ask(visitor, name, wish):
    """Switch a channel on, and look at what is said."""
    form = card(visitor.page, name)
    await form.get_by_label(wish).check()
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("Saved. From now on")).to_be_visible()


@pytest.mark.usefixtures("worker")
async def test_a_person_is_told_and_looks(visit, database):
    olivia = await visit("olivia@cedar.test", "notifications")
    page = olivia.page
    await page.get_by_role("link", name="Choose what you want to be told").click()
    await ask(olivia, "In the app", "Tell me in the inbox")
    # A colleague who wants to hear of their own alone, and a stranger who wants to hear everything.
    liam = await visit("liam@cedar.test", "notifications", "settings")
    await ask(liam, "In the app", "Tell me in the inbox")
    noah = await visit("noah@granite.test", "notifications", "settings")
    await card(noah.page, "In the app").get_by_label("Of which jobs").select_option("organization")
    await ask(noah, "In the app", "Tell me in the inbox")
    for visitor in (liam, noah):
        await visitor.open("notifications")
        await expect(visitor.page.get_by_text("Nothing was told yet")).to_be_visible()

    # Realtime brings it wherever she is, into the list too.
    await olivia.open("status")
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Notifications")
    await expect(link).to_have_accessible_name("Notifications")
    job_id = insert_file(database, "<b>first</b>.csv")
    await expect(link).to_have_accessible_name("Notifications 1 unread")
    told = "Imported, 1 refused: <b>first</b>.csv"
    await expect(page.get_by_role("status").get_by_text(f"New: {told}")).to_be_attached()
    assert [frame for frame in olivia.frames if '"import.completed"' in frame]
    await link.click()
    await expect(lines(page)).to_have_count(1)
    await expect(lines(page)).to_contain_text("1 new · 1 refused · by Olivia Marsh")
    insert_file(database, "second.csv")
    await expect(lines(page)).to_have_count(2)
    await expect(lines(page).first).to_contain_text("Imported, 1 refused: second.csv")

    # It leads to the job, and is read then; the other one is marked, by keyboard.
    await page.get_by_role("link", name=told).click()
    await expect(page.get_by_role("heading", name="<b>first</b>.csv")).to_be_visible()
    assert page.url.endswith(f"#/job/{job_id}")
    await expect(link).to_have_accessible_name("Notifications 1 unread")
    await link.click()
    await page.get_by_text("The first of them").first.click()
    await expect(page.get_by_text("Row 2: no item has this SKU").first).to_be_visible()
    await olivia.picture("notifications")
    await page.get_by_role("button", name="Mark as read").press("Enter")
    await expect(page.get_by_role("button", name="Mark all as read")).to_be_disabled()
    await expect(page.get_by_role("link", name="second.csv")).to_be_focused()
    await expect(link).to_have_accessible_name("Notifications")

    insert_file(database, "third.csv")
    await expect(lines(page)).to_have_count(3)
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_text("All is read.")).to_be_visible()
    unread = database.execute(
        "select count(*) as lines from notification_inbox where read_at is null"
        " and profile_id = %s", [OLIVIA],
    )  # fmt: skip
    assert unread.fetchone()["lines"] == 0

    # Nobody else was told: not by the page, and not by what came to it.
    for visitor in (liam, noah):
        await visitor.page.reload()
        await expect(visitor.page.get_by_text("Nothing was told yet")).to_be_visible()
        assert not [frame for frame in visitor.frames if '"import.completed"' in frame]


async def test_lines_are_paged_by_key(visit, database):
    database.execute(
        """
        with entry as (
          insert into import_notifications (organization_id, event, key, data, created_at)
          select 'org_cedar', 'export.ready', 'page-' || n,
                 jsonb_build_object('kind', 'export', 'file_name', 'file_' || n || '.csv'),
                 now() - n / 2 * interval '1 minute'  -- two at each moment
          from generate_series(1, 30) n
          returning *
        )
        insert into notification_inbox (
          notification_id, organization_id, profile_id, event, data, created_at)
        select id, organization_id, %s, event, data, created_at from entry
        """,
        [OLIVIA],
    )
    visitor = await visit("olivia@cedar.test", "notifications")
    page = visitor.page
    await expect(lines(page)).to_have_count(25)
    shown = await page.locator(".inbox .title").all_text_contents()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_text("Rows 26 to 30")).to_be_visible()
    shown += await page.locator(".inbox .title").all_text_contents()
    assert len(set(shown)) == 30


async def test_settings_are_ones_own(visit, database):
    olivia = await visit("olivia@cedar.test", "notifications", "settings")
    page = olivia.page
    mail = card(page, "By e-mail")
    await expect(mail.get_by_text("Mail goes to olivia@cedar.test")).to_be_visible()
    assert await mail.get_by_role("textbox").count() == 0
    [row] = database.execute("select import_internal.notification_events() as known").fetchall()
    boxes = mail.locator("input[name=event]")
    offered = await boxes.evaluate_all("boxes => boxes.map(({ value }) => value)")
    assert offered == row["known"]
    for box in await boxes.all():
        await box.uncheck()
    await mail.get_by_label("Send me mail").check()
    await mail.get_by_role("button", name="Save").click()
    await expect(mail.get_by_text("Choose at least one event")).to_be_visible()
    for box in await boxes.all():
        await box.check()
    await mail.get_by_label("An undo ended").uncheck()
    await mail.get_by_label("Language").select_option("fr")
    await mail.get_by_label("Of which jobs").select_option("organization")
    await ask(olivia, "By e-mail", "Send me mail")

    [kept] = channels(database)
    assert kept["events"] == [event for event in offered if event != "import.undone"]
    assert (kept["scope"], kept["language"]) == ("organization", "fr")

    # A colleague has their own.
    liam = await visit("liam@cedar.test", "notifications", "settings")
    mail = card(liam.page, "By e-mail")
    await expect(mail).to_contain_text("liam@cedar.test")
    await expect(mail.get_by_label("Send me mail")).not_to_be_checked()


async def test_webhooks_are_the_admins_of_the_organization(visit, database):
    olivia = await visit("olivia@cedar.test", "notifications", "settings")
    page = olivia.page
    adding = card(page, "Add a webhook")
    await adding.get_by_label("Address").fill("https://me:word@hooks.example.com/")
    await adding.get_by_role("button", name="Add a webhook").click()
    await expect(page.get_by_text("This is no address for a webhook.")).to_be_visible()
    await adding.get_by_label("Address").fill(HOOK)
    await adding.get_by_role("button", name="Add a webhook").click()

    # Its secret is shown once.
    secret = page.get_by_label("Secret", exact=True)
    first = await secret.text_content()
    hook = page.get_by_role("article", name=HOOK)
    await hook.get_by_role("button", name="Choose events").click()
    await hook.get_by_label("An import ended").uncheck()
    await hook.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(f"{HOOK} is changed.")).to_be_visible()
    await hook.get_by_role("button", name="New secret").click()
    await hook.get_by_role("button", name="Make a new secret").click()
    await expect(page.get_by_text(f"{HOOK} has a new secret.")).to_be_visible()
    second = await secret.text_content()
    assert first != second
    await page.reload()
    await expect(hook.get_by_text("On", exact=True)).to_be_visible()
    assert second not in await page.content()
    [kept] = channels(database)
    assert "import.completed" not in kept["events"]
    assert (kept["secret"], kept["previous_secret"]) == (second, first)

    # Why the worker switched it off; and on again.
    why = "The receiver wants nothing more."
    database.execute(
        "update notification_channels set is_enabled = false, disabled_reason = %s where url = %s",
        [why, HOOK],
    )
    await page.reload()
    await expect(hook.get_by_text(why)).to_be_visible()
    await hook.get_by_role("button", name="Switch on").click()
    await expect(hook.get_by_role("button", name="Switch off")).to_be_visible()
    await expect(hook.get_by_text(why)).to_have_count(0)

    liam = await visit("liam@cedar.test", "notifications", "settings")
    await expect(card(liam.page, "By e-mail")).to_be_visible()
    await expect(liam.page.get_by_text("Webhooks")).to_have_count(0)
    noah = await visit("noah@granite.test", "notifications", "settings")
    await expect(noah.page.get_by_text("No webhook yet")).to_be_visible()
    for visitor in (liam, noah):
        assert "hooks.example.com" not in await visitor.page.content()
