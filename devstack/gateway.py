"""The gateway: one address for the parts, API keys as on the platform, faults on demand.

python -m devstack.gateway --port P --rest P --lite P --realtime P
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Mapping

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from devstack.faults import Faults, HttpRule
from devstack.injection import Injection
from devstack.keys import KEYS
from devstack.ports import HOST
from devstack.sockets import Sockets
from worker.config import ConsoleSettings
from worker.operating.console import ConsoleFiles

# Between two hops, or made anew by whoever sends the body on (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    name.lower()
    for name in (
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade",
    )
)  # fmt: skip
# Headers that aiohttp's client would add where the caller sent none.
_NOTHING_ADDED = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)
_SMALL = 256 * 1024  # bytes: bodies up to this size go out in one write
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Encoding, Content-Location, Content-Range, "
    "Content-Type, Date, Location, Preference-Applied, Range-Unit, Retry-After, X-Total-Count",
}
# What the platform serves without an API key: links that people and browsers follow.
_OPEN = (
    "/auth/v1/verify",
    "/auth/v1/callback",
    "/auth/v1/authorize",
    "/auth/v1/.well-known/",
    "/storage/v1/",  # Storage looks at the token itself
)


class Gateway:
    """Routes requests to the parts."""

    def __init__(self, rest: int, lite: int, realtime: int) -> None:
        self._injection = Injection()
        self._sockets = Sockets(self._injection)
        self._session: aiohttp.ClientSession
        self._console: ConsoleFiles
        # Path prefix → where it goes: PostgREST serves at its root, Lite at the same path.
        self._routes: tuple[tuple[str, Callable[[str], str]], ...] = (
            ("/rest/v1/", lambda path: f"http://{HOST}:{rest}/{path[len('/rest/v1/') :]}"),
            ("/auth/v1/", lambda path: f"http://{HOST}:{lite}{path}"),
            ("/storage/v1/", lambda path: f"http://{HOST}:{lite}{path}"),
        )
        self._realtime = f"ws://{HOST}:{realtime}/socket/websocket"

    async def serve(self, port: int) -> None:
        """Serve until cancelled."""
        here = f"http://{HOST}:{port}"
        told = ConsoleSettings(supabase_url=here, supabase_publishable_key=KEYS.publishable)
        self._console = ConsoleFiles(told)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOTHING_ADDED,
        ) as self._session:
            server = web.Server(self._answer, access_log=None, auto_decompress=False)
            runner = web.ServerRunner(server)
            await runner.setup()
            await web.TCPSite(runner, HOST, port, backlog=1024).start()
            await asyncio.Event().wait()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        path = request.path
        if path.startswith("/_devstack/"):
            return await self._manage(request)
        if path.startswith("/console"):
            return self._page(path)
        if request.method == hdrs.METH_OPTIONS:
            return _preflight(request)
        self._injection.requests[f"{request.method} {path}"] += 1
        if latency := self._injection.faults.latency_ms:
            await asyncio.sleep(latency / 1000)
        headers, url = request.headers.copy(), request.rel_url
        if (refusal := _authenticate(headers, url)) is not None:
            return refusal
        return await self._forward(request, url, headers)

    async def _forward(
        self, request: web.BaseRequest, url: URL, headers: "CIMultiDict[str]"
    ) -> web.StreamResponse:
        path = request.path
        if path == "/realtime/v1/websocket":
            return await self._socket(request, url, headers)
        for prefix, target in self._routes:
            if path.startswith(prefix):
                return await self._relay(
                    request, URL(target(url.raw_path_qs), encoded=True), headers
                )
        return _says(404, "no Route matched with those values")

    def _page(self, path: str) -> web.Response:
        """Serve `/console/…`; its addresses are relative, so the slash matters."""
        if path == "/console":
            return web.Response(status=308, headers={hdrs.LOCATION: "/console/"})
        answer = self._console.answer(path.removeprefix("/console/"))
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def _socket(
        self, request: web.BaseRequest, url: URL, headers: "CIMultiDict[str]"
    ) -> web.StreamResponse:
        """Hand a websocket over, with the key's role JWT for the key."""
        if self._injection.faults.realtime == "refused":
            self._injection.injected["refused"] += 1
            return _says(503, "name resolution failed")
        token = KEYS.role_token(headers.get("apikey") or url.query["apikey"])
        target = URL(self._realtime).with_query(dict(url.query) | {"apikey": token or ""})
        try:
            return await self._sockets.proxy(request, self._session, target)
        except aiohttp.ClientError:
            return _says(503, "name resolution failed")

    async def _relay(
        self, request: web.BaseRequest, target: URL, headers: "CIMultiDict[str]"
    ) -> web.StreamResponse:
        """Forward a request and its answer, bodies as they come, or do what a rule says."""
        changed = self._injection.changed
        rule = self._injection.rule_for(request.method, request.path)
        action = None if rule is None else rule.action
        if rule is not None and rule.action == "status":
            return _faulty(rule)
        if action == "drop":
            return _cut(request)
        if rule is not None and rule.action == "delay":
            await asyncio.sleep(rule.delay_ms / 1000)
        body: bytes | aiohttp.StreamReader | None = None
        if request.body_exists:
            small = (request.content_length or _SMALL + 1) <= _SMALL
            body = await request.read() if small else request.content
        if action == "hold":
            await self._injection.hold(changed)
        try:
            async with self._session.request(
                request.method,
                target,
                headers=_end_to_end(headers),
                data=body,
                allow_redirects=False,
            ) as answer:
                self._injection.bytes_in += request.content_length or 0
                if action == "lose_answer":
                    await answer.read()
                    return _cut(request)
                if action == "hold_answer":
                    await self._injection.hold(changed)
                return await self._return(request, answer)
        except aiohttp.ClientError:
            return _says(502, "An invalid response was received from the upstream server")

    async def _return(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        """Send an answer on, compressed or not as it came."""
        headers = _end_to_end(answer.headers)
        headers.update(_CORS)
        size = answer.content_length
        if size is not None and size <= _SMALL and request.method != hdrs.METH_HEAD:
            body = await answer.read()
            self._injection.bytes_out += len(body)
            headers.popall(hdrs.CONTENT_LENGTH, None)
            return web.Response(
                status=answer.status, reason=answer.reason, headers=headers, body=body
            )
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            self._injection.bytes_out += len(chunk)
            await response.write(chunk)
        await response.write_eof()
        return response

    async def _manage(self, request: web.BaseRequest) -> web.Response:
        """Serve `/_devstack/…`: health for the supervisor, faults for holders of the secret key."""
        if request.path == "/_devstack/health":
            return web.json_response({"status": "ok"})
        if request.headers.get("apikey") not in (KEYS.secret, KEYS.service_role):
            return _says(401, "The secret key is needed in the apikey header")
        match request.method, request.path:
            case "GET", "/_devstack/faults":
                pass
            case "PUT", "/_devstack/faults":
                try:
                    self._injection.set(Faults.from_json(json.loads(await request.read())))
                except (TypeError, ValueError) as error:
                    return _says(400, f"Not a description of faults: {error}")
            case "DELETE", "/_devstack/faults":
                self._injection.set(Faults())
            case "DELETE", "/_devstack/counters":
                self._injection.reset_counters()
            case "DELETE", "/_devstack/sockets":
                return web.json_response({"dropped": self._sockets.drop()})
            case _:
                return _says(404, f"Nothing does {request.method} {request.path}")
        return web.json_response(self._injection.report(self._sockets.count))


def _end_to_end(headers: Mapping[str, str]) -> "CIMultiDict[str]":
    """Leave out the headers that are about one connection."""
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP
    )


