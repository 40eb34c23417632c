"""The page's files: what is vendored is what is locked, and what comes from a file stays text."""

import base64
import hashlib
import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
import structlog

from devstack import node
from tests.browser import chromium
from worker.cli import main
from worker.config import ConsoleSettings, load_console_settings
from worker.importing.tables import TABLES
from worker.operating.console import ConsoleFiles

PROJECT = Path(__file__).parents[2]
CONSOLE = PROJECT / "console"
INDEX = (CONSOLE / "index.html").read_text()
SCRIPTS = [path for path in CONSOLE.rglob("*.js") if path.parent.name != "vendor"]
# File under console/vendor, without its version → package and file in it.
VENDORED = {
    "supabase-{}.js": ("@supabase/supabase-js", "dist/umd/supabase.js"),
    "uPlot-{}.js": ("uplot", "dist/uPlot.iife.min.js"),
    "uPlot-{}.css": ("uplot", "dist/uPlot.min.css"),
}
# Ways from a text to markup or code.
TO_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    r"|setHTML|createContextualFragment|DOMParser|javascript:|setAttribute\(\s*[\"'](on|style)"
)
PUBLISHABLE = "sb_publishable_x"


@pytest.fixture(autouse=True)
def logs():
    """Forget where a command logged: its output is closed when its test is over."""
    yield
    structlog.reset_defaults()


def files(url="https://p.example"):
    return ConsoleFiles(ConsoleSettings(supabase_url=url, supabase_publishable_key=PUBLISHABLE))


def locked(package):
    lock = json.loads((PROJECT / "devstack" / "package-lock.json").read_text())
    return lock["packages"][f"node_modules/{package}"]["version"]


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_vendored_is_what_is_locked(name):
    package, inside = VENDORED[name]
    vendored = CONSOLE / "vendor" / name.format(locked(package))
    assert vendored.read_bytes() == (node.MODULES / package / inside).read_bytes()


def test_nothing_else_is_vendored():
    names = {name.format(locked(package)) for name, (package, _) in VENDORED.items()}
    assert {path.name for path in (CONSOLE / "vendor").iterdir()} == names


def test_the_page_holds_vendored_files_to_their_digests():
    tags = re.findall(r"<(?:script|link)\b[^>]*>", INDEX)
    told = {}
    for tag in tags:
        if found := re.search(r'(?:src|href)="(vendor/[^"]+)"', tag):
            told[found[1]] = re.search(r'integrity="([^"]+)"', tag)[1]
    for name, integrity in told.items():
        digest = hashlib.sha384((CONSOLE / name).read_bytes()).digest()
        assert integrity == f"sha384-{base64.b64encode(digest).decode()}"
    assert len(told) == len(VENDORED)


def test_no_text_becomes_markup():
    assert len(SCRIPTS) > 20
    found = {
        f"{path.relative_to(CONSOLE)}: {match[0]}"
        for path in SCRIPTS
        for match in TO_MARKUP.finditer(path.read_text())
    }
    assert found == set()


def test_the_page_itself_has_no_script_and_no_style_in_it():
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script[^>]*>[^<\s]", INDEX)


def test_only_scripts_and_styles_of_its_own():
    assert not re.search(r'(?:src|href)="(?:https?:)?//', INDEX)


def test_both_languages_say_the_same_things():
    code = """
      const read = (language) => import(`${process.argv[1]}/i18n/${language}.js`);
      const [en, fr] = await Promise.all(["en", "fr"].map(read));
      const values = (text) => [...text.matchAll(/\\{\\w+\\}/g)].map(String).sort().join();
      console.log(JSON.stringify([en, fr].map(({ default: texts }) =>
        Object.entries(texts).map(([key, text]) => [key, values(text)]).sort())));
    """
    argv = [node.find(), "--input-type=module", "-e", code, CONSOLE.as_uri()]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    english, french = json.loads(done.stdout)
    assert english == french
    assert len(english) > 250


