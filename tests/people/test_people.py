"""People in the app: adding, rights, links, deactivation."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from flowsite.people.audit import Origin
from flowsite.people.models import AuditEntry, Membership, Team, User
from flowsite.people.rights import Role, may_submit_to_production, roles_of
from flowsite.people.services import PeopleProblem, PersonValues, change_person, deactivate

FORM = {
    "username": "ana",
    "first_name": "Ana",
    "last_name": "Lyst",
    "email": "ana@acme.example",
    "roles": ["analyst"],
}


@pytest.fixture
def browser(client_as, admin):
    return client_as(admin)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def edited(user: User, **values: object) -> dict[str, object]:
    """The person's form as the page shows it, with changes."""
    now = PersonValues.of(user)
    return {
        "username": now.username,
        "first_name": now.first_name,
        "last_name": now.last_name,
        "email": now.email,
        "roles": [role.value for role in now.roles],
        "teams": [team.pk for team in now.teams],
        **({"production": "on"} if now.production else {}),
        **values,
    }


def test_the_list_shows_roles_teams_and_the_production_right(browser, analyst):
    page = browser.get(reverse("people")).content.decode()

    assert "analyst" in page
    assert "Default" in page
    assert "Never signed in" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("q=ops", ["ops"], id="name"),
        pytest.param("role=admin", ["admin"], id="role"),
        pytest.param("role=none", ["plain"], id="no role"),
        pytest.param("state=deactivated", ["gone"], id="state"),
        pytest.param("state=nonsense&team=x", ["admin", "gone", "ops", "plain"], id="nonsense"),
    ],
)
def test_filters(browser, ops, query, expected):
    User.objects.create(username="plain")
    User.objects.create(username="gone", is_active=False).groups.add(Group.objects.get(name="ops"))

    rows = browser.get(f"{reverse('people')}?{query}").context["rows"]

    assert [row.username for row in rows] == expected


def test_the_list_asks_a_fixed_number_of_questions(
    browser, team, django_assert_max_num_queries, django_assert_num_queries
):
    for number in range(30):
        user = User.objects.create(username=f"p{number}")
        Membership.objects.create(team=team, user=user)

    with django_assert_max_num_queries(16):
        browser.get(reverse("people"))


def test_adding_a_person_leads_to_the_page_with_the_link(browser, team):
    answer = browser.post(reverse("person-new"), {**FORM, "teams": [team.pk]}, follow=True)

    user = User.objects.get(username="ana")
    assert roles_of(user) == {Role.ANALYST}
    assert list(user.teams.all()) == [team]
    assert not user.has_usable_password()
    assert "Make a sign-in link" in answer.content.decode()
    entry = AuditEntry.objects.get(action="person.added")
    assert (entry.actor, entry.details["roles"]) == ("admin", ["analyst"])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({"username": "ADMIN"}, "already", id="name in another case"),
        pytest.param({"email": "A@ACME.example"}, "has the address", id="address"),
        pytest.param({"username": "a b"}, "valid username", id="space"),
    ],
)
def test_names_and_addresses_are_given_once(browser, admin, values, words):
    User.objects.filter(pk=admin.pk).update(email="a@acme.example")

    answer = browser.post(reverse("person-new"), {**FORM, **values})

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert User.objects.count() == 1


def test_the_link_sets_a_password_once(browser, client, team):
    browser.post(reverse("person-new"), {**FORM, "teams": [team.pk]})
    user = User.objects.get(username="ana")

    page = browser.post(reverse("person-link", args=[user.pk])).content.decode()
    link = re.search(r"http://testserver(/welcome/[^<\"]+/)", page)
    assert link
    form = client.get(link[1], follow=True)
    place = form.request["PATH_INFO"]
    passwords = {"new_password1": "my own passphrase", "new_password2": "my own passphrase"}
    done = client.post(place, passwords, follow=True)

    assert place.endswith("/set-password/")
    assert "Your password is set" in done.content.decode()
    assert client.login(username="ana", password="my own passphrase", request=done.wsgi_request)
    assert "works no more" in client.get(link[1], follow=True).content.decode()
    entry = AuditEntry.objects.get(action="person.password_set")
    assert (entry.user, entry.object_name) == (user, "Ana Lyst")


def test_a_link_is_not_stored_or_shown_again(browser, analyst):
    page = browser.post(reverse("person-link", args=[analyst.pk])).content.decode()
    token = re.search(r"/welcome/[^/]+/([^/]+)/", page)
    assert token

    later = browser.get(reverse("person", args=[analyst.pk])).content.decode()

    assert token[1] not in later
    assert token[1] not in str(list(AuditEntry.objects.values()))


def test_a_reset_ends_the_old_password_the_sessions_and_the_lock(browser, client_as, analyst):
    old = client_as(analyst)
    for _ in range(5):
        client_as(analyst).post(reverse("sign-in"), {"username": "analyst", "password": "wrong"})

    browser.post(reverse("person-link", args=[analyst.pk]))

    assert old.get(reverse("profile")).status_code == 302
    analyst.refresh_from_db()
    assert not analyst.has_usable_password()


