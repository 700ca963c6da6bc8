"""A merchant's staff complete its profile; an operator confirms what is there."""

from datetime import datetime

import pytest

from lib.refusals import AlreadyDecided, Invalid
from merchants.models import Profile, ProfilePart, ProfileStep
from merchants.operations import profiles
from merchants.operations.profiles import Document
from tests import shops
from tests.factories import ProfileFactory
from tests.shops import Shop, instant
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-02 10:00")
LATER = instant("2026-11-03 09:00")
OWNER = "owner@silk.example"
OFFICER = "officer@tael.example"
FIELDS = {
    "licence_number": "0105-5512-34567",
    "contact_name": "สมชาย ใจดี",
    "contact_email": "hello@silk.example",
    "contact_phone": "+66 2 123 4567",
}
PDF = Document("licence.pdf", b"%PDF-1.7 ...")
LICENCE, CONTACTS = ProfilePart.LICENCE, ProfilePart.CONTACTS


@pytest.fixture
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


def complete(
    shop: Shop, document: Document | None = None, at: datetime = NOW, /, **fields: str
) -> Profile:
    """Fill in these fields of the profile, in the owner's name."""
    return ProfileFactory.create(shop=shop, at=at, fields=fields, document=document, actor=OWNER)


def confirm(shop: Shop, part: ProfilePart = LICENCE, *, seen: datetime | None = None) -> Profile:
    """Confirm a part of the profile, as an operator has seen it."""
    return profiles.confirm(
        merchant_id=shop.merchant.pk, part=part, actor=OFFICER, now=LATER, seen=seen
    )


def reject(shop: Shop, *, seen: datetime | None = None, reason: str = "It has expired.") -> Profile:
    """Reject the licence, as an operator has seen it."""
    return profiles.reject(
        merchant_id=shop.merchant.pk,
        part=LICENCE,
        told=reason,
        reason=reason,
        actor=OFFICER,
        now=LATER,
        seen=seen,
    )


def test_what_staff_write_is_kept_with_who_and_when(shop: Shop) -> None:
    complete(shop, PDF, **{**FIELDS, "contact_name": "  สมชาย ใจดี "})
    profile = Profile.objects.get()
    assert {name: getattr(profile, name) for name in FIELDS} == FIELDS
    assert profiles.read_document(profile) == b"%PDF-1.7 ..."
    assert profile.licence_document_name == "licence.pdf"
    assert (profile.changed_by, profile.changed_at) == (OWNER, NOW)


def test_fields_come_one_by_one_and_can_be_emptied(shop: Shop) -> None:
    complete(shop, licence_number="1")
    complete(shop, contact_name="Somchai", contact_phone="02-123-456")
    complete(shop, contact_phone="")
    profile = Profile.objects.get()
    assert (profile.licence_number, profile.contact_name, profile.contact_phone) == (
        "1",
        "Somchai",
        "",
    )


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    some(
        [
            ("licence_number", "x" * 101, "must not be longer than 100 characters"),
            ("contact_name", "a\nb", "must be one line of printable text"),
            ("contact_name", "a\0b", "must be one line of printable text"),
            ("contact_email", "hello@", "'hello@' is not an e-mail address"),
            ("contact_phone", "call me", "'call me' is not a telephone number"),
            ("licence_standing", "CONFIRMED", "is no field of a profile"),
            ("merchant_id", "1", "is no field of a profile"),
        ],
        4,
    ),
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_field(
    shop: Shop, field: str, value: str, problem: str
) -> None:
    complete(shop, PDF, **FIELDS)
    with nothing_changes(), pytest.raises(Invalid) as refusal:
        complete(shop, None, LATER, **{"licence_number": "other", field: value})
    assert (refusal.value.field, str(refusal.value)) == (field, f"{field}: {problem}")


# --- the document -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "kept_as"),
    [
        ("licence.pdf", b"%PDF-1.4", "licence.pdf"),
        ("scan.PNG", b"\x89PNG\r\n\x1a\n....", "scan.PNG"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0", "photo.jpeg"),
        *full(
            ("licence.exe", b"%PDF-1.4", "licence.exe.pdf"),
            ("C:\\fakepath\\ใบอนุญาต.pdf", b"%PDF-1.4", "ใบอนุญาต.pdf"),
            ("../../etc/passwd", b"\xff\xd8\xff\xe0", "passwd.jpg"),
            ("", b"%PDF-1.4", "licence.pdf"),
            ("x" * 300 + ".pdf", b"%PDF-1.4", "x" * 195 + "….pdf"),
        ),
    ],
)
def test_a_document_is_known_by_what_it_starts_with(
    shop: Shop, name: str, content: bytes, kept_as: str
) -> None:
    profile = complete(shop, Document(name, content))
    profile.refresh_from_db()
    assert profile.licence_document_name == kept_as
    assert profiles.read_document(profile) == content


def test_a_name_with_control_characters_is_refused(shop: Shop) -> None:
    complete(shop, PDF, **FIELDS)
    with nothing_changes(), pytest.raises(Invalid, match="licence_document: has a name with"):
        complete(shop, Document("a\r\nb.pdf", b"%PDF-1.4"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<svg onload=alert(1)>", "must be a PDF, PNG or JPEG file"),
        *full(
            (b" %PDF-1.4", "must be a PDF, PNG or JPEG file"),
            (b"GIF89a", "must be a PDF, PNG or JPEG file"),
            (b"%PDF-" + b"0" * (5 * 1024 * 1024 - 4), "must not be larger than 5 MB"),
        ),
    ],
)
def test_other_files_are_refused(shop: Shop, content: bytes, problem: str) -> None:
    complete(shop, PDF, **FIELDS)
    with nothing_changes(), pytest.raises(Invalid, match=f"licence_document: {problem}"):
        complete(shop, Document("licence.pdf", content), licence_number="other")


