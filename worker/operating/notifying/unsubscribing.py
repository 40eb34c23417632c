"""Switching mail off by the link in it, without signing in (RFC 8058).

A mail program posts to it by itself; a person who follows it is asked first, for programs that look
at links in mail for safety's sake must switch nothing off.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web

from worker.exceptions import DatabaseUnavailableError, RequestRefusedError

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Import notifications</title></head>
<body>{}</body>
</html>
"""
_QUESTION = _PAGE.format(
    "<form method='post'><p>No more mail about imports? "
    "<span lang='fr'>Ne plus recevoir de messages sur les importations ?</span></p>"
    "<button>Switch it off / <span lang='fr'>Désactiver</span></button></form>"
)
_DONE = _PAGE.format(
    "<p>You get no more of these. <span lang='fr'>Vous ne recevrez plus ces messages.</span></p>"
)
_UNKNOWN = _PAGE.format(
    "<p>This link is not known any more. <span lang='fr'>Ce lien n’est plus valable.</span></p>"
)
_AWAY = _PAGE.format(
    "<p>Please try again in a minute. <span lang='fr'>Réessayez dans une minute.</span></p>"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def unsubscribing(unsubscribe: Callable[[UUID], Awaitable[bool]]) -> list[web.RouteDef]:
    """Give the routes of /unsubscribe/TOKEN.

    Args:
        unsubscribe: switches off the channel with a token; tells whether there is one.

    """

    async def ask(_request: web.Request) -> web.Response:
        return _answer(_QUESTION, 200)

    async def switch_off(request: web.Request) -> web.Response:
        try:
            is_known = await unsubscribe(UUID(request.match_info["token"]))
        except ValueError:
            is_known = False
        except (DatabaseUnavailableError, RequestRefusedError):
            return _answer(_AWAY, 503)
        return _answer(_DONE, 200) if is_known else _answer(_UNKNOWN, 404)

    path = "/unsubscribe/{token}"
    return [web.get(path, ask), web.post(path, switch_off)]


def _answer(page: str, status: int) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", headers=_HEADERS)
