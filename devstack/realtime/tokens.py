"""The JSON Web Tokens of API keys and users."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import jwt

CLAIM_CHECKS = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
ONLY_SIGNATURE: Any = {f"verify_{claim}": False for claim in CLAIM_CHECKS}


class TokenError(Exception):
    """A token that is refused. `code` is the real server's name for why (e_join_*)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ExpiredTokenError(TokenError):
    """A token that was good until `seconds` ago."""

    def __init__(self, seconds: int) -> None:
        super().__init__("InvalidJWTToken", f"Token has expired {seconds} seconds ago")


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token: the role and the claims it speaks for, and when it ends (Unix seconds)."""

    text: str
    role: str
    claims: str  # JSON, as PostgreSQL will read it from request.jwt.claims
    expires: float

    def seconds_left(self) -> float:
        """How long it is still good; negative when it is not."""
        return self.expires - time.time()

    def check_expiry(self) -> None:
        """Raise ExpiredTokenError once the token's time is over."""
        if (left := self.seconds_left()) <= 0:
            raise ExpiredTokenError(int(-left))


def verify(text: str, secret: str) -> Token:
    """Return the token if `secret` signed it (HS256), it has `role` and `exp`, and it is not over.

    Raises:
        TokenError: it is refused; the checks and their words are the real server's (e_connect_*).

    """
    claims: dict[str, Any]
    try:
        claims = jwt.decode(
            text,
            secret,
            algorithms=["HS256"],
            options=ONLY_SIGNATURE,
        )
    except jwt.InvalidSignatureError:
        raise TokenError("JwtSignatureError", "Failed to validate JWT signature") from None
    except jwt.InvalidTokenError:
        raise TokenError("MalformedJWT", "The token provided is not a valid JWT") from None
    role, expires = claims.get("role"), claims.get("exp")
    if not isinstance(role, str) or not isinstance(expires, int | float):
        raise TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT")
    token = Token(text, role, json.dumps(claims), float(expires))
    token.check_expiry()
    return token
