"""What a merchant says of itself: owners write it, operators confirm it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from merchants.models import Profile, ProfilePart
from merchants.operations import profiles
from tests import shops
from tests.factories import ProfileFactory, browser_of, member
from tests.shops import Shop, instant
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import full

pytestmark = pytest.mark.django_db

PROFILE = "/m/rosewood/settings/profile/"
DOCUMENT = f"{PROFILE}document/"
PDF = b"%PDF-1.7 a licence"
TOLD = {
    "licence_number": "L-1",
    "contact_name": "Mei",
    "contact_email": "mei@shop.example",
    "contact_phone": "+66 2 123 4567",
}


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-10-01 09:00")


def scan(content: bytes = PDF, name: str = "licence.pdf") -> SimpleUploadedFile:
    """A file to upload."""
    return SimpleUploadedFile(name, content)


def complete(shop: Shop, confirmed: bool = False) -> None:
    """Fill in the shop's profile, and confirm it if told to."""
    ProfileFactory.create(
        shop=shop,
        at="2026-10-02 10:00",
        fields=TOLD,
        document=profiles.Document("licence.pdf", PDF),
        actor="olga@shop.example",
    )
    if confirmed:
        now = instant("2026-10-03 10:00")
        for part in ProfilePart:
            profiles.confirm(merchant_id=shop.merchant.pk, part=part, actor="operator", now=now)


def test_an_owner_tells_of_the_shop_and_uploads_the_licence(shop: Shop) -> None:
    client = browser_of(member(shop, email="olga@shop.example"))
    page = text_of(client.post(PROFILE, {"licence_number": ""}, follow=True))
    assert "Nothing is filled in, so there is nothing for us to confirm yet." in page
    page = text_of(client.post(PROFILE, {**TOLD, "licence_document": scan()}, follow=True))
    assert "The profile is saved" in page
    assert "Licence We are looking at it Changed by olga@shop.example" in page
    assert "not confirmed by us yet. Nothing is left for you to do. Contacts" in page
    profile = Profile.objects.get()
    assert (profile.licence_number, profiles.read_document(profile)) == ("L-1", PDF)
    document = client.get(DOCUMENT)
    assert document.content == PDF
    assert document["Content-Type"] == "application/pdf"
    assert document["Content-Disposition"] == 'attachment; filename="licence.pdf"'


def test_saving_without_a_file_keeps_the_one_there_is(shop: Shop) -> None:
    complete(shop)
    browser_of(member(shop)).post(PROFILE, TOLD | {"contact_name": "Kai"})
    profile = Profile.objects.get()
    assert (profile.contact_name, profiles.read_document(profile)) == ("Kai", PDF)


def test_an_old_page_does_not_overwrite_what_was_saved_meanwhile(shop: Shop) -> None:
    complete(shop)
    browser = browser_of(member(shop))

    def shown() -> str:
        found = re.search('name="version" value="([^"]*)"', browser.get(PROFILE).content.decode())
        assert found
        return found[1]

    version = shown()
    assert version == "2026-10-02T10:00:00+00:00"
    profiles.change_contacts(
        merchant_id=shop.merchant.pk, contact_name="Kai", contact_email="kai@shop.example",
        contact_phone="+66 2 123 4567", actor="boss@tael.example", reason="By telephone.",
        now=instant("2026-10-03 10:00"),
    )  # fmt: skip
    for part in ProfilePart:
        profiles.confirm(
            merchant_id=shop.merchant.pk, part=part, actor="operator",
            now=instant("2026-10-03 11:00"),
        )  # fmt: skip
    typed = TOLD | {"licence_number": "L-2", "version": version}
    with nothing_changes():
        answer = browser.post(PROFILE, typed)
    page = text_of(answer)
    assert "The profile was changed while you were typing." in page
    assert [page.count(f"Saved now: {saved}") for saved in (
        "L-1", "Kai", "kai@shop.example", "+66 2 123 4567"
    )] == [1, 1, 1, 0]  # fmt: skip
    assert 'value="L-2"' in answer.content.decode()
    assert 'value="Mei"' in answer.content.decode()
    # Saved again, it takes its place.
    assert 'name="version" value="2026-10-03T10:00:00+00:00"' in answer.content.decode()
    browser.post(PROFILE, typed | {"version": "2026-10-03T10:00:00+00:00"})
    profile = Profile.objects.get()
    assert (profile.licence_number, profile.contact_name) == ("L-2", "Mei")
    # What is so already is saved however old the page, as by a second press of the button.
    with nothing_changes():
        assert browser.post(PROFILE, typed).status_code == 302


