"""A kind of notice is declared by its book alone; all that shows notices knows it from there."""

import pytest
from django.core import mail
from django.core.management import call_command

from billing.notices.group import BILLING
from merchants.models import Membership
from notices import kinds
from notices.details import amount
from notices.models import Notice
from notices.operations import notices
from tests import shops
from tests.factories import browser_of, member
from tests.notices import mailing
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

PRICE_ROSE = kinds.Kind(
    code="PRICE_ROSE",
    label="A price went up",
    group=BILLING,
    texts={
        "": kinds.Text("%(fee)s costs more", "%(fee)s costs %(price)s now."),
        "SOON": kinds.Text("%(fee)s will cost more", "%(fee)s will cost %(price)s soon."),
    },
    link=kinds.Link("billing:pricing", "See the prices"),
    shows={"price": amount},
)
SETTINGS = "/m/rosewood/settings/notifications/"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop of an installation in which billing has declared one kind more."""
    monkeypatch.setattr(kinds, "_registered", dict(kinds._registered))
    kinds.register(PRICE_ROSE)
    return shops.join("2026-11-01 10:00")


def notify(shop: Shop, kind: kinds.Kind = PRICE_ROSE, status: str = "") -> bool:
    """Write a notice that a price rose. Returns whether it is new."""
    return notices.write(
        merchant_id=shop.merchant.pk,
        kind=kind,
        cause=f"pick-pack {status}",
        at=shop.at("2026-11-02 09:00"),
        fee="Pick and pack",
        price="3",
        currency="USD",
        status=status,
    )


def test_it_is_written_once_and_read_on_the_page_of_its_topic(shop: Shop) -> None:
    assert [notify(shop), notify(shop), notify(shop, status="SOON")] == [True, False, True]
    assert list(Notice.objects.order_by("pk").values_list("kind", "cause")) == [
        ("PRICE_ROSE", "pick-pack "),
        ("PRICE_ROSE", "pick-pack SOON"),
    ]
    client = browser_of(member(shop))
    page = client.get("/m/rosewood/notices/", {"topic": "billing"})
    assert '<h2><a href="/m/rosewood/billing/pricing/">Pick and pack costs more</a>' in (
        page.content.decode()
    )
    assert "Pick and pack will cost 3.00 USD soon." in text_of(page)
    assert "costs more" not in text_of(client.get("/m/rosewood/notices/", {"topic": "orders"}))
    assert "Pick and pack costs more" in text_of(client.get("/m/rosewood/"))


def test_everybody_chooses_whether_to_get_its_e_mails(shop: Shop) -> None:
    user = mailing.person(shop, "mei@rosewood.example")
    mailing.person(shop, "lin@rosewood.example")
    client = browser_of(user)
    assert "A price went up" in text_of(client.get(SETTINGS))
    listed = {group.code: list(map(str, of)) for group, of in kinds.by_group().items()}
    listed["billing"].remove("PRICE_ROSE")
    client.post(SETTINGS, listed)
    assert Membership.objects.get(user=user).muted == ["PRICE_ROSE"]
    notify(shop)
    mailing.run()
    assert mailing.readers() == ["lin@rosewood.example"]
    (message,) = mail.outbox
    assert message.subject == "Rosewood Dresses: Pick and pack costs more"
    assert "Pick and pack costs 3.00\N{NO-BREAK SPACE}USD now." in message.body
    assert "/m/rosewood/billing/pricing/" in message.body


def test_operators_find_it_under_its_own_name(shop: Shop) -> None:
    notify(shop)
    assert str(Notice.objects.get()).startswith("A price went up #")
    assert ("PRICE_ROSE", "A price went up") in Notice._meta.get_field("kind").flatchoices


def test_it_needs_no_migration(shop: Shop) -> None:
    call_command("makemigrations", "notices", check=True, dry_run=True)


def test_a_code_is_taken_once_and_only_registered_kinds_are_written(shop: Shop) -> None:
    with pytest.raises(ValueError, match="PRICE_ROSE is taken"):
        kinds.register(PRICE_ROSE)
    unknown = kinds.Kind(code="UNKNOWN", label="Unknown", group=BILLING, texts={})
    with pytest.raises(LookupError):
        notify(shop, unknown)
    assert not Notice.objects.exists()


def test_a_row_of_a_kind_that_is_gone_is_shown_by_its_code(shop: Shop) -> None:
    Notice.objects.create(
        merchant=shop.merchant, kind="GONE", cause="1", at=shop.at("2026-11-02 09:00")
    )
    assert "GONE" in text_of(browser_of(member(shop)).get("/m/rosewood/notices/"))
