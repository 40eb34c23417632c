"""API keys and tokens: the well-known ones of every local Supabase.

They are public (the Supabase CLI prints the same ones on every machine), which is why everything
here listens on loopback only.
"""

import time
from dataclasses import asdict, dataclass
from typing import Any

import jwt

JWT_SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"


def _legacy(role: str) -> str:
    """Sign a legacy API key; byte for byte the one that the Supabase CLI prints."""
    claims = {"iss": "supabase-demo", "role": role, "exp": 1983812996}
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


@dataclass(frozen=True)
class Keys:
    """The API keys of a project, of both kinds."""

    anon: str
    service_role: str
    publishable: str
    secret: str

    def role_token(self, key: str) -> str | None:
        """Return the role JWT that the gateway puts in place of `key`; None if it is no key."""
        return {
            self.anon: self.anon,
            self.publishable: self.anon,
            self.service_role: self.service_role,
            self.secret: self.service_role,
        }.get(key)

    def asdict(self) -> dict[str, str]:
        """Return the keys by name, for state.json."""
        return asdict(self)


KEYS = Keys(
    anon=_legacy("anon"),
    service_role=_legacy("service_role"),
    publishable="sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
    secret="sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",  # noqa: S106 - every local Supabase has this one
)


def user_token(
    user_id: str | None = None,
    role: str = "authenticated",
    *,
    ttl: float = 3600,
    **claims: Any,  # noqa: ANN401 - a claim is any JSON value
) -> str:
    """Sign an access token as Auth would, valid for `ttl` seconds (negative: expired already).

    Extra keyword arguments become claims.
    """
    now = int(time.time())
    payload: dict[str, Any] = {
        "iss": "devstack",
        "aud": "authenticated",
        "role": role,
        "iat": now,
        "exp": now + int(ttl),
    }
    if user_id is not None:
        payload["sub"] = user_id
    return jwt.encode(payload | claims, JWT_SECRET, algorithm="HS256")