def test_of_two_first_pages_the_second_is_looked_at_again(shop: Shop) -> None:
    browser = browser_of(member(shop))
    assert 'name="version"' in browser.get(PROFILE).content.decode()
    assert browser.post(PROFILE, TOLD | {"version": ""}).status_code == 302
    with nothing_changes():
        page = text_of(browser.post(PROFILE, {"contact_name": "Kai", "version": ""}))
    assert "Saved now: Mei" in page


def test_a_change_must_be_confirmed_again_and_no_change_not(shop: Shop) -> None:
    complete(shop, confirmed=True)
    client = browser_of(member(shop))
    client.post(PROFILE, TOLD)
    page = text_of(client.get(PROFILE))
    assert "Licence Confirmed We have confirmed this on 3 Oct 2026" in page
    assert "Contacts Confirmed We have confirmed this on 3 Oct 2026" in page
    client.post(PROFILE, TOLD | {"licence_number": "L-2"})
    page = text_of(client.get(PROFILE))
    assert "Licence We are looking at it Changed by" in page
    assert "not confirmed by us yet" in page
    assert "Contacts Confirmed We have confirmed this on 3 Oct 2026" in page


def test_an_owner_reads_why_a_part_was_rejected(shop: Shop) -> None:
    complete(shop)
    profiles.reject(
        merchant_id=shop.merchant.pk,
        part=ProfilePart.LICENCE,
        told="The scan is cut off.",
        reason="The scan is cut off.",
        actor="operator",
        now=instant("2026-10-03 10:00"),
    )
    page = text_of(browser_of(member(shop)).get(PROFILE))
    assert "Licence Rejected We have rejected this on 3 Oct 2026" in page
    assert "The scan is cut off." in page
    assert "Contacts We are looking at it Changed by" in page


def test_it_says_what_is_given_what_is_still_needed_and_what_counts(shop: Shop) -> None:
    client = browser_of(member(shop))
    page = text_of(client.get(PROFILE))
    needed = "Still needed: Licence number, Scan of the licence"
    assert f"Licence Not given yet {needed} Contacts Not given yet Still needed: Contact" in page
    client.post(PROFILE, TOLD | {"contact_phone": ""})  # which is optional
    page = text_of(client.get(PROFILE))
    assert "Licence Incomplete Changed by" in page
    assert "Still needed: Scan of the licence Contacts We are looking at it" in page
    assert "Telephone number of the contact (optional)" in page
    complete(shop, confirmed=True)
    page = text_of(client.get(PROFILE))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM (SELECT DISTINCT ON (part) standing FROM"
                       " merchants_profilestep ORDER BY part, at DESC, id DESC) latest"
                       " WHERE standing = 'CONFIRMED'")  # fmt: skip
        (confirmed,) = cursor.fetchone()
    assert confirmed == 2
    assert f"{confirmed} of the 2 parts are confirmed." in page
    content = client.get(PROFILE).content.decode()
    assert 'href="/m/rosewood/credit/raise/#factors"' in content
    assert '<label class="button" for="id_licence_document">Choose a file</label>' in content
    assert "Still needed" not in page


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"contact_email": "nobody"}, "valid e-mail address"),
        ({"contact_phone": "call me"}, "This is not a telephone number"),
        *full(
            ({"licence_document": scan(b"MZ virus")}, "Upload a PDF, PNG or JPEG"),
            ({"licence_document": scan(PDF + b"x" * 5 * 1024 * 1024)}, "larger than 5 MB"),
            ({"licence_document": scan(b"")}, "empty"),
        ),
    ],
)
def test_what_makes_no_sense_is_said_beside_it_and_nothing_is_kept(
    shop: Shop, wrong: dict[str, object], said: str
) -> None:
    response = browser_of(member(shop)).post(PROFILE, {**TOLD, **wrong})
    assert response.status_code == 200
    assert said in text_of(response)
    assert 'value="L-1"' in response.content.decode()
    assert not Profile.objects.exists()


@pytest.mark.parametrize("role", ["FINANCE", *full("VIEWER")])
def test_the_others_read_it_only(shop: Shop, role: str) -> None:
    complete(shop)
    client = browser_of(member(shop, role))
    page = text_of(client.get(PROFILE))
    assert "Licence number L-1" in page
    assert "Only owners change the profile" in page
    assert client.post(PROFILE, {"licence_number": "X"}).status_code == 403
    assert Profile.objects.get().licence_number == "L-1"
    assert client.get(DOCUMENT).status_code == (200 if role == "FINANCE" else 403)


def test_strangers_find_and_change_nothing(shop: Shop) -> None:
    complete(shop)
    other = browser_of(member(shops.join("2026-10-01 09:00", "other")))
    for path in (PROFILE, DOCUMENT):
        assert other.get(path).status_code == 404
        assert other.post(path, TOLD).status_code == 404
        assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
    assert Profile.objects.get().contact_name == "Mei"
    assert other.get("/m/other/settings/profile/document/").status_code == 404
