"""What a merchant's people are told of their orders.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from notices.details import amount, day, phrase, words
from notices.kinds import Group, Kind, Link, Text

ORDERS = Group("orders", _("Orders"))
# Codes within a sentence.
DECLINES: dict[str, StrOrPromise] = {
    "account_closed": _("the account was closed"),
    "line_frozen": _("the credit line was frozen"),
    "buyer_risk": _("the buyer's risk was too high"),
    "insufficient_credit": _("the limit was not enough"),
}

# Cause: the order. Details: order, amount, currency, code (of the decline).
ORDER_DECLINED = Kind(
    code="ORDER_DECLINED",
    label=_("An order was declined"),
    group=ORDERS,
    texts={
        "": Text(
            _("Order %(order)s was declined"),
            _("Order %(order)s for %(amount)s was declined: %(code)s."),
        )
    },
    link=Link("credit:order", _("Open the order"), {"reference": "order"}),
    shows={"amount": amount, "code": phrase(DECLINES)},
    is_automatic=True,
)
# Cause: the order and a due date. Details: order, due (all that was due by then), currency, due_on.
ORDER_OVERDUE = Kind(
    code="ORDER_OVERDUE",
    label=_("An order is overdue"),
    group=ORDERS,
    texts={
        "": Text(
            _("Order %(order)s is overdue"),
            _(
                "A payment for order %(order)s was due on %(due_on)s; %(due)s was due by then and"
                " is not paid yet."
            ),
        )
    },
    link=Link("credit:order", _("Open the order"), {"reference": "order"}),
    shows={"due": amount, "due_on": day},
    is_automatic=True,
)
# Cause: the order. Details: order, amount, limit (after it), currency, answer.
ORDER_WRITTEN_OFF = Kind(
    code="ORDER_WRITTEN_OFF",
    label=_("An order was written off"),
    group=ORDERS,
    texts={
        "": Text(
            _("Order %(order)s was written off"),
            _(
                "%(amount)s of order %(order)s was written off. It holds nothing of your limit any"
                " more, which is %(limit)s now. What the buyer still pays is yours. %(answer)s"
            ),
        )
    },
    link=Link("credit:order", _("Open the order"), {"reference": "order"}),
    shows={"amount": amount, "limit": amount, "answer": words},
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    ORDER_DECLINED,
    ORDER_OVERDUE,
    ORDER_WRITTEN_OFF,
)
