"""The list of drafts, and drafts as a whole."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from flowsite.drafts.models import Draft
from flowsite.drafts.services import delete_draft
from tests.wizard.conftest import text_of


def test_the_list_tells_where_each_was_left(browser, make_draft):
    make_draft(name="Orders <b>", account={"source": "square"})

    page = text_of(browser.get(reverse("drafts")))

    assert "Orders &lt;b&gt;" in page
    assert "Square" in page
    assert "Account" in page
    assert "analyst" in page


def test_the_search_finds_by_name(browser, make_draft):
    make_draft(name="Orders")
    make_draft(name="Refunds")

    page = text_of(browser.get(reverse("drafts"), {"q": "refu"}))

    assert "Refunds" in page
    assert "Orders" not in page


def test_no_drafts_points_to_the_catalogue(browser):
    assert reverse("catalog") in text_of(browser.get(reverse("drafts")))


def test_resuming_goes_where_it_was_left(browser, make_draft):
    draft = make_draft()
    Draft.objects.filter(pk=draft.pk).update(step="mapping")

    response = browser.get(reverse("draft-resume", args=[draft.pk]))

    assert response["Location"] == reverse("draft-step", args=[draft.pk, "mapping"])


def test_deleting_offers_undo(browser, make_draft):
    draft = make_draft(name="Orders")

    response = browser.post(reverse("draft-delete", args=[draft.pk]), follow=True)

    assert "“Orders” is deleted." in text_of(response)
    assert browser.get(reverse("draft-resume", args=[draft.pk])).status_code == 404
    browser.post(reverse("draft-restore", args=[draft.pk]))
    assert Draft.objects.get().deleted_at is None


def test_undo_is_not_offered_to_strangers(make_draft, stranger, client_as):
    draft = make_draft(name="Orders")
    delete_draft(draft)

    page = text_of(client_as(stranger).get(reverse("drafts"), {"removed": draft.pk}))

    assert "Orders" not in page


def test_cloning_opens_the_copy(browser, make_draft):
    draft = make_draft(name="Orders")

    response = browser.post(reverse("draft-clone", args=[draft.pk]))

    clone = Draft.objects.exclude(pk=draft.pk).get()
    assert clone.name == "Orders (copy)"
    assert f"/drafts/{clone.pk}/" in response["Location"]


def test_renaming(browser, make_draft):
    draft = make_draft(name="Orders")
    url = reverse("draft-rename", args=[draft.pk])

    assert browser.post(url, {"name": " Refunds "}).status_code == 302
    draft.refresh_from_db()
    assert draft.name == "Refunds"
    for name in ("", "  ", "x" * 300, "a\nb"):
        response = browser.post(url, {"name": name})
        assert response.status_code == 422
        assert 'aria-invalid="true"' in text_of(response)


def test_the_export_comes_back_as_the_same(browser, make_draft):
    draft = make_draft(name="Orders", account={"source": "square", "name": "Stores"})

    response = browser.get(reverse("draft-export", args=[draft.pk]))

    assert response["Content-Disposition"] == 'attachment; filename="orders.yaml"'
    upload = SimpleUploadedFile("orders.yaml", response.content)
    back = browser.post(reverse("draft-import"), {"file": upload})
    new = Draft.objects.exclude(pk=draft.pk).get()
    assert back["Location"].startswith(f"/drafts/{new.pk}/")
    assert new.definition == draft.definition


def test_a_bad_file_is_explained_and_the_text_stays(browser):
    for text, words in (
        ("version: 1\nshedule: {}", "shedule"),
        ("", "block of keys"),
        ("version: 2", "version"),
        ("a: [", "Line 1"),
        ("version: 1\nname: " + "x" * 1_000_001, "too long"),
    ):
        response = browser.post(reverse("draft-import"), {"text": text})
        assert response.status_code == 422, text[:20]
        assert words in text_of(response)
    assert not Draft.objects.exists()


def test_a_binary_upload_is_no_crash(browser):
    upload = SimpleUploadedFile("x.yaml", b"\xff\xfe\x00\x01" * 100)

    assert browser.post(reverse("draft-import"), {"file": upload}).status_code == 422
