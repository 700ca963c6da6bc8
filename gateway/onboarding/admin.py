"""The operators' way to bring in a merchant. It is a credit officer's: it sets a limit."""

from django.conf import settings

from backoffice.decisions import Act, Decision
from gateway.onboarding import operations
from gateway.onboarding.forms import NewMerchant, terms_of
from merchants.admin.merchants import LIST_DECISIONS
from merchants.models import Merchant
from merchants.operations.invitations import open_of


def _add(act: Act) -> Merchant:
    """Take in a merchant as the operator's form says, with a trail row, and invite its first owner
    by e-mail. Raises AlreadyThere, MerchantConflict, OperatorsAddress, Invalid.
    """
    said = act.cleaned_data
    return operations.add(
        reference=said["reference"],
        terms=terms_of(said),
        owner_email=said["owner_email"],
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )


def _done(merchant: Merchant) -> str:
    """The message that the merchant has joined, and whether the invitation of its first owner went
    out.
    """
    if open_of(merchant.pk).exists():
        return f"{merchant} has joined, and its first owner is invited."
    return (
        f"{merchant} has joined. The mail to its first owner could not be sent: have an"
        " administrator invite them from the merchant's page."
    )


ADD = Decision(
    "add",
    "Add a merchant",
    takes_second_factor=True,
    form=NewMerchant,
    effect=lambda row: (
        "The merchant joins today: its credit line and its billing account are opened with these"
        " terms, and a plan with a price is billed at once. Whoever reads the owner's mailbox"
        " becomes its first owner by the link that we send there."
    ),
    initial=lambda row: {
        "payment_days": 10,
        "settlement_days": 7,
        "plan_interval_days": 30,
        "language": settings.LANGUAGE_CODE,
    },
    carry_out=_add,
    done=_done,
)
LIST_DECISIONS.append(ADD)
