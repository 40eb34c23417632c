"""Who may do what with the files of imports, asked through Storage and judged by what is there."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from devstack import migrations

POLICY = (migrations.SUPABASE / "policies" / "storage_objects.sql").read_text()
CSV = b"sku,name\nA,Saw\n"
ROLES = ("anon", "stranger", "colleague", "creator", "service_role")
MEMBERS = {"colleague", "creator"}
SERVICE = {"service_role"}


@dataclass(frozen=True)
class Bucket:
    """The bucket as an organization and others see it."""

    dealer: object
    other: object
    http: httpx.Client

    def headers(self, role: str) -> dict[str, str]:
        keys = self.dealer.stack.keys
        tokens = {
            "creator": self.dealer.creator_token,
            "colleague": self.dealer.colleague_token,
            "stranger": self.other.creator_token,
            "service_role": keys.secret,
            "anon": keys.publishable,
        }
        key = keys.secret if role == "service_role" else keys.publishable
        return {"apikey": key, "Authorization": f"Bearer {tokens[role]}"}

    def request(self, role: str, method: str, path: str, **options: object) -> httpx.Response:
        headers = self.headers(role) | options.pop("headers", {})
        return self.http.request(method, path, headers=headers, **options)

    def name(self, path: str) -> str:
        return path.format(org=self.dealer.organization_id, other=self.other.organization_id)

    def arrange(self, path: str) -> str:
        name = self.name(path)
        answer = self.request("service_role", "POST", f"object/imports/{name}", content=CSV)
        assert answer.is_success, answer.text
        return name

    def names(self) -> set[str]:
        """What the two organizations have there."""
        found = self.dealer.connection.execute(
            "select name from storage.objects where bucket_id = 'imports'"
        )
        ours = (self.dealer.organization_id, self.other.organization_id)
        return {row["name"] for row in found if any(org in row["name"] for org in ours)}

    def content(self, name: str) -> bytes | None:
        answer = self.request("service_role", "GET", f"object/imports/{name}")
        return answer.content if answer.is_success else None


@pytest.fixture(scope="module")
def http(stack):
    with httpx.Client(base_url=f"{stack.url}/storage/v1/", timeout=60) as client:
        yield client


@pytest.fixture
def bucket(make_dealer, http):
    return Bucket(make_dealer(), make_dealer(), http)


def test_the_bucket_is_private_and_bounded(database):
    row = database.execute("select * from storage.buckets where id = 'imports'").fetchone()
    assert (row["public"], row["file_size_limit"]) == (False, 200 * 1024 * 1024)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("path", "may"),
    [
        pytest.param("{org}/stock.csv", MEMBERS | SERVICE, id="own folder"),
        pytest.param("{org}/2026/11/stock.csv", MEMBERS | SERVICE, id="folders in it"),
        pytest.param("{org}/failed/rows.csv", SERVICE, id="the worker's answers"),
        pytest.param("{org}/failed/more/rows.csv", SERVICE, id="below them"),
        pytest.param("{org}/failed", SERVICE, id="a file instead of their folder"),
        pytest.param("{org}/kept/rows.csv", SERVICE, id="what an undo kept"),
        pytest.param("{other}/stock.csv", {"stranger"} | SERVICE, id="another's folder"),
        pytest.param("{org}-2/stock.csv", SERVICE, id="a folder that begins alike"),
        pytest.param("x/{org}/stock.csv", SERVICE, id="own folder not at the top"),
        pytest.param("{org}", SERVICE, id="a file instead of the folder"),
    ],
)
def test_upload(bucket, role, path, may):
    name = bucket.name(path)
    answer = bucket.request(role, "POST", f"object/imports/{name}", content=CSV)
    assert answer.is_success == (role in may), answer.text
    assert bucket.names() == ({name} if role in may else set())


# As the platform would ask the database, were there a way to get such a name through to it.
@pytest.mark.parametrize(
    "path", ["{org}/../{other}/a.csv", "{org}/./a.csv", "{org}//a.csv", "{org}/..", "{org}/a/"]
)
def test_no_name_leads_elsewhere(bucket, path):
    with (
        psycopg.connect(bucket.dealer.stack.db_url) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
            [f'{{"sub": "{bucket.dealer.creator_id}"}}', "authenticated"],
        )
        insert = "insert into storage.objects (bucket_id, name) values ('imports', %s)"
        connection.execute(insert, [bucket.name("{org}/...csv")])  # a name, if an odd one
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(insert, [bucket.name(path)])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", ["{org}/stock.csv", "{org}/failed/rows.csv"])
def test_download(bucket, role, path):
    name = bucket.arrange(path)
    may = role in MEMBERS | SERVICE
    answer = bucket.request(role, "GET", f"object/imports/{name}")
    assert (answer.content == CSV) == may
    signed = bucket.request(role, "POST", f"object/sign/imports/{name}", json={"expiresIn": 60})
    assert signed.is_success == may, signed.text
    if may:
        link = signed.json()["signedURL"].removeprefix("/")
        assert bucket.http.get(link).content == CSV
        tampered = link.replace("/imports/", "/imports/x")
        assert bucket.http.get(tampered).is_error
    listed = bucket.request(
        role, "POST", "object/list/imports", json={"prefix": name.rpartition("/")[0] + "/"}
    )
    assert (name.rpartition("/")[2] in listed.text) == may
    assert bucket.request(role, "GET", f"object/public/imports/{name}").is_error


@pytest.mark.parametrize("role", ROLES)
def test_overwrite(bucket, role):
    name = bucket.arrange("{org}/stock.csv")
    for method, headers in (("POST", {}), ("POST", {"x-upsert": "true"}), ("PUT", {})):
        bucket.request(role, method, f"object/imports/{name}", content=b"other", headers=headers)
    assert (bucket.content(name) == CSV) == (role not in SERVICE)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", ["move", "copy"])
@pytest.mark.parametrize("target", ["{org}/failed/rows.csv", "{other}/stock.csv"])
def test_move_and_copy(bucket, role, action, target):
    source = bucket.arrange("{org}/stock.csv")
    target = bucket.name(target)
    body = {"bucketId": "imports", "sourceKey": source, "destinationKey": target}
    bucket.request(role, "POST", f"object/{action}", json=body)
    assert (target in bucket.names()) == (role in SERVICE)
    assert (source in bucket.names()) == (role not in SERVICE or action == "copy")


@pytest.mark.parametrize("role", ROLES)
def test_delete(bucket, role):
    names = {bucket.arrange(path) for path in ("{org}/stock.csv", "{org}/failed/rows.csv")}
    bucket.request(role, "DELETE", "object/imports", json={"prefixes": sorted(names)})
    assert bucket.names() == (set() if role in MEMBERS | SERVICE else names)


@pytest.mark.parametrize("role", ROLES[:-1])
def test_the_bucket_itself_is_nobodys(bucket, role):
    assert bucket.request(role, "PUT", "bucket/imports", json={"public": True}).is_error
    assert bucket.request(role, "POST", "bucket/imports/empty").is_error
    assert bucket.request(role, "DELETE", "bucket/imports").is_error
    assert bucket.request(role, "POST", "bucket", json={"name": "mine", "id": "mine"}).is_error
    assert bucket.dealer.scalar("select not public from storage.buckets where id = 'imports'")


async def test_the_worker_streams_a_file_by_its_client(bucket, service_client):
    """create_signed_url, then a plain GET: what is the same here and on the platform."""
    content = CSV * 400_000
    name = bucket.name("{org}/large.csv")
    files = service_client.storage.from_("imports")
    await files.upload(name, content)
    link = (await files.create_signed_url(name, 60))["signedURL"]
    largest = size = 0
    async with httpx.AsyncClient() as http, http.stream("GET", link) as answer:
        assert answer.headers["etag"]
        async for chunk in answer.aiter_raw():
            largest, size = max(largest, len(chunk)), size + len(chunk)
    assert size == len(content)
    assert largest < 1_000_000


# What exports wrote: members read it, the worker alone writes and deletes.


@pytest.fixture
def exported(bucket):
    """A file that the worker wrote: its name in the bucket exports."""
    name = bucket.name("{org}/0e000000-0000-4000-8000-00000000000e/stock.csv")
    answer = bucket.request("service_role", "POST", f"object/exports/{name}", content=CSV)
    assert answer.is_success, answer.text
    return name


def exports(bucket):
    """What the two organizations have in the bucket exports."""
    found = bucket.dealer.connection.execute(
        "select name from storage.objects where bucket_id = 'exports'"
    )
    ours = (bucket.dealer.organization_id, bucket.other.organization_id)
    return {row["name"] for row in found if any(org in row["name"] for org in ours)}


@pytest.mark.parametrize("role", ROLES)
def test_who_reads_what_was_exported(bucket, exported, role):
    """Whoever may not read a file cannot list, sign or guess it either."""
    may = role in MEMBERS | SERVICE
    answer = bucket.request(role, "GET", f"object/exports/{exported}")
    assert (answer.content == CSV) == may
    authenticated = bucket.request(role, "GET", f"object/authenticated/exports/{exported}")
    assert may or authenticated.content != CSV
    signed = bucket.request(role, "POST", f"object/sign/exports/{exported}", json={"expiresIn": 60})
    assert signed.is_success == may, signed.text
    if may:
        link = signed.json()["signedURL"].removeprefix("/")
        assert bucket.http.get(link).content == CSV
        assert bucket.http.get(link.replace("stock.csv", "other.csv")).is_error
    folder, _, name = exported.rpartition("/")
    for prefix, entry in ((f"{folder}/", name), (f"{folder.partition('/')[0]}/", "0e000000"),
                          ("", bucket.dealer.organization_id)):  # fmt: skip
        listed = bucket.request(role, "POST", "object/list/exports", json={"prefix": prefix})
        assert (entry in listed.text) == may, listed.text
    assert bucket.request(role, "GET", f"object/public/exports/{exported}").is_error


@pytest.mark.parametrize("role", ROLES[:-1])
def test_nobody_but_the_worker_writes_exports(bucket, exported, role):
    paths = [exported, bucket.name("{org}/new/x.csv"), bucket.name("{other}/new/x.csv")]
    for path in paths:
        for method, headers in (("POST", {}), ("POST", {"x-upsert": "true"}), ("PUT", {})):
            bucket.request(
                role, method, f"object/exports/{path}", content=b"other", headers=headers
            )
    body = {"bucketId": "exports", "sourceKey": exported, "destinationKey": paths[1]}
    for action in ("move", "copy"):
        bucket.request(role, "POST", f"object/{action}", json=body)
    bucket.request(role, "DELETE", "object/exports", json={"prefixes": [exported]})
    bucket.request(role, "DELETE", f"object/exports/{exported}")
    bucket.request(role, "POST", "bucket/exports/empty")
    bucket.request(role, "PUT", "bucket/exports", json={"public": True})
    assert exports(bucket) == {exported}
    kept = bucket.request("service_role", "GET", f"object/exports/{exported}")
    assert kept.content == CSV
    assert bucket.dealer.scalar("select not public from storage.buckets where id = 'exports'")


def test_a_file_over_the_limit_is_refused(bucket):
    name = bucket.name("{org}/huge.csv")
    size = 200 * 1024 * 1024 + 1
    answer = bucket.request("creator", "POST", f"object/imports/{name}", content=bytes(size))
    assert "exceeded the maximum" in answer.text
    assert bucket.names() == set()


# The migration.


def catalog(connection):
    return connection.execute(
        "select policyname, permissive, roles, cmd, qual, with_check from pg_policies"
        " where (schemaname, tablename) = ('storage', 'objects') order by policyname"
    ).fetchall()


def test_the_policy_file_makes_what_the_migration_made(stack):
    with psycopg.connect(stack.db_url) as connection:
        before = catalog(connection)
        assert len(before) == 4
        for [name, *_] in before:
            connection.execute(f"drop policy {name} on storage.objects")
        connection.execute(POLICY)
        assert catalog(connection) == before
        migration = next(Path(migrations.SUPABASE / "migrations").glob("*_import_files.sql"))
        connection.execute(migration.read_text())  # and again
        assert catalog(connection) == before
        connection.rollback()


def test_the_table_is_guarded_by_its_policies(database):
    row = database.execute(
        "select relrowsecurity from pg_class where oid = 'storage.objects'::regclass"
    ).fetchone()
    assert row["relrowsecurity"]
