"""The supervisor's control port: one JSON line in, one out. Loopback only, and with a token."""

import asyncio
import json
import socket
from dataclasses import dataclass
from typing import Any, Protocol

from devstack.ports import HOST
from devstack.state import DevstackError


@dataclass(frozen=True)
class Address:
    """Where the supervisor listens, and what shows that a caller may read state.json."""

    port: int
    token: str


class Controlled(Protocol):
    """What can be asked of a supervisor."""

    async def kill(self, name: str, which: int) -> None:
        """End a part with a signal."""

    async def start(self, name: str) -> None:
        """Start a part that was ended."""

    async def reset(self) -> None:
        """Start over on a fresh database."""


async def serve(address: Address, supervisor: Controlled) -> None:
    """Answer requests until cancelled."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            writer.write(json.dumps(await _do(request, address, supervisor)).encode() + b"\n")
            await writer.drain()
        finally:
            writer.close()

    async with await asyncio.start_server(answer, HOST, address.port) as server:
        await server.serve_forever()


async def _do(request: dict[str, Any], address: Address, supervisor: Controlled) -> dict[str, Any]:
    """Do what a request says and return the answer."""
    if request["token"] != address.token:
        return {"error": "wrong token"}
    try:
        match request["do"]:
            case "kill":
                await supervisor.kill(request["part"], request["signal"])
            case "start":
                await supervisor.start(request["part"])
            case "reset":
                await supervisor.reset()
    except (DevstackError, KeyError) as error:
        return {"error": str(error)}
    return {"done": request["do"]}


def ask(address: Address, do: str, **arguments: str | int) -> None:
    """Have the supervisor do something and wait until it is done.

    Raises DevstackError if it could not.
    """
    request = {"token": address.token, "do": do, **arguments}
    with socket.create_connection((HOST, address.port), timeout=60) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile() as lines:
            answer = json.loads(lines.readline() or '{"error": "the supervisor hung up"}')
    if "error" in answer:
        raise DevstackError(f"{do} failed: {answer['error']}")
