"""People of a merchant, and the job that writes to them."""

from datetime import datetime

from django.core import mail

from config.timetable import TIMETABLE
from merchants.models import User
from notices import kinds
from notices.operations import notices
from tests import shops
from tests.factories import MembershipFactory, UserFactory
from tests.shops import Shop, instant

NOW = instant("2026-11-02 10:00")
NEXT_RUN = instant("2026-11-02 10:05")


def join(reference: str = "rosewood", **terms: str) -> Shop:
    """A shop that has just joined, on these terms."""
    return shops.join("2026-11-01 10:00", reference, **terms)


def person(shop: Shop, email: str, role: str = "FINANCE", **fields: object) -> User:
    """A member of the shop with this address, who may belong to other shops already."""
    known = User.objects.filter(email=email).first()
    user = known or UserFactory.create(email=email, **fields)
    MembershipFactory.create(user=user, merchant=shop.merchant, role=role)
    return user


def notify(shop: Shop, kind: str = "FREEZE_PLACED", cause: str = "1", at: str = "09:00") -> None:
    """Write a notice of this kind, at this time of 2 Nov 2026, UTC."""
    declared = kinds.get(kind)
    assert declared is not None
    notices.write(
        merchant_id=shop.merchant.pk,
        kind=declared,
        cause=cause,
        at=instant(f"2026-11-02 {at}"),
        reason="OVERDUE",
        destination="BANK_CARD",
        masked="",
        last_four="6789",
        by="a@silk.example",
    )


def run(now: datetime = NOW) -> None:
    """Run the job that sends mails, as the timetable does."""
    (job,) = (job for job in TIMETABLE if job.name == "notice-mails")
    job.run_here(now)


def readers() -> list[str]:
    """The addresses to which mails went."""
    return sorted(address for message in mail.outbox for address in message.to)


# --- to whom ----------------------------------------------------------------------------------
