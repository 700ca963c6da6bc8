"""What a merchant's people are told of their proceeds, withdrawals and where those go.

The comment of each kind says what it is about (`cause`) and which details it has: all of them text,
amounts as plain decimals with their `currency` beside them.
"""

from django.utils.translation import gettext_lazy as _

from credit import masks
from credit.withdrawal_failures import TRANSLATED
from notices.details import Details, amount, phrase, words
from notices.kinds import Group, Kind, Link, Text

PROCEEDS = Group("proceeds", _("Proceeds"))


def destination(name: str, details: Details) -> str:
    """What is shown of the number of a destination: the detail `name` has its kind, and others what
    is known of the number.
    """
    return masks.shown(details[name], masked=details["masked"], last_four=details["last_four"])


# Cause: the withdrawal. Details: reference, amount, currency, and of its destination the kind
# (`destination`), masked and last_four.
WITHDRAWAL_DONE = Kind(
    code="WITHDRAWAL_DONE",
    label=_("A withdrawal was paid"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("Your withdrawal was paid"),
            _("Withdrawal %(reference)s of %(amount)s to %(destination)s was paid."),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination},
)
# As WITHDRAWAL_DONE, and reason (the bank's, or one of credit.withdrawal_failures).
WITHDRAWAL_FAILED = Kind(
    code="WITHDRAWAL_FAILED",
    label=_("A withdrawal failed"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("Your withdrawal failed"),
            _(
                "Withdrawal %(reference)s of %(amount)s to %(destination)s failed, and went back"
                " to your proceeds: %(reason)s"
            ),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination, "reason": phrase(TRANSLATED)},
)
# As WITHDRAWAL_FAILED.
WITHDRAWAL_SENT_BACK = Kind(
    code="WITHDRAWAL_SENT_BACK",
    label=_("A paid withdrawal was sent back by the bank"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("The bank sent a withdrawal back"),
            _(
                "Withdrawal %(reference)s to %(destination)s had been paid, and the bank sent"
                " %(amount)s back. It is in your proceeds again; the fee is kept. Reason:"
                " %(reason)s"
            ),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination, "reason": phrase(TRANSLATED)},
)
# As WITHDRAWAL_DONE.
WITHDRAWAL_CORRECTED = Kind(
    code="WITHDRAWAL_CORRECTED",
    label=_("A withdrawal that failed was paid after all"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("A withdrawal was paid after all"),
            _(
                "Withdrawal %(reference)s to %(destination)s did not fail: the bank paid"
                " %(amount)s. What had come back to your proceeds for it was taken again."
            ),
        )
    },
    link=Link("credit:withdrawal", _("Open the withdrawal"), {"reference": "reference"}),
    shows={"amount": amount, "destination": destination},
)
# Cause: the correction's id. Details: status (ADDED or TAKEN), amount, proceeds (after it),
# currency, answer.
PROCEEDS_CORRECTED = Kind(
    code="PROCEEDS_CORRECTED",
    label=_("Your proceeds were corrected"),
    group=PROCEEDS,
    texts={
        "ADDED": Text(
            _("%(amount)s was added to your proceeds"),
            _(
                "We corrected your proceeds: %(amount)s was added, and they stand at %(proceeds)s."
                " %(answer)s"
            ),
        ),
        "TAKEN": Text(
            _("%(amount)s was taken from your proceeds"),
            _(
                "We corrected your proceeds: %(amount)s was taken, and they stand at %(proceeds)s."
                " %(answer)s"
            ),
        ),
    },
    link=Link("credit:proceeds_entries", _("See your proceeds")),
    shows={"amount": amount, "proceeds": amount, "answer": words},
)
FILLED_IN = "FILLED_IN"
# Cause: the destination's id, with what was filled in later. Details: status (FILLED_IN, or none
# for a new one), destination, masked and last_four, by (who added it).
DESTINATION_ADDED = Kind(
    code="DESTINATION_ADDED",
    label=_("A payout destination was added"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("A payout destination was added"),
            _(
                "%(by)s added %(destination)s as a destination for withdrawals. It can be used"
                " 24 hours later. If you don't know of this, remove it and tell us at once."
            ),
        ),
        FILLED_IN: Text(
            _("Details of a payout destination were added"),
            _(
                "%(by)s added details of %(destination)s that were missing, such as the BIC of the"
                " bank. If you don't know of this, remove it and tell us at once."
            ),
        ),
    },
    link=Link("credit:destinations", _("See your destinations")),
    shows={"destination": destination},
    owners_always=True,
    owners_hint=_(
        "We always write to owners about a new destination for withdrawals: it may not be theirs."
    ),
)
# Cause: the destination's id. Details: destination, masked and last_four, reason (what was written
# for the merchant).
DESTINATION_BLOCKED = Kind(
    code="DESTINATION_BLOCKED",
    label=_("A payout destination was blocked"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("We blocked a payout destination"),
            _(
                "Nothing is sent to %(destination)s any more, and what had not been sent is back"
                " in your proceeds. Reason: %(reason)s"
            ),
        )
    },
    link=Link("credit:destinations", _("See your destinations")),
    shows={"destination": destination},
    owners_always=True,
)
# Cause: the schedule's id. Details: destination, masked and last_four, by (who set it up).
AUTOMATIC_SET_UP = Kind(
    code="AUTOMATIC_SET_UP",
    label=_("Automatic withdrawals were set up"),
    group=PROCEEDS,
    texts={
        "": Text(
            _("Automatic withdrawals were set up"),
            _(
                "%(by)s set up automatic withdrawals to %(destination)s. They start 24 hours"
                " later. If you don't know of this, stop them and tell us at once."
            ),
        )
    },
    link=Link("credit:automatic", _("See your automatic withdrawals")),
    shows={"destination": destination},
    owners_always=True,
)

# In the order in which people find them where they choose their e-mails.
KINDS = (
    WITHDRAWAL_DONE,
    WITHDRAWAL_FAILED,
    WITHDRAWAL_SENT_BACK,
    WITHDRAWAL_CORRECTED,
    PROCEEDS_CORRECTED,
    DESTINATION_ADDED,
    DESTINATION_BLOCKED,
    AUTOMATIC_SET_UP,
)
