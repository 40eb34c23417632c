from playwright.async_api import expect


async def test_somebody_signs_in_stays_signed_in_and_signs_out(visit):
    visitor = await visit("olivia@cedar.test")
    page = visitor.page
    await expect(page.get_by_text("Cedar Building Supply")).to_be_visible()
    await page.reload()
    await visitor.is_live()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_wrong_password_is_told(visit):
    page = (await visit()).page
    await page.get_by_label("E-mail").fill("olivia@cedar.test")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not match")
    await expect(page.get_by_label("Password")).to_be_focused()
