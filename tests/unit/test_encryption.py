"""Mail and webhooks over TLS, from servers that somebody vouches for and from others."""

import asyncio
import ssl

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult

from tests.certificates import make_certificate
from tests.telling import a_delivery
from worker.config import Settings
from worker.operating.notifying.delivery import DELIVERED, Verdict
from worker.operating.notifying.mail import mail
from worker.operating.notifying.webhooks import webhooks


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def vouched_for(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


class Server:
    """A mail server that takes mail only by TLS, and from one user."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's
        self.mails.append((session.auth_data, envelope.rcpt_tos))
        return "250 OK"


def sign_in(_server, _session, _envelope, _mechanism, given):
    is_known = (given.login, given.password) == (b"worker", b"secret")
    return AuthResult(success=is_known, handled=is_known, auth_data=given.login)


@pytest.fixture
async def start(tls):
    servers = []

    async def serve(security):
        there = Server()
        loop = asyncio.get_running_loop()
        if security == "tls":
            server = await loop.create_server(lambda: SMTP(there), "127.0.0.1", 0, ssl=tls)
        else:
            own = {"tls_context": tls, "require_starttls": True}
            own |= {"authenticator": sign_in, "auth_required": True}
            server = await loop.create_server(lambda: SMTP(there, **own), "127.0.0.1", 0)
        servers.append(server)
        return there, server.sockets[0].getsockname()[1]

    yield serve
    for server in servers:
        server.close()


def sender(port, security, password="secret"):  # noqa: S107 - a made-up one
    return mail(
        Settings(
            supabase_url="https://p.example", supabase_secret_key="sb_secret_x",
            worker_smtp_host="127.0.0.1", worker_smtp_port=port, worker_smtp_security=security,
            worker_smtp_user="worker" if password else None, worker_smtp_password=password,
            worker_mail_from="imports@example.com",
        )
    )  # fmt: skip


@pytest.mark.usefixtures("vouched_for")
async def test_mail_goes_encrypted_and_signed_in(start):
    there, port = await start("starttls")
    assert await sender(port, "starttls")(a_delivery()) == DELIVERED
    assert there.mails == [(b"worker", ["olivia@cedar.test"])]
    refused = await sender(port, "starttls", "wrong")(a_delivery())
    assert refused == Verdict("retry", "The mail server does not take mail from here (535).")


@pytest.mark.usefixtures("vouched_for")
async def test_mail_goes_encrypted_from_the_first_byte(start):
    there, port = await start("tls")
    assert await sender(port, "tls", None)(a_delivery()) == DELIVERED
    assert len(there.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_mail_goes_to_no_server_that_nobody_vouches_for(start, security):
    there, port = await start(security)
    verdict = await sender(port, security)(a_delivery())
    assert verdict == Verdict("retry", "The mail server's certificate is not valid.")
    assert there.mails == []


@pytest.fixture
async def hook(tls):
    taken = []

    async def take(request):
        taken.append(await request.read())
        return web.Response()

    application = web.Application()
    application.add_routes([web.post("/", take)])
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield taken, f"https://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.mark.usefixtures("vouched_for")
async def test_a_webhook_by_https(hook):
    taken, url = hook
    async with webhooks({"127.0.0.1"}) as send:
        assert await send(a_delivery(url=url)) == DELIVERED
    assert len(taken) == 1


async def test_a_webhook_to_whom_nobody_vouches_for(hook):
    taken, url = hook
    async with webhooks({"127.0.0.1"}) as send:
        verdict = await send(a_delivery(url=url))
    assert verdict == Verdict("retry", "The certificate of the address is not valid.")
    assert taken == []
