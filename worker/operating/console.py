"""The page: the files under console/, what they are told, and what a browser may do with them.

Whoever serves it asks `answer` for each path; `write_console` puts everything into a directory for
a host of static files.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from worker.config import ConsoleSettings

_BESIDE = Path(__file__).parent.parent  # an installed package has the files in it
_FOUND_IN = (_BESIDE / "console", _BESIDE.parent / "console")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# In index.html, for hosts that send no headers: it is closed until the project's address is added.
_CONNECT_HERE = "connect-src 'self'"
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    # No text can become markup, whoever asks: assigning innerHTML throws.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)


@dataclass(frozen=True)
class Answer:
    """What a browser is given: an HTTP status, headers, a body."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class ConsoleFiles:
    """The page for one project.

    root: where the files are; found by itself.
    """

    settings: ConsoleSettings
    root: Path = field(default_factory=lambda: next(filter(Path.is_dir, _FOUND_IN)))

    def answer(self, path: str) -> Answer:
        """Answer a GET for a path below the page's own, without a leading slash."""
        body = self._read(path or "index.html")
        if body is None:
            return Answer(404, self._headers(".html"), b"There is nothing here.")
        headers = self._headers(Path(path or "index.html").suffix)
        # A vendored file has its version in its name; the others change with the worker.
        kept = "public, max-age=31536000, immutable" if path.startswith("vendor/") else "no-cache"
        return Answer(200, headers | {"Cache-Control": kept}, body)

    def write(self, directory: Path) -> None:
        """Write all of it into a directory, made if need be, as a static host is to serve it."""
        names = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*.*")]
        for name in (*names, "config.json"):
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._read(name) or b"")

    @property
    def policy(self) -> str:
        """The Content-Security-Policy: this page's own files, and the project to talk to."""
        return "; ".join((*_POLICY, self._connections, "frame-ancestors 'none'"))

    @property
    def _connections(self) -> str:
        url = self.settings.supabase_url
        return f"{_CONNECT_HERE} {url} {'ws' + url.removeprefix('http')}"

    def _read(self, path: str) -> bytes | None:
        if path == "config.json":
            told = {
                "supabaseUrl": self.settings.supabase_url,
                "publishableKey": self.settings.supabase_publishable_key,
            }
            return json.dumps(told).encode()
        file = (self.root / path).resolve()
        if not (file.is_relative_to(self.root) and file.suffix in _TYPES and file.is_file()):
            return None
        if path == "index.html":
            return file.read_text().replace(_CONNECT_HERE, self._connections, 1).encode()
        return file.read_bytes()

    def _headers(self, suffix: str) -> dict[str, str]:
        return {
            "Content-Type": _TYPES[suffix],
            "Content-Security-Policy": self.policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
