"""The admin pages of withdrawals, destinations and schedules: approving, files to and from the
bank, and outcomes that operators record.
"""

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from backoffice.columns import amount, figure, related
from backoffice.decisions import (
    Act,
    Call,
    ConfirmForm,
    Decision,
    Download,
    Report,
    Telling,
)
from backoffice.filters import of_currency, waiting
from backoffice.list_pages import OfMerchant
from backoffice.several import DecidingSeveral
from credit.admin import shown
from credit.admin.forms import BankAnswers, BankFile, FoundPaid, MarkedPaid
from credit.admin.shown import AboutLine
from credit.models import PayoutDestination, PayoutRun, PayoutSchedule, Withdrawal
from credit.operations import (
    destinations_blocked,
    payout_answers,
    payout_files,
    payouts,
    withdrawals,
    withdrawals_undone,
)
from credit.queries import waiting as queues
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("line__merchant")


@admin.register(PayoutDestination)
class PayoutDestinationAdmin(AboutLine, OfMerchant):
    """The admin page of destinations. It never shows their numbers: that field is not editable, so
    the admin leaves it out.
    """

    merchant = "line__merchant"
    reference = "last_four"
    list_display = (
        *("__str__", MERCHANT, "holder", "bank", "country", "routing", "bic"),
        *("account_type", "added_at", "added_by", "removed_at", "blocked_at"),
    )
    list_filter = ("kind", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("line__merchant",)
    decisions = (
        Decision(
            "block",
            "Block",
            form=Telling,
            effect=lambda destination: (
                f"Nothing is sent to {destination} of {destination.holder} from now on: withdrawals"
                " that were not sent are rejected and come back with their fees, automatic ones"
                " end, and the merchant cannot add the same number again. What was sent goes on."
            ),
            shown=lambda destination: {
                "Removed": destination.is_removed,
                "Blocked": destination.is_blocked,
            },
            carry_out=Call(destinations_blocked.block, "destination_id"),
            done="The destination is blocked.",
            is_open=lambda destination: not destination.is_blocked,
        ),
    )


@admin.register(PayoutSchedule)
class PayoutScheduleAdmin(OfMerchant):
    dated = "set_up_at"
    merchant = "line__merchant"
    reference = ""
    list_display = (
        *("__str__", MERCHANT, "every", "weekday", amount("from_amount"), "destination"),
        *("usable_from", "next_on", "set_up_by", "ended_at"),
    )
    list_filter = ("every", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("line__merchant", "destination")


@admin.register(PayoutRun)
class PayoutRunAdmin(OfMerchant):
    merchant = "rule__line__merchant"
    reference = ""
    list_display = (
        *("__str__", related("rule__line__merchant"), "outcome"),
        *(amount("available"), "withdrawal", "at"),
    )
    list_filter = ("outcome",)
    list_select_related = ("rule__line__merchant", "withdrawal")


def _what(withdrawal: Withdrawal) -> str:
    """The sentence about a withdrawal: its amount, fee and destination, and who asked for it."""
    return (
        f"{figure(withdrawal.amount)} and a fee of {figure(withdrawal.fee)} to"
        f" {withdrawal.destination}, asked for by {withdrawal.requested_by}."
    )


def _approve_effect(withdrawal: Withdrawal) -> str:
    """What operators read before they approve a withdrawal: what it is, and that somebody else has
    to send it.
    """
    return f"{_what(withdrawal)} Somebody else than you has to send it."


def _paid_effect(withdrawal: Withdrawal) -> str:
    """What operators read before they mark a withdrawal as paid: what it is, and that it counts as
    paid out and the merchant is told.
    """
    return f"{_what(withdrawal)} It counts as paid out; the merchant is told."


def _returned_effect(withdrawal: Withdrawal) -> str:
    """What operators read before they reject a withdrawal or mark it as failed: what it is, and
    that amount and fee come back to the merchant.
    """
    back = "Amount and fee come back to the merchant, who is told why."
    return f"{_what(withdrawal)} {back}"


def _may_be_approved(withdrawal: Withdrawal) -> bool:
    """Whether the withdrawal waits for an approval: it is REQUESTED, and needs one."""
    return withdrawal.status == Withdrawal.Status.REQUESTED and withdrawal.needs_approval


def _may_be_rejected(withdrawal: Withdrawal) -> bool:
    """Whether the withdrawal was neither sent nor ended."""
    return withdrawal.may_be_cancelled


def _may_be_ended(withdrawal: Withdrawal) -> bool:
    """Whether an operator may record the withdrawal as paid or failed: it is UNKNOWN, or it is SENT
    and people send it instead of a provider.
    """
    unknown = withdrawal.status == Withdrawal.Status.UNKNOWN
    sent = withdrawal.status == Withdrawal.Status.SENT
    return unknown or (sent and withdrawal.is_sent_by_people)


def _sent_back_effect(withdrawal: Withdrawal) -> str:
    """What operators read before they record that the bank sent a paid withdrawal back: what it is,
    that the amount returns to the proceeds, and that the fee is kept.
    """
    return (
        f"{_what(withdrawal)} It was paid, and the bank sent it back: the amount comes back to the"
        " merchant's proceeds, the fee is kept, and the merchant is told why."
    )


def _corrected_effect(withdrawal: Withdrawal) -> str:
    """What operators read before they record that a withdrawal marked as failed was paid after all:
    what it is, and that amount and fee leave the proceeds again, even below 0.
    """
    return (
        f"{_what(withdrawal)} It was marked as failed, and the bank did pay it: amount and fee are"
        " taken from the proceeds again, even below 0, and the merchant is told."
    )


ABOUT_ONE = (
    Decision(
        "approve",
        "Approve",
        form=ConfirmForm,
        effect=_approve_effect,
        shown=shown.status,
        carry_out=Call(withdrawals.approve, "withdrawal_id"),
        done="The withdrawal is approved.",
        is_open=_may_be_approved,
    ),
    Decision(
        "reject",
        "Reject",
        form=Telling,
        effect=_returned_effect,
        shown=shown.status,
        carry_out=Call(withdrawals.reject, "withdrawal_id"),
        done="The withdrawal is rejected.",
        is_open=_may_be_rejected,
    ),
    Decision(
        "paid",
        "Mark as paid",
        form=MarkedPaid,
        effect=_paid_effect,
        shown=shown.status,
        carry_out=Call(payouts.mark_paid, "withdrawal_id", renamed={"bank_reference": "reference"}),
        done="The withdrawal is paid.",
        is_open=_may_be_ended,
    ),
    Decision(
        "failed",
        "Mark as failed",
        form=Telling,
        effect=_returned_effect,
        shown=shown.status,
        carry_out=Call(payouts.mark_failed, "withdrawal_id"),
        done="The withdrawal has failed.",
        is_open=_may_be_ended,
    ),
    Decision(
        "sent-back",
        "Sent back by the bank",
        form=Telling,
        effect=_sent_back_effect,
        shown=shown.status,
        carry_out=CallOrPropose(withdrawals_undone.send_back, "withdrawal_id"),
        done=done("The withdrawal is sent back, and its amount in the proceeds again."),
        is_open=lambda withdrawal: withdrawal.is_paid,
    ),
    Decision(
        "correct",
        "It was paid",
        form=FoundPaid,
        effect=_corrected_effect,
        shown=shown.status,
        carry_out=Call(
            withdrawals_undone.correct_to_paid,
            "withdrawal_id",
            renamed={"bank_reference": "reference"},
        ),
        done="The withdrawal is paid, and what had come back for it is taken again.",
        is_open=lambda withdrawal: withdrawal.is_failed,
    ),
)


def _export(act: Act) -> Report:
    """Write the withdrawals that were chosen to a new file for the bank, which makes them SENT,
    with a trail row for each; their lines are locked meanwhile. Report how many were written, why
    the others were refused, and the link to the file if it has any rows.
    """
    form = act.cleaned_data.get("form", payout_files.CSV)
    batch = payout_files.export(
        withdrawal_ids=act.cleaned_data["withdrawals"], actor=act.actor, now=act.now, form=form
    )
    link = ""
    if batch.sent:
        of_one = (batch.sent[0].pk, "file")
        link = reverse("admin:credit_withdrawal_download", args=of_one)
    count = len(batch.sent)
    return Report(
        done="1 withdrawal is written and counts as sent."
        if count == 1
        else f"{count} withdrawals are written and count as sent.",
        refused=[refused.problem for refused in batch.refused],
        link=link,
        link_text=f"{batch.name}.{payout_files.suffix(batch.name)}",
    )


def _take_answers(act: Act) -> Report:
    """Store the uploaded file of the bank's answers, with a trail row; a job takes its rows in
    later. Report how many rows it has, with a link to its page. Raises UnreadableFile.
    """
    file = payout_answers.upload(content=act.cleaned_data["file"], actor=act.actor, now=act.now)
    return Report(
        done=(
            f"The file is here, with {file.row_count:,} rows. They are taken in one by one within"
            " minutes; its page shows how far that has come, and what became of each."
        ),
        link=reverse("admin:credit_payoutanswerfile_change", args=[file.pk]),
        link_text=file.name,
    )


def _file(act: Act) -> tuple[str, bytes]:
    """The name and the content of the bank file that the withdrawal is in, to be sent once more: a
    CSV without withdrawals that have ended since; a pain.001 is refused if some have. The reason
    that the form asks for goes to the trail. Raises PartlyEnded for these, NumberUnreadable,
    NotAsItWas, WasMoved, and Invalid without a reason.
    """
    batch = act.row.batch
    content = payout_files.export_again(
        batch=batch, reason=act.reason, actor=act.actor, now=act.now
    )
    return f"{batch}.{payout_files.suffix(batch)}", content.encode()


def _file_as_sent(act: Act) -> tuple[str, bytes]:
    """The name and the content of the bank file that the withdrawal is in, as it was sent. The
    reason that the form asks for goes to the trail. Raises NumberUnreadable, NotAsItWas, WasMoved,
    and Invalid without a reason.
    """
    batch = act.row.batch
    content = payout_files.export_again(
        batch=batch, reason=act.reason, as_sent=True, actor=act.actor, now=act.now
    )
    return f"{batch}-as-sent.{payout_files.suffix(batch)}", content.encode()


@admin.register(Withdrawal)
class WithdrawalAdmin(DecidingSeveral, AboutLine, OfMerchant):
    several = ("approve", "reject", "failed")
    merchant = "line__merchant"
    search_help_text = "Merchant's reference or name, own reference, or a file for the bank"
    list_display = (
        "reference",
        MERCHANT,
        amount("amount"),
        amount("fee"),
        "destination",
        "status",
        "problem",
        "needs_approval",
        "requested_at",
        "flagged_late_at",
    )
    list_filter = (
        waiting(queues.TO_APPROVE, queues.TO_SEND, queues.LATE, queues.UNKNOWN),
        "status",
        "needs_approval",
        ("flagged_late_at", admin.EmptyFieldListFilter),
        of_currency("credit.CreditLine"),
        ("ended_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("line__merchant", "destination")
    decisions = ABOUT_ONE
    downloads = (
        Download(
            "file",
            "File for the bank",
            is_there=lambda withdrawal: bool(withdrawal.batch),
            effect=lambda withdrawal: (
                f"The file {withdrawal.batch} without the withdrawals that have ended, to be sent"
                " once more; a pain.001 only while none of its has ended. It has the whole numbers"
                " of accounts and cards. That you took it, and why, is on the trail."
            ),
            content=_file,
        ),
        Download(
            "file-as-sent",
            "That file as it was sent",
            is_there=lambda withdrawal: bool(withdrawal.batch),
            effect=lambda withdrawal: (
                f"The file {withdrawal.batch} as it was sent, byte for byte, to look something up:"
                " withdrawals in it may have ended, so it is not sent again. It has the whole"
                " numbers of accounts and cards. That you took it, and why, is on the trail."
            ),
            content=_file_as_sent,
        ),
    )
    list_decisions = (
        Decision(
            "export",
            "File for the bank",
            form=BankFile,
            effect=lambda row: (
                "The chosen withdrawals are written into a file for the bank, and count as sent"
                " by you. Those above the operator limit that you approved yourself are left out."
            ),
            carry_out=_export,
        ),
        Decision(
            "answers",
            "The bank's answers",
            form=BankAnswers,
            effect=lambda row: (
                "A CSV with the columns reference, status (PAID or FAILED), bank_reference and"
                " reason, and with amount and currency where the bank tells them. A job takes its"
                " rows in; those that cannot be right are listed and change nothing, and the same"
                " file uploaded again says nothing new."
                + (
                    " A pain.002 or camt.054 of the bank is taken as it is."
                    if settings.TAEL_PAYOUT_ACCOUNTS
                    else ""
                )
            ),
            carry_out=_take_answers,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Withdrawal]", search_term: str
    ) -> tuple["QuerySet[Withdrawal]", bool]:
        """Return the withdrawals of the list that are in the file for the bank with exactly the
        name that was searched for, without its ending. If there are none, return those that the
        search for a merchant or a reference finds.
        """
        in_file = queryset.filter(batch=search_term.strip()).exclude(batch="")
        if in_file.exists():
            return in_file, False
        return super().get_search_results(request, queryset, search_term)
