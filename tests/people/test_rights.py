from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from flowsite.people.models import AuditEntry, User
from flowsite.people.rights import Role, has_role, may_submit_to_production


@pytest.mark.parametrize(
    ("who", "role", "expected"),
    [
        ("analyst", Role.ANALYST, True),
        ("analyst", Role.OPS, False),
        ("analyst", Role.ADMIN, False),
        ("ops", Role.ANALYST, False),
        ("admin", Role.ANALYST, True),
        ("admin", Role.OPS, True),
    ],
)
def test_who_has_which_role(request, who, role, expected):
    assert has_role(request.getfixturevalue(who), role) is expected


def test_production_needs_a_right_of_its_own(admin):
    assert not may_submit_to_production(admin)

    admin.user_permissions.add(Permission.objects.get(codename="submit_to_production"))

    assert may_submit_to_production(User.objects.get(pk=admin.pk))


def test_an_audit_entry_is_written_once(db):
    entry = AuditEntry.objects.create(actor="a", action="b")

    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


def test_only_admins_read_the_audit_log(client_as, analyst, ops, admin):
    answers = [client_as(user).get("/audit/").status_code for user in (analyst, ops, admin)]

    assert answers == [403, 403, 200]


@pytest.mark.parametrize(
    ("who", "place"),
    [("analyst", "/sources/"), ("ops", "/monitoring/"), ("admin", "/credentials/")],
)
def test_home_leads_to_the_persons_work(request, client_as, who, place):
    answer = client_as(request.getfixturevalue(who)).get("/")

    assert (answer.status_code, answer["Location"]) == (302, place)


def test_a_stranger_is_sent_to_sign_in(client, db):
    answer = client.get("/audit/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/audit/")


def test_a_fragment_without_a_session_answers_401(client, db):
    assert client.get("/audit/", headers={"HX-Request": "true"}).status_code == 401


def test_signing_in_is_locked_after_five_wrong_passwords(client, analyst):
    wrong = {"username": "analyst", "password": "no"}
    answers = [client.post("/sign-in/", wrong).status_code for _ in range(5)]

    right = client.post("/sign-in/", {"username": "analyst", "password": "a good passphrase"})

    assert answers == [200, 200, 200, 200, 429]
    assert right.status_code == 429
    assert AuditEntry.objects.filter(action="person.sign_in_failed").count() >= 4


def test_sign_in_sets_a_strict_policy(client, db):
    answer = client.get("/sign-in/")

    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
