"""Settings, from the environment."""

import json
import re
from base64 import urlsafe_b64decode
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.exceptions import ConfigError

_ADVICE = {
    "supabase_url": "the project's URL, https://<project>.supabase.co",
    "supabase_secret_key": (
        "a secret key (sb_secret_...) or the legacy service_role key, "
        "from Project Settings > API Keys; the publishable and anon keys cannot import"
    ),
    "supabase_publishable_key": (
        "the publishable key (sb_publishable_...) or the legacy anon key, "
        "from Project Settings > API Keys; everybody who opens the page can read it"
    ),
}
# An address as mail headers take it, with or without a name before it.
_MAILBOX = re.compile(r"[^\s<>@,]+@[^\s<>@,]+|[^<>@,\r\n]+ <[^\s<>@,]+@[^\s<>@,]+>")


def _is_safe_url(url: str) -> str:
    url = url.strip().rstrip("/")
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host or parts.port == 0:
        msg = "is not a URL"
        raise ValueError(msg)
    if parts.scheme == "http" and not _is_local(host):
        msg = "must start with https://, or the key would travel in clear"
        raise ValueError(msg)
    return url


def _is_everybodys(key: str) -> str:
    key = key.strip()
    if not re.fullmatch(r"[\w.-]+", key, re.ASCII):
        msg = "has characters that no key has" if key else "is empty"
        raise ValueError(msg)
    claims = claims_of(key)
    if not (key.startswith("sb_publishable_") or (claims and claims.get("role") == "anon")):
        msg = "is not the publishable key, and the page would show it to everybody"
        raise ValueError(msg)
    return key


def claims_of(key: str) -> dict[str, Any] | None:
    """Read what a legacy key, a JWT, says of itself; None if it is none.

    Its signature is the server's to judge.
    """
    try:
        _, body, _ = key.split(".")
        claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


SupabaseUrl = Annotated[str, AfterValidator(_is_safe_url)]


class Settings(BaseSettings):
    """What the worker can be told. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    supabase_url: SupabaseUrl
    supabase_secret_key: SecretStr
    # Jobs at a time in this process, each of another organization.
    worker_concurrency: Annotated[int, Field(ge=1, le=50)] = 2
    # Rows a batch. Progress moves by it; 100 is what the frontend is used to.
    worker_batch_size: Annotated[int, Field(ge=1, le=1000)] = 100
    # Batches under way at once inside one job.
    worker_batches_in_flight: Annotated[int, Field(ge=1, le=16)] = 4
    # Seconds without a sign of life after which another worker takes a job over.
    worker_lease_seconds: Annotated[int, Field(ge=5, le=3600)] = 60
    # Seconds between two looks at the queue when nothing woke the worker earlier.
    worker_poll_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    # Seconds after its time at which a job stuck in processing without a run of ours is adopted.
    worker_orphan_after_seconds: Annotated[int, Field(ge=0)] = 900
    # Seconds after its time at which an export is the worker's, which until then the creator's open
    # page may take: longer than the minute between two of its looks.
    worker_export_after_seconds: Annotated[int, Field(ge=0, le=86_400)] = 90
    # The largest file that is downloaded from Storage, in MB.
    worker_file_limit_mb: Annotated[int, Field(ge=1, le=5000)] = 200
    # Where /livez, /readyz and /metrics are served, on every interface; nowhere if it is not set.
    worker_http_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    # The mail server that takes notifications, and whose they are. Without a host no mail is sent.
    worker_smtp_host: str | None = None
    worker_smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    worker_smtp_user: str | None = None
    worker_smtp_password: SecretStr | None = None
    # "starttls" (port 587), "tls" from the first byte (port 465), or "none" to a server nearby.
    worker_smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    worker_mail_from: str | None = None
    # The page that mail leads to; {job_id} in it becomes the job's.
    worker_page_url: str | None = None
    # Where the world reaches this worker's /unsubscribe, for one-click unsubscribing from mail.
    worker_unsubscribe_url: str | None = None
    # Hosts, separated by commas, that webhooks may reach though they are not public, by http too.
    worker_webhook_private_hosts: str = ""
    worker_log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"

    @property
    def webhook_private_hosts(self) -> frozenset[str]:
        """The hosts that webhooks may reach though they are not public, in lower case."""
        hosts = self.worker_webhook_private_hosts.lower().split(",")
        return frozenset(host.strip() for host in hosts if host.strip())

    @property
    def secret_key(self) -> str:
        """The key as clients need it: not to be printed."""
        return self.supabase_secret_key.get_secret_value()

    @field_validator("worker_page_url", "worker_unsubscribe_url")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        if url is not None and urlsplit(url).scheme not in {"http", "https"}:
            msg = "must start with https://"
            raise ValueError(msg)
        return url

    @field_validator("worker_mail_from")
    @classmethod
    def _is_mailbox(cls, mailbox: str | None) -> str | None:
        if mailbox is not None and not _MAILBOX.fullmatch(mailbox):
            msg = "is no address: imports@example.com, or Imports <imports@example.com>"
            raise ValueError(msg)
        return mailbox

    @model_validator(mode="after")
    def _can_send_mail(self) -> Self:
        if self.worker_smtp_host is None:
            return self
        if self.worker_mail_from is None:
            msg = "WORKER_MAIL_FROM is not set: set it to the address that mail comes from"
            raise ValueError(msg)
        if self.worker_smtp_security == "none" and not _is_local(self.worker_smtp_host):
            msg = "WORKER_SMTP_SECURITY none is for a server nearby: use starttls or tls"
            raise ValueError(msg)
        return self

    @field_validator("supabase_secret_key")
    @classmethod
    def _may_import(cls, key: SecretStr) -> SecretStr:
        secret = key.get_secret_value().strip()
        if not secret:
            msg = "is empty"
        elif secret.startswith("sb_publishable_"):
            msg = "is a publishable key, which cannot import"
        elif not re.fullmatch(r"[\w.-]+", secret, re.ASCII):
            msg = "has characters that no key has"
        else:
            return SecretStr(secret)
        raise ValueError(msg)


class ConsoleSettings(BaseSettings):
    """What the page needs to be told: where the project is, and the key that everybody may have."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    supabase_url: SupabaseUrl
    supabase_publishable_key: Annotated[str, AfterValidator(_is_everybodys)]


def _is_local(host: str) -> bool:
    """Tell whether a host can only be near: this machine, a private network, a container's name."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


_Read = TypeVar("_Read", Settings, ConsoleSettings)


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigError: one line for each variable that is missing or wrong, values left out.

    """
    return _load(Settings)


def load_console_settings() -> ConsoleSettings:
    """Read what the page needs, and no secret. Raises ConfigError as load_settings does."""
    return _load(ConsoleSettings)


def _load(of: type[_Read]) -> _Read:
    try:
        return of()  # type: ignore[call-arg]  # the environment fills them
    except ValidationError as error:
        raise ConfigError("\n".join(map(_advise, error.errors(include_input=False)))) from None


def _advise(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101 - pydantic's ErrorDetails
    if not problem["loc"]:  # of several settings together
        return str(problem["msg"]).removeprefix("Value error, ")
    field = str(problem["loc"][0])
    variable = field.upper()
    advice = f": set it to {_ADVICE[field]}" if field in _ADVICE else ""
    if problem["type"] == "missing":
        return f"{variable} is not set{advice}"
    return f"{variable} {problem['msg'].removeprefix('Value error, ')}{advice}"
