"""Templates as the CRM keeps them: by its users, through PostgREST."""

import httpx
import pytest


@pytest.fixture
def save(stack):
    """Upsert a template as supabase-js does."""

    def save(token, **template):
        return httpx.post(
            f"{stack.url}/rest/v1/import_templates",
            params={"on_conflict": "organization_id,data_type,name"},
            json={"data_type": "inventory", "name": "Monthly", "mapping": {"Kode": "sku"}}
            | template,
            headers={
                "apikey": stack.keys.publishable,
                "Authorization": f"Bearer {token}",
                "Prefer": "resolution=merge-duplicates",
            },
        )

    return save


def templates(dealer):
    return dealer.connection.execute(
        "select * from import_templates where organization_id = %s", [dealer.organization_id]
    ).fetchall()


def test_a_template_is_saved_and_saved_again(dealer, save):
    ours = {"organization_id": dealer.organization_id}
    assert save(dealer.creator_token, **ours).status_code == 201
    [first] = templates(dealer)
    assert (first["mapping"], first["options"], first["columns"]) == ({"Kode": "sku"}, {}, None)
    assert first["created_by"] == dealer.creator_id
    assert save(dealer.colleague_token, **ours, columns=["Kode", "Navn"]).status_code == 200
    [second] = templates(dealer)
    assert second["columns"] == ["Kode", "Navn"]
    assert second["created_by"] == dealer.creator_id
    assert second["updated_at"] > first["updated_at"]


def test_nobody_writes_another_organizations(dealer, make_dealer, save):
    other = make_dealer()
    assert save(dealer.creator_token, organization_id=dealer.organization_id).is_success
    before = templates(dealer)
    theirs = save(other.creator_token, organization_id=dealer.organization_id, mapping={})
    assert theirs.status_code == 403
    assert templates(dealer) == before


@pytest.mark.parametrize(
    "column",
    [
        {"name": ""}, {"name": " a"}, {"name": "a\nb"}, {"name": "x" * 101},
        {"mapping": None}, {"mapping": []}, {"mapping": "sku"},
        {"mapping": {"x" * 1_048_576: "sku"}},
        {"options": []}, {"options": {"sheet": "x" * 65_536}}, {"columns": ["x"] * 16_385},
        {"created_by": "00000000-0000-4000-8000-000000000001"}, {"updated_at": "2031-01-01"},
    ],
    ids=lambda column: f"{next(iter(column))} {str(next(iter(column.values())))[:10]!r}",
)  # fmt: skip
def test_what_makes_no_template_is_refused(dealer, save, column):
    answer = save(dealer.creator_token, organization_id=dealer.organization_id, **column)
    assert answer.status_code in {400, 403}
    assert templates(dealer) == []