def test_every_text_that_is_asked_for_is_there():
    asked = {
        key for path in SCRIPTS for key in re.findall(r'\bt\("(\w+\.[\w.]+)"', path.read_text())
    }
    catalogue = "\n".join(path.read_text() for path in (CONSOLE / "i18n" / "en").iterdir())
    known = set(re.findall(r'"([\w.]+)": ', catalogue))
    known |= {key.removesuffix(".other") for key in known}
    assert asked - known == set()


def test_the_policy_is_strict_and_names_the_project():
    answer = files().answer("")
    policy = answer.headers["Content-Security-Policy"]
    assert "connect-src 'self' https://p.example wss://p.example" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    [meta] = re.findall(r'content="(default-src[^"]+)"', answer.body.decode())
    assert set(policy.split("; ")) - set(meta.split("; ")) == {"frame-ancestors 'none'"}


@pytest.mark.parametrize(
    "path",
    [
        "../pyproject.toml",
        "%2e%2e/pyproject.toml",
        "/etc/passwd",
        "vendor",
        "nothing.js",
        "../worker/config.py",
    ],
)
def test_nothing_but_the_page_is_served(path):
    assert files().answer(path).status == 404


def test_what_the_page_is_told_holds_no_secret():
    told = json.loads(files().answer("config.json").body)
    assert told == {"supabaseUrl": "https://p.example", "publishableKey": PUBLISHABLE}


def test_written_files_are_the_page(tmp_path):
    files().write(tmp_path / "site")
    written = {path.relative_to(tmp_path / "site").as_posix() for path in tmp_path.rglob("*.*")}
    there = {path.relative_to(CONSOLE).as_posix() for path in CONSOLE.rglob("*.*")}
    assert written == there | {"config.json"}
    assert (tmp_path / "site" / "index.html").read_bytes() == files().answer("index.html").body


@pytest.fixture
def told(monkeypatch):
    """Call with the publishable key; nothing secret is in the environment."""
    monkeypatch.delenv("SUPABASE_SECRET_KEY", raising=False)
    monkeypatch.setenv("SUPABASE_URL", "https://p.example")
    return lambda key: monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", key)


def test_a_directory_for_a_static_host(told, tmp_path, capsys):
    told(PUBLISHABLE)
    assert main(["console", "--write", str(tmp_path)]) == 0
    assert f"Content-Security-Policy: {files().policy}" in capsys.readouterr().out
    assert "https://p.example" in (tmp_path / "index.html").read_text()


def jwt(role):
    claims = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode()
    return f"header.{claims.rstrip('=')}.signature"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("sb_secret_x", "is not the publishable key"),
        (jwt("service_role"), "is not the publishable key"),
        ("x.y.z", "is not the publishable key"),
        ("", "is empty"),
        ("sb publishable", "has characters that no key has"),
    ],
)
def test_a_key_that_not_everybody_may_have_is_refused(told, capsys, key, problem):
    told(key)
    assert main(["console"]) == 2
    said = capsys.readouterr().err
    assert f"SUPABASE_PUBLISHABLE_KEY {problem}" in said
    assert not key or key not in said


def test_a_legacy_key_that_everybody_may_have_is_taken(told):
    told(jwt("anon"))
    assert load_console_settings().supabase_publishable_key == jwt("anon")


def test_a_port_that_is_taken_is_told(told, capsys):
    told(PUBLISHABLE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["console", "--port", str(taken.getsockname()[1])]) == 2
    assert "is taken" in capsys.readouterr().out


def test_a_machine_without_chromium_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "chromium-of-nobody")
    with pytest.raises(FileNotFoundError, match="make browser"):
        chromium.find()


def test_the_page_knows_every_field():
    code = """
      const { FIELDS, isCents } = await import(`${process.argv[1]}/crm/fields.js`);
      const cents = FIELDS.inventory.filter((field) => isCents("inventory", field));
      console.log(JSON.stringify({ FIELDS, cents }));
    """
    argv = [node.find(), "--input-type=module", "-e", code, CONSOLE.as_uri()]
    said = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    for data_type, table in TABLES.items():
        assert sorted(said["FIELDS"][data_type]) == sorted(field.name for field in table.fields)
    assert said["cents"] == ["unit_price", "cost", *(f"price_tier_{tier}" for tier in range(1, 6))]
