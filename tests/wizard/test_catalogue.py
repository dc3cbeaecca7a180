"""The catalogue of sources."""

from __future__ import annotations

from django.urls import reverse

from flowsite.drafts.models import Draft
from flowsite.people.models import AuditEntry
from tests.wizard.conftest import HTMX, text_of


def test_the_page_is_there_without_aep(browser, down):
    response = browser.get(reverse("catalog"))

    assert response.status_code == 200
    page = text_of(response)
    assert page.count('class="card source-card"') == 65
    assert "Checking what this sandbox offers" in page
    assert reverse("catalog-offered") in page


def test_searching_answers_the_cards_alone(browser):
    response = browser.get(reverse("catalog"), {"q": "no such"}, headers=HTMX)
    found = browser.get(reverse("catalog"), {"q": "PAYP"}, headers=HTMX)

    assert "No source matches" in text_of(response)
    page = text_of(found)
    assert "<html" not in page
    assert page.count('class="card source-card"') == 1
    assert 'value="paypal"' in page


def test_a_category_shows_its_own(browser):
    page = text_of(browser.get(reverse("catalog"), {"category": "Payments"}))

    assert page.count('class="card source-card"') == 3
    assert 'aria-current="true"' in page


def test_what_the_sandbox_offers_marks_the_cards(browser, emulator):
    page = text_of(browser.get(reverse("catalog-offered"), headers=HTMX))

    assert 'hx-swap-oob="true"' in page
    assert "2 accounts" in page
    again = text_of(browser.get(reverse("catalog")))
    assert "Checking what this sandbox offers" not in again


def test_a_source_that_is_not_offered_is_marked(browser, emulator, monkeypatch):
    from flowsite.emulator.flow_service import specs

    known = {key: one for key, one in specs.connection_specs().items() if one["name"] != "square"}
    monkeypatch.setattr(specs, "connection_specs", lambda: known)

    page = text_of(browser.get(reverse("catalog-offered"), {"q": "square"}, headers=HTMX))

    assert "Not offered here" in page


def test_a_dead_aep_is_said_with_a_retry(browser, down):
    page = text_of(browser.get(reverse("catalog-offered"), headers=HTMX))

    assert "What this sandbox offers could not be read" in page
    assert "Try again" in page


def test_choosing_a_source_begins_a_draft(browser, access, analyst):
    response = browser.post(reverse("draft-new"), {"source": "paypal"})

    draft = Draft.objects.get()
    assert response["Location"] == reverse("draft-step", args=[draft.pk, "account"])
    assert draft.definition == {"version": 1, "account": {"source": "paypal"}}
    assert (draft.owner, draft.sandbox, draft.team) == (
        analyst,
        access.sandbox,
        access.credential.team,
    )
    assert AuditEntry.objects.filter(action="draft.created", user=analyst).exists()


def test_recently_used_sources_come_first(browser):
    browser.post(reverse("draft-new"), {"source": "stripe"})

    page = text_of(browser.get(reverse("catalog")))

    assert page.index("Recently used") < page.index(">Payments<")


def test_unknown_and_unbuildable_sources_begin_nothing(browser):
    for source in ("nothing", "", "meta-ads", "<script>"):
        assert browser.post(reverse("draft-new"), {"source": source}).status_code == 404
    assert not Draft.objects.exists()


def test_a_get_begins_nothing(browser):
    assert browser.get(reverse("draft-new"), {"source": "paypal"}).status_code == 405
