"""Standard Webhooks 1.0: how a receiver knows that a message is ours.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

_PREFIX = "whsec_"


def signed_headers(
    message_id: str, timestamp: int, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    """Give the headers of a message.

    Args:
        message_id: the same for each try.
        timestamp: of this try, in seconds since 1970.
        body: exactly as it is sent.
        secrets: "whsec_" and base64. Each signs, so that a receiver may know the old or the new one
            while a secret is being changed.

    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures,
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
