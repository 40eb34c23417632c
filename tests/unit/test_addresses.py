"""Where webhooks may not go, however it is written: no name is asked of the network here."""

import socket

import aiohttp
import pytest

from tests.telling import a_delivery
from worker.operating.notifying import addresses
from worker.operating.notifying.addresses import (
    ForbiddenAddressError,
    PublicResolver,
    is_public,
    public_socket,
)
from worker.operating.notifying.delivery import Verdict
from worker.operating.notifying.webhooks import webhooks

PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
NOT_PUBLIC = {
    "this machine": ["127.0.0.1", "127.8.9.1", "0.0.0.0", "::1", "::"],  # noqa: S104 - refused
    "private networks": ["10.0.0.1", "172.16.5.4", "192.168.1.1", "fc00::1", "fd12::5"],
    "links and metadata": ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0"],
    "a carrier's": ["100.64.0.1", "100.127.255.254"],
    "IPv4 in IPv6": [
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"),
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    ],
    "nobody's": ["255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "2001:db8::1"],
    "many at once": ["224.0.0.1", "239.255.255.250", "ff02::1"],
    "what only the system takes for an address": [
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "0", "017700000001"),
        *("127.0.0.1 ", "127.0.0.1.", "localhost", ""),
    ],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet(address):
    assert is_public(address)


@pytest.mark.parametrize("address", [one for some in NOT_PUBLIC.values() for one in some])
def test_everything_else(address):
    assert not is_public(address)
    with pytest.raises(ForbiddenAddressError):
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 443)))


class Names:
    """A resolver that says in turn what a name is; a name server in an attacker's hands."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_INET):  # noqa: ARG002 - as it is asked
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {"hostname": host, "host": one, "port": port, "proto": 0, "flags": 0,
             "family": socket.AF_INET6 if ":" in one else socket.AF_INET}
            for one in found
        ]  # fmt: skip

    async def close(self):
        pass


@pytest.fixture
def names(monkeypatch):
    def mean(*answers):
        resolver = Names(*answers)
        monkeypatch.setattr(addresses, "DefaultResolver", lambda: resolver)
        return resolver

    return mean


async def send(url, *private_hosts):
    async with webhooks(private_hosts) as webhook:
        return await webhook(a_delivery(url=url))


FORBIDDEN = "The address is not of the public internet, and no operator has allowed it."


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"),  # noqa: S104 - the same
        *(
            "[::ffff:a9fe:a9fe]",
            "[fe80::1%25lo]",
            "[64:ff9b::7f00:1]",
            "\uff11\uff12\uff17.0.0.1",
            "192.168.0.1",
        ),
    ],
)
async def test_an_address_in_the_url(address):
    assert await send(f"https://{address}/x") == Verdict("failed", FORBIDDEN)


@pytest.mark.parametrize(
    "number", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "0x7f.1"]
)
async def test_a_number_that_is_an_address_to_the_system_alone(number):
    verdict = await send(f"https://{number}/x")
    assert verdict.outcome == "failed"
    assert verdict.error in {FORBIDDEN, "The address is none that can be connected to."}


@pytest.mark.parametrize("found", [["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["fd00::1"]])
async def test_a_name_that_leads_inside_by_any_of_its_addresses(names, found):
    names(found)
    assert await send("https://hooks.example.com/x") == Verdict("failed", FORBIDDEN)


async def test_the_system_s_own_names_lead_inside():
    assert await send("https://localhost/x") == Verdict("failed", FORBIDDEN)


async def test_a_name_that_is_another_the_next_moment_is_asked_once(names, monkeypatch):
    """DNS rebinding: the address that was checked is the one that is connected to."""
    resolver = names(["93.184.216.34"], ["127.0.0.1"])
    opened = []

    def refuse(address):
        opened.append(address[4][0])
        raise ConnectionRefusedError

    monkeypatch.setattr("worker.operating.notifying.webhooks.public_socket", refuse)
    verdict = await send("https://rebinding.example.com/x")
    assert verdict == Verdict("retry", "There is nobody at the address.")
    assert (resolver.asked, opened) == (1, ["93.184.216.34"])


async def test_the_socket_has_the_last_word():
    """Whatever a resolver lets through."""
    careless = Names(["127.0.0.1"])
    connector = aiohttp.TCPConnector(resolver=careless, socket_factory=public_socket)
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get("http://hooks.example.com/")
    assert isinstance(caught.value.os_error, ForbiddenAddressError)


async def test_http_is_for_hosts_that_an_operator_allows():
    assert await send("http://hooks.example.com/x") == Verdict(
        "failed", "The address must start with https://."
    )


async def test_a_resolver_gives_back_what_it_holds(names):
    names(["93.184.216.34"])
    resolver = PublicResolver()
    assert [one["host"] for one in await resolver.resolve("x", 443)] == ["93.184.216.34"]
    await resolver.close()
