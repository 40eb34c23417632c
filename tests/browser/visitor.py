"""Somebody who looks at the page: a browser context, and all that its page asked and was told."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import BrowserContext, Page, Request, WebSocket, expect

PASSWORD = "devstack-password"
# What Chromium says by itself of requests that got no good answer, as where a test takes the server
# away.
_NETWORK = re.compile(r"Failed to load resource|WebSocket connection to|net::ERR_")


@dataclass
class Visitor:
    """A page, with its own storage; `problems` is what went wrong in it, of any kind."""

    context: BrowserContext
    page: Page
    url: str
    requests: list[Request] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)  # that came through websockets
    problems: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.problems.append(f"{error}\n{error.stack}"))
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog: {dialog.message}"))
        self.page.on("websocket", self._open)

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not _NETWORK.search(text):
            self.problems.append(text)

    def _open(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))
        socket.on("framesent", lambda frame: self.frames.append(str(frame)))

    async def open(self, *steps: str) -> None:
        """Go to a view, by the address."""
        await self.page.goto(f"{self.url}#/{'/'.join(steps)}")

    async def sign_in(self, email: str) -> None:
        await self.page.get_by_label(re.compile("E-mail|Courriel")).fill(email)
        await self.page.get_by_label(re.compile("Password|Mot de passe")).fill(PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.is_live()

    async def is_live(self) -> None:
        await expect(self.page.locator(".live")).to_have_attribute("data-state", "live")

    async def choose_file(self, name: str, content: bytes) -> None:
        """Give the page a file, as the dialog of the browser does."""
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        await self.page.locator("#file").set_input_files(file)

    async def picture(self, name: str) -> None:
        """Keep a picture for the documents, where SCREENSHOTS names a directory."""
        if directory := os.environ.get("SCREENSHOTS"):
            await self.page.evaluate("window.scrollTo(0, 0)")
            await self.page.screenshot(path=Path(directory) / f"{name}.png")
