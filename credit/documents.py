"""The statement of a withdrawal as PDF (rule 10.26): which sales it paid out."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from credit.models import Withdrawal
from credit.queries.paid_out import Receipt
from lib.formats import count, day_text, figure, instant_text, plain_money
from lib.formats import zone as zone_text
from lib.typesetting import Paper, Words, typeset
from merchants.documents import as_merchant_reads
from merchants.queries import local_day

# It lists no more receipts than this, which bounds time and memory; the CSV has them all.
LISTED = 2_000

TONES = {"PAID": "good"} | dict.fromkeys(
    ["REJECTED", "CANCELLED", "FAILED", "RETURNED_BY_BANK"], "bad"
)


def withdrawal_statement(
    withdrawal: Withdrawal, receipts: Sequence[Receipt], *, now: datetime
) -> bytes:
    """The PDF of what the withdrawal and its fee were made of, in the language of the merchant's
    documents. `receipts` are all of them, as paid_out.of_withdrawal gives them, of which the first
    LISTED are listed; the withdrawal's status is that of `now`, which the document names.
    """
    line = withdrawal.line
    merchant, today = line.merchant, local_day(line, now)

    def write(words: Words) -> Paper:
        """The document's data for the template, in the language in force."""
        reference = words.shown(withdrawal.reference)
        as_of = _("Withdrawal %(reference)s, as of %(instant)s")
        said = {"reference": reference, "instant": instant_text(now)}
        return {
            "title": _("Statement of withdrawal %(reference)s") % {"reference": reference},
            "heading": _("Withdrawal statement"),
            "currency": withdrawal.currency,
            "status": {
                "label": str(withdrawal.get_status_display()),
                "tone": TONES.get(withdrawal.status, "info"),
                "stamp": "",
            },
            "issuer": [words.shown(line) for line in settings.TAEL_ISSUER],
            **words.made_out_to(_("For"), merchant.name, merchant.reference),
            "facts": _facts(withdrawal, reference, words),
            "headline": [figure(withdrawal.total), _("from your proceeds, fee included")],
            "explained": _(
                "What matures first is paid out first. Amounts are those of the time at"
                " which the withdrawal was requested, less what had been refunded by"
                " then."
            ),
            "warning": _came_back(withdrawal),
            **_made_of(withdrawal, receipts, words),
            "footer": f"{as_of % said} · {zone_text(merchant.timezone, today)}",
            "page": _("Page {page} of {pages}"),
        }

    with as_merchant_reads(merchant):
        return typeset("withdrawal", merchant.language, write, made_at=now)


def _facts(withdrawal: Withdrawal, reference: str, words: Words) -> list[list[str]]:
    """The rows of the document's head, each as [label, text]: reference, when it was requested,
    destination, holder, amount and fee; if the bank paid it, also if it came back since, when that
    was recorded; and the bank's reference, if there is one.
    """
    facts = [
        [_("Withdrawal"), reference],
        [pgettext("time", "Requested"), instant_text(withdrawal.requested_at)],
        [_("To"), words.shown(str(withdrawal.destination))],
        [_("Holder"), words.shown(withdrawal.destination.holder)],
        [_("Arrives"), plain_money(withdrawal.amount)],
        [pgettext("withdrawal", "Fee"), plain_money(withdrawal.fee)],
    ]
    if withdrawal.paid_at:
        facts.append([pgettext("withdrawal", "Paid"), instant_text(withdrawal.paid_at)])
    if withdrawal.provider_reference:
        bank = words.shown(withdrawal.provider_reference)
        facts.append([_("Reference of the bank"), bank])
    return facts


def _came_back(withdrawal: Withdrawal) -> str:
    """The sentence that the withdrawal came back to the proceeds, and whether its fee did; empty if
    it did not come back.
    """
    if not withdrawal.came_back:
        return ""
    if withdrawal.is_sent_back:
        return _(
            "This withdrawal came back to your proceeds without its fee: its amount can be"
            " withdrawn again."
        )
    return _(
        "This withdrawal came back to your proceeds: what it was made of can be withdrawn again."
    )


def _made_of(withdrawal: Withdrawal, receipts: Sequence[Receipt], words: Words) -> Paper:
    """The template's table of receipts: heading, columns, the first LISTED receipts, the
    withdrawal's total, and a note that the CSV has all if there are more.
    """
    cut = ""
    if len(receipts) > LISTED:
        cut = _("The first %(listed)s are listed here; the CSV has all %(all)s.") % {
            "listed": count(LISTED),
            "all": count(len(receipts)),
        }
    return {
        "made_of": _("What it is made of"),
        "note": cut,
        "columns": [
            *(_("What"), _("Order"), _("When"), _("Maturing day"), _("Amount")),
            _("Paid out by it"),
        ],
        "receipts": [
            [
                one.label,
                words.shown(one.order),
                instant_text(one.at),
                day_text(one.matures_on),
                figure(one.amount),
                figure(one.part),
            ]
            for one in receipts[:LISTED]
        ],
        "total": [_("Total"), figure(withdrawal.total)],
    }