def test_a_document_of_exactly_5_mb_is_taken(shop: Shop) -> None:
    content = b"%PDF-" + b"0" * (5 * 1024 * 1024 - 5)
    kept = complete(shop, Document("licence.pdf", content))
    assert len(profiles.read_document(kept)) == 5_242_880


# --- confirming and rejecting -----------------------------------------------------------------


def standings() -> tuple[str, str]:
    """How licence and contacts stand."""
    profile = Profile.objects.get()
    return profile.licence_standing, profile.contacts_standing


def test_an_operator_confirms_each_part_once(shop: Shop) -> None:
    complete(shop, PDF, **FIELDS)
    assert standings() == ("WAITING", "WAITING")
    confirm(shop, seen=NOW)
    assert standings() == ("CONFIRMED", "WAITING")
    with nothing_changes(), pytest.raises(AlreadyDecided):
        confirm(shop)
    confirm(shop, CONTACTS)
    assert standings() == ("CONFIRMED", "CONFIRMED")
    told = list(ProfileStep.objects.order_by("id").values_list("part", "standing", "at", "actor"))
    assert told == [
        ("LICENCE", "WAITING", NOW, OWNER),
        ("CONTACTS", "WAITING", NOW, OWNER),
        ("LICENCE", "CONFIRMED", LATER, OFFICER),
        ("CONTACTS", "CONFIRMED", LATER, OFFICER),
    ]


@pytest.mark.parametrize("field", [*FIELDS, "licence_document"])
def test_a_change_takes_the_confirmation_of_its_part_away(shop: Shop, field: str) -> None:
    complete(shop, PDF, **FIELDS)
    confirm(shop)
    confirm(shop, CONTACTS)
    if field == "licence_document":
        complete(shop, Document("licence.pdf", b"%PDF-1.7 other"), LATER)
    else:
        value = "new@silk.example" if field == "contact_email" else "99 99 99 99"
        complete(shop, None, LATER, **{field: value})
    is_licence = field.startswith("licence")
    changed = ("WAITING", "CONFIRMED") if is_licence else ("CONFIRMED", "WAITING")
    assert standings() == changed
    assert Profile.objects.get().changed_at == LATER
    confirm(shop, LICENCE if is_licence else CONTACTS)
    assert standings() == ("CONFIRMED", "CONFIRMED")


def test_what_changes_nothing_stays_confirmed(shop: Shop) -> None:
    complete(shop, PDF, **FIELDS)
    confirm(shop)
    with nothing_changes():
        complete(shop, PDF, LATER, **FIELDS)


def test_a_part_that_is_emptied_has_nothing_to_look_at(shop: Shop) -> None:
    complete(shop, licence_number="1")
    assert standings() == ("WAITING", "")
    complete(shop, licence_number="")
    assert standings() == ("", "")
    with nothing_changes(), pytest.raises(profiles.ProfileIncomplete, match="licence missing"):
        reject(shop)


def test_a_part_is_rejected_with_a_reason_until_it_changes(shop: Shop) -> None:
    complete(shop, PDF, **FIELDS)
    confirm(shop)
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        reject(shop, reason=" ")
    reject(shop)
    assert standings() == ("REJECTED", "WAITING")
    assert ProfileStep.objects.get(standing="REJECTED").reason == "It has expired."
    with nothing_changes(), pytest.raises(AlreadyDecided):
        reject(shop)
    complete(shop, None, LATER, contact_name="Malee")
    assert standings() == ("REJECTED", "WAITING")
    complete(shop, None, LATER, licence_number="L-2")
    assert standings() == ("WAITING", "WAITING")


def test_steps_do_not_go_back_in_time(shop: Shop) -> None:
    complete(shop, PDF, LATER, **FIELDS)
    profiles.confirm(merchant_id=shop.merchant.pk, part=LICENCE, actor=OFFICER, now=NOW)
    assert ProfileStep.objects.get(standing="CONFIRMED").at == LATER


def test_too_little_cannot_be_confirmed(shop: Shop) -> None:
    with (
        nothing_changes(),
        pytest.raises(profiles.ProfileIncomplete, match="licence_number, licence_document missing"),
    ):
        confirm(shop)
    complete(shop, **FIELDS)
    with nothing_changes(), pytest.raises(profiles.ProfileIncomplete, match=": licence_document m"):
        confirm(shop)
    complete(shop, contact_email="")
    with nothing_changes(), pytest.raises(profiles.ProfileIncomplete, match=": contact_email mis"):
        confirm(shop, CONTACTS)


def test_what_changed_since_the_operator_looked_is_not_decided(shop: Shop) -> None:
    complete(shop, PDF, **FIELDS)
    complete(shop, None, LATER, contact_name="Malee")
    for decide in (confirm, reject):
        with nothing_changes(), pytest.raises(profiles.ProfileChanged):
            decide(shop, seen=NOW)
    confirm(shop, seen=LATER)
    assert standings() == ("CONFIRMED", "WAITING")
