"""What a merchant's people are told of money that no bill wanted, or that was another's.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _

from billing.notices.group import BILLING
from billing.notices.numbers import invoice_number
from notices.details import amount, words
from notices.kinds import Kind, Link, Text

# Cause: the entry's id. Details: status (its kind, or NEVER_CAME), amount, balance, currency,
# number (of the bill that it paid), reference (the bank's).
UNAPPLIED = Kind(
    code="UNAPPLIED",
    label=_("Unapplied money was received, used or given back"),
    group=BILLING,
    texts={
        "RECEIVED": Text(
            _("We keep %(amount)s for your bills"),
            _(
                "We received %(amount)s that no bill wanted. It pays your bills by itself: unpaid"
                " ones at once, and each later one as it is issued. We keep %(balance)s for you."
            ),
        ),
        "USED": Text(
            _("%(amount)s that we kept went to bill %(number)s"),
            _(
                "%(amount)s of the money that we keep for you went to bill %(number)s; %(balance)s"
                " is left."
            ),
        ),
        "GIVEN_BACK": Text(
            _("We gave %(amount)s back to you"),
            _(
                "We paid back %(amount)s of the money that we keep for you, under the reference"
                " %(reference)s; %(balance)s is left."
            ),
        ),
        "MOVED": Text(
            _("%(amount)s that we kept was not yours"),
            _(
                "%(amount)s that we kept for you had been booked for you by mistake, so we don't"
                " keep it for you any more; %(balance)s is left."
            ),
        ),
        "NEVER_CAME": Text(
            _("%(amount)s that we kept never came"),
            _(
                "%(amount)s that we kept for you had been recorded by mistake and never came, so we"
                " don't keep it for you any more; %(balance)s is left."
            ),
        ),
        "REVERSED": Text(
            _("%(amount)s that we kept was taken back"),
            _(
                "Whoever paid %(amount)s has taken it back, so we don't keep it for you any more;"
                " %(balance)s is left."
            ),
        ),
    },
    link=Link("billing:unapplied", _("See your unapplied money")),
    shows={"number": invoice_number, "amount": amount, "balance": amount},
)
# Cause: the transfer's id. Details: status (RETURNED and RETURNED_AWAY where the bank took the
# money back, NEVER_CAME and NEVER_CAME_AWAY where there was none), reference (the bank's), number
# (of the bill that it named, or empty), amount, charged (what of it is asked for again), currency,
# answer.
TRANSFER_MOVED = Kind(
    code="TRANSFER_MOVED",
    label=_("A transfer was booked elsewhere, was returned or never came"),
    group=BILLING,
    texts={
        "AWAY": Text(
            _("A transfer of %(amount)s was not yours"),
            _(
                "%(amount)s under the reference %(reference)s had been booked for you by mistake."
                " %(charged)s of it comes with your next bill; bills that are paid stay paid."
                " %(answer)s"
            ),
        ),
        "TAKEN": Text(
            _("A transfer of %(amount)s was not yours"),
            _(
                "%(amount)s under the reference %(reference)s had been booked for you by mistake,"
                " and we don't keep it for you any more. Nothing is to be paid for it. %(answer)s"
            ),
        ),
        "NEVER_CAME_AWAY": Text(
            _("A transfer of %(amount)s never came"),
            _(
                "%(amount)s under the reference %(reference)s had been recorded for you by mistake,"
                " and never came. %(charged)s of it comes with your next bill; bills that are paid"
                " stay paid. %(answer)s"
            ),
        ),
        "NEVER_CAME": Text(
            _("A transfer of %(amount)s never came"),
            _(
                "%(amount)s under the reference %(reference)s had been recorded for you by mistake,"
                " and never came, so we don't keep it for you any more. Nothing is to be paid for"
                " it. %(answer)s"
            ),
        ),
        "RETURNED_AWAY": Text(
            _("The bank returned a transfer of %(amount)s"),
            _(
                "%(amount)s that we had received under the reference %(reference)s was returned by"
                " the bank. %(charged)s of it comes with your next bill; bills that are paid stay"
                " paid. %(answer)s"
            ),
        ),
        "RETURNED": Text(
            _("The bank returned a transfer of %(amount)s"),
            _(
                "%(amount)s that we had received under the reference %(reference)s was returned by"
                " the bank, and we don't keep it for you any more. Nothing is to be paid for it."
                " %(answer)s"
            ),
        ),
        "OTHER_INVOICE": Text(
            _("A transfer of %(amount)s was booked on the wrong bill"),
            _(
                "%(amount)s under the reference %(reference)s had been booked on bill %(number)s by"
                " mistake. It pays your unpaid bills now. Bill %(number)s stays paid, and"
                " %(charged)s comes with your next bill. %(answer)s"
            ),
        ),
    },
    link=Link("billing:unapplied", _("See your unapplied money")),
    shows={"number": invoice_number, "amount": amount, "charged": amount, "answer": words},
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    UNAPPLIED,
    TRANSFER_MOVED,
)