def test_a_deactivated_persons_link_works_no_more(browser, client, analyst):
    page = browser.post(reverse("person-link", args=[analyst.pk])).content.decode()
    link = re.search(r"/welcome/[^<\"]+/", page)
    assert link
    browser.post(reverse("person-state", args=[analyst.pk]), {"to": "deactivated"})

    assert "works no more" in client.get(link[0], follow=True).content.decode()


def test_every_changed_right_is_an_entry_with_before_and_after(browser, analyst):
    values = edited(analyst, roles=["analyst", "ops"], production="on", first_name="Ana")

    browser.post(reverse("person", args=[analyst.pk]), values)

    user = User.objects.get(pk=analyst.pk)
    assert roles_of(user) == {Role.ANALYST, Role.OPS}
    assert may_submit_to_production(user)
    found = {e.action: e.details["changes"] for e in AuditEntry.objects.filter(object_id=user.pk)}
    assert found["person.roles_changed"] == {"roles": [["analyst"], ["analyst", "ops"]]}
    assert found["person.production_right_changed"] == {"production": [False, True]}
    assert found["person.changed"] == {"first_name": ["", "Ana"]}


def test_saving_without_a_change_leaves_no_entry(browser, analyst):
    before = actions()

    browser.post(reverse("person", args=[analyst.pk]), edited(analyst))

    assert actions() == before


def test_a_role_that_is_taken_counts_at_once(browser, client_as, ops):
    other = client_as(ops)
    browser.post(reverse("person", args=[ops.pk]), edited(ops, roles=[]))

    assert other.get(reverse("accounts")).status_code == 403


def test_deactivation_ends_the_sessions(browser, client_as, ops):
    other = client_as(ops)

    browser.post(reverse("person-state", args=[ops.pk]), {"to": "deactivated"})

    assert other.get(reverse("profile")).status_code == 302
    assert "person.deactivated" in actions()


def test_the_last_admin_stays(admin, team):
    command = Origin(actor="command line")
    with pytest.raises(PeopleProblem, match="last active admin"):
        deactivate(admin, by=command)
    with pytest.raises(PeopleProblem, match="last active admin"):
        change_person(admin, PersonValues(admin.username), by=command)

    admin.refresh_from_db()
    assert admin.is_active
    assert Role.ADMIN in roles_of(admin)


def test_an_inactive_admin_does_not_count(admin, analyst):
    analyst.groups.set([Group.objects.get(name="admin")])
    analyst.is_active = False
    analyst.save()

    with pytest.raises(PeopleProblem, match="last active admin"):
        deactivate(admin, by=Origin())


def test_an_admin_may_go_when_another_is_there(browser, analyst, admin):
    analyst.groups.add(Group.objects.get(name="admin"))

    browser.post(reverse("person", args=[analyst.pk]), edited(analyst, roles=["analyst"]))

    assert roles_of(User.objects.get(pk=analyst.pk)) == {Role.ANALYST}


@pytest.mark.parametrize("way", ["role", "state"])
def test_nobody_removes_themselves(browser, admin, analyst, way):
    analyst.groups.add(Group.objects.get(name="admin"))
    if way == "role":
        page = browser.post(reverse("person", args=[admin.pk]), edited(admin, roles=[]))
    else:
        place = reverse("person-state", args=[admin.pk])
        page = browser.post(place, {"to": "deactivated"}, follow=True)

    assert "Ask another admin" in page.content.decode().replace("&#x27;", "'")
    admin.refresh_from_db()
    assert admin.is_active
    assert Role.ADMIN in roles_of(User.objects.get(pk=admin.pk))


# --- teams ---------------------------------------------------------------------------------------


def test_a_team_is_added_renamed_and_deleted(browser):
    browser.post(reverse("teams"), {"name": "Payments"})
    team = Team.objects.get(name="Payments")
    browser.post(reverse("team", args=[team.pk]), {"name": "Money"})
    browser.post(reverse("team-delete", args=[team.pk]))

    assert not Team.objects.filter(name="Money").exists()
    assert actions()[-3:] == ["team.added", "team.renamed", "team.deleted"]


def test_a_team_with_belongings_stays_and_says_why(browser, team, credential):
    Team.objects.create(name="Second")

    page = browser.post(reverse("team-delete", args=[team.pk]), follow=True).content.decode()

    assert "it has 1 credential." in page
    assert Team.objects.filter(pk=team.pk).exists()


def test_the_last_team_stays(browser, team):
    page = browser.post(reverse("team-delete", args=[team.pk]), follow=True).content.decode()

    assert "last team" in page


def test_team_names_are_given_once(browser, team):
    answer = browser.post(reverse("teams"), {"name": "DEFAULT"})

    assert answer.status_code == 422


def test_members_come_and_go(browser, stranger, team):
    browser.post(reverse("team-add", args=[team.pk]), {"person": stranger.pk})
    assert stranger.teams.filter(pk=team.pk).exists()

    browser.post(reverse("team-member-remove", args=[team.pk, stranger.pk]))

    assert not stranger.teams.filter(pk=team.pk).exists()
    assert actions()[-2:] == ["team.member_added", "team.member_removed"]


def test_membership_opens_and_closes_a_teams_credential(client_as, admin, credential, team):
    other = client_as(admin)
    place = reverse("credential", args=[credential.pk])
    admin.teams.clear()
    assert other.get(place).status_code == 404

    Membership.objects.create(team=team, user=admin)

    assert other.get(place).status_code == 200