def _authenticate(headers: "CIMultiDict[str]", url: URL) -> web.Response | None:
    """Put role JWTs where opaque keys were; return the refusal of a request without a good key."""
    key = headers.get("apikey") or url.query.get("apikey")
    if not key:
        if url.path.startswith(_OPEN):
            return None
        return _says(
            401,
            "No API key found in request",
            hint="No `apikey` request header or url param was found.",
        )
    token = KEYS.role_token(key)
    if token is None:
        return _says(
            401,
            "Invalid API key",
            hint="Double check your Supabase `anon` or `service_role` API key.",
        )
    if key == KEYS.secret and headers.get(hdrs.USER_AGENT, "").startswith("Mozilla/"):
        return _says(
            401,
            "Forbidden use of secret API key in browser",
            hint="Secret API keys can only be used in a protected environment and should never be "
            "used in a browser. Delete this secret API key immediately.",
        )
    authorization = headers.get(hdrs.AUTHORIZATION)
    # As on the platform, an opaque key is replaced where it repeats the apikey. Any other token is
    # the user's, and for the part behind to judge.
    if authorization is None or authorization == f"Bearer {key}":
        headers[hdrs.AUTHORIZATION] = f"Bearer {token}"
    return None


def _preflight(request: web.BaseRequest) -> web.Response:
    """Answer a browser that asks whether it may: it may."""
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "*")
    return web.Response(
        status=200,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT",
            "Access-Control-Allow-Headers": asked,
            "Access-Control-Max-Age": "3600",
        },
    )


def _says(status: int, message: str, **more: str) -> web.Response:
    return web.json_response({"message": message, **more}, status=status, headers=_CORS)


def _faulty(rule: HttpRule) -> web.Response:
    """Answer in place of the part behind."""
    headers = dict(_CORS)
    if rule.retry_after is not None:
        headers["Retry-After"] = str(rule.retry_after)
    return web.Response(
        status=rule.status, text=rule.body, content_type="application/json", headers=headers
    )


def _cut(request: web.BaseRequest) -> web.Response:
    """Close the connection without a word. The response returned has nowhere to go."""
    if isinstance(request.transport, asyncio.Transport):
        request.transport.abort()
    return web.Response()


def main() -> None:
    """Run the gateway."""
    parser = argparse.ArgumentParser(prog="python -m devstack.gateway")
    for name in ("port", "rest", "lite", "realtime"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    gateway = Gateway(options.rest, options.lite, options.realtime)
    asyncio.run(gateway.serve(options.port))


if __name__ == "__main__":
    main()
