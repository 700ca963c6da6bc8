"""What a merchant's people are told of what they asked for: thresholds, questions and credits.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _

from billing.notices.group import BILLING
from notices.details import amount, words
from notices.kinds import Kind, Link, Text

# Cause: the request's id. Details: status, answer, threshold, currency.
THRESHOLD_ANSWERED = Kind(
    code="THRESHOLD_ANSWERED",
    label=_("A threshold request was answered"),
    group=BILLING,
    texts={
        "APPROVED": Text(
            _("Your threshold was raised"),
            _("Your billing threshold is now %(threshold)s. %(answer)s"),
        ),
        "REJECTED": Text(
            _("Your threshold stays as it is"),
            _("Your billing threshold stays at %(threshold)s. %(answer)s"),
        ),
    },
    link=Link("billing:threshold_requests", _("See the answer")),
    shows={"threshold": amount, "answer": words},
)
# Cause: the question's id. Details: answer.
QUESTION_ANSWERED = Kind(
    code="BILLING_ANSWERED",
    label=_("A question about your bills was answered"),
    group=BILLING,
    texts={"": Text(_("Your question was answered"), _("Our answer: %(answer)s"))},
    link=Link("billing:questions", _("See the answer")),
    shows={"answer": words},
)
# Cause: the credit's id. Details: status, answer, amount, currency.
CREDIT_ANSWERED = Kind(
    code="CREDIT_ANSWERED",
    label=_("A credit was decided"),
    group=BILLING,
    texts={
        "APPROVED": Text(
            _("A credit was approved"),
            _("You get a credit of %(amount)s. %(answer)s"),
        ),
        "REJECTED": Text(
            _("A credit was not approved"),
            _("You asked for a credit of %(amount)s and it was not approved: %(answer)s"),
        ),
    },
    link=Link("billing:credits", _("See your credits")),
    shows={"amount": amount, "answer": words},
)
# As CREDIT_ANSWERED, without status.
CREDIT_UNDONE = Kind(
    code="CREDIT_UNDONE",
    label=_("A credit was taken back"),
    group=BILLING,
    texts={
        "": Text(
            _("A credit was taken back"),
            _(
                "A credit of %(amount)s had been given by mistake. It is taken back by a charge"
                " that comes with your next bill. %(answer)s"
            ),
        ),
    },
    link=Link("billing:credits", _("See your credits")),
    shows={"amount": amount, "answer": words},
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    THRESHOLD_ANSWERED,
    QUESTION_ANSWERED,
    CREDIT_ANSWERED,
    CREDIT_UNDONE,
)
