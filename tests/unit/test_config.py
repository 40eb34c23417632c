import pytest

from worker.config import Settings, load_settings
from worker.exceptions import ConfigError
from worker.logs import redact

GOOD = {"SUPABASE_URL": "https://p.example/", "SUPABASE_SECRET_KEY": "sb_secret_x"}


@pytest.fixture
def environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return lambda **variables: [monkeypatch.setenv(*item) for item in variables.items()]


def test_defaults_are_what_the_frontend_is_used_to(environment):
    environment(**GOOD)
    settings = load_settings()
    assert settings.supabase_url == "https://p.example"
    assert (settings.worker_batch_size, settings.worker_poll_seconds) == (100, 5.0)
    assert (settings.worker_batches_in_flight, settings.worker_lease_seconds) == (4, 60)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SUPABASE_URL": "p.example"}, "SUPABASE_URL is not a URL: set it to the project's URL"),
        ({"SUPABASE_URL": "https://"}, "SUPABASE_URL is not a URL"),
        ({"SUPABASE_URL": "https://p.example:99999"}, "SUPABASE_URL Port out of range"),
        ({"SUPABASE_URL": "http://p.example"}, "SUPABASE_URL must start with https://"),
        ({"SUPABASE_SECRET_KEY": " "}, "SUPABASE_SECRET_KEY is empty: set it to a secret key"),
        ({"SUPABASE_SECRET_KEY": "sb_secret_é"}, "SUPABASE_SECRET_KEY has characters that no key"),
        ({"SUPABASE_SECRET_KEY": "sb_publishable_x"}, "SUPABASE_SECRET_KEY is a publishable key"),
        (
            {"WORKER_BATCH_SIZE": "0"},
            "WORKER_BATCH_SIZE Input should be greater than or equal to 1",
        ),
        ({"WORKER_CONCURRENCY": "many"}, "WORKER_CONCURRENCY Input should be a valid integer"),
        ({"WORKER_LOG_LEVEL": "loud"}, "WORKER_LOG_LEVEL String should match pattern"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(environment, change, message):
    environment(**GOOD | change)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert message in str(caught.value)
    assert "sb_" not in str(caught.value).replace("sb_secret_...", "")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:54321", "http://localhost:1", "http://kong:8000", "http://10.0.0.2"]
)
def test_a_local_supabase_may_do_without_tls(environment, url):
    environment(**GOOD | {"SUPABASE_URL": url})
    assert load_settings().supabase_url == url


def test_white_space_around_settings_is_nothing(environment):
    environment(SUPABASE_URL=" https://p.example \n", SUPABASE_SECRET_KEY="sb_secret_x\n")
    settings = load_settings()
    assert settings.supabase_url == "https://p.example"
    assert settings.supabase_secret_key.get_secret_value() == "sb_secret_x"


def test_every_missing_setting_is_named_with_what_to_set(environment):
    environment()
    with pytest.raises(ConfigError) as caught:
        load_settings()
    url, key = str(caught.value).splitlines()
    assert url.startswith("SUPABASE_URL is not set: set it to the project's URL")
    assert key.startswith("SUPABASE_SECRET_KEY is not set: set it to a secret key")


def test_the_key_is_not_shown_by_accident(environment):
    environment(**GOOD)
    assert "sb_secret_x" not in repr(load_settings())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sb_secret_N7UND0-x rest", "key [redacted] rest"),
        ("apikey=eyJhbGciOi.eyJpc3MiOi.CRXP1A7&x", "apikey=[redacted]&x"),
        ("postgresql://postgres:hunter2@db.example:5432/postgres", "[redacted]"),
        ("https://p.example/rest/v1", "https://p.example/rest/v1"),
        ("run 3d11afcd-f73e-4118-910f-37d4a9e737e6", "run 3d11afcd-f73e-4118-910f-37d4a9e737e6"),
    ],
)
def test_redact(text, expected):
    assert redact(text) == expected


MAIL = GOOD | {"WORKER_SMTP_HOST": "smtp.example.com", "WORKER_MAIL_FROM": "imports@example.com"}


def test_a_mail_server(environment):
    environment(**MAIL | {"WORKER_SMTP_PASSWORD": "sb_hidden"})
    settings = load_settings()
    assert (settings.worker_smtp_port, settings.worker_smtp_security) == (587, "starttls")
    assert "hidden" not in repr(settings)


def test_a_variable_that_is_empty_is_none(environment):
    environment(**GOOD | {"WORKER_SMTP_HOST": "", "WORKER_HTTP_PORT": ""})
    settings = load_settings()
    assert (settings.worker_smtp_host, settings.worker_http_port) == (None, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"WORKER_MAIL_FROM": ""}, "WORKER_MAIL_FROM is not set: set it to the address"),
        ({"WORKER_MAIL_FROM": "Imports"}, "WORKER_MAIL_FROM is no address"),
        ({"WORKER_MAIL_FROM": "a@x.ca\nBcc: b@x.ca"}, "WORKER_MAIL_FROM is no address"),
        ({"WORKER_SMTP_SECURITY": "none"}, "WORKER_SMTP_SECURITY none is for a server nearby"),
        ({"WORKER_SMTP_SECURITY": "ssl"}, "WORKER_SMTP_SECURITY Input should be"),
        ({"WORKER_PAGE_URL": "crm.example.com"}, "WORKER_PAGE_URL must start with https://"),
        ({"WORKER_UNSUBSCRIBE_URL": "javascript:x"}, "WORKER_UNSUBSCRIBE_URL must start with"),
    ],
)
def test_a_wrong_setting_of_mail_is_named(environment, change, message):
    environment(**MAIL | change)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value).startswith(message)


def test_hosts_that_webhooks_may_reach(environment):
    environment(**GOOD | {"WORKER_WEBHOOK_PRIVATE_HOSTS": " Hooks.internal, 10.0.0.5,"})
    assert load_settings().webhook_private_hosts == {"hooks.internal", "10.0.0.5"}
