"""The admin pages of the lines of bank statements, and what is decided about each."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from backoffice.briefs import Brief
from backoffice.columns import amount, figure, related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, ConfirmForm, Decision, Reasoned, Telling
from backoffice.filters import waiting
from backoffice.list_pages import FoundByKeys
from backoffice.outcomes import LastDecision
from billing.models import BankLine, BankTransfer, other_sides
from billing.operations import accounts, bank_matching, bank_returns
from billing.queries import bank_matching as matching
from billing.queries import bank_statements as statements
from billing.queries import briefs
from billing.queries.waiting import BANK_LINES
from lib.text_fields import LineField
from lib.texts import LONGEST_NAME

TEXT_IN_A_LIST = 60  # characters of what the other side wrote


class Placed(forms.Form):
    """Whose a line is."""

    merchant = LineField(
        label="Merchant",
        max_length=LONGEST_NAME,
        widget=UnfoldAdminTextInputWidget,
        help_text="Its reference.",
    )
    number = LineField(
        label="Bill",
        max_length=LONGEST_NAME,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Its number, if it is for one bill. Empty: it is unapplied money, which pays"
        " unpaid bills at once, oldest due day first.",
    )


class TakenBack(forms.Form):
    """Which line another one takes back."""

    statement = LineField(
        label="Statement",
        max_length=LONGEST_NAME,
        widget=UnfoldAdminTextInputWidget,
        help_text="The bank’s name of the statement on which the payment came in.",
    )
    number = forms.IntegerField(
        label="Line", min_value=1, max_value=1_000_000, widget=UnfoldAdminIntegerFieldWidget
    )


def _shown_line(line: BankLine) -> dict[str, Any]:
    """What a page of decisions shows of a line, and compares when the form comes back: its status,
    whose it is or may be, and what is left to pay of the bill that it names, or is proposed or
    booked for.
    """
    invoice = line.invoice
    return {
        "Status": line.get_status_display(),
        "Merchant": line.owner.reference if line.owner else "",
        "Bill": f"{invoice}: {figure(invoice.left_to_pay)} left to pay" if invoice else "",
    }


def _returned_transfer(line: BankLine) -> BankTransfer | None:
    """The record of the transfer that the line takes back, on the account that has its money or had
    it last; None if the line takes nothing back.
    """
    return matching.present(line.returns) if line.returns else None


def _shown_return(line: BankLine) -> dict[str, Any]:
    """What a page of decisions shows of a return, and compares when the form comes back: its
    status, the line that it takes back, whose that money is by now, which bill it paid, and all
    unapplied money of that account. A line that takes nothing back has its status alone.
    """
    transfer = _returned_transfer(line)
    if transfer is None:
        return {"Status": line.get_status_display()}
    return {
        "Status": line.get_status_display(),
        "It takes back": str(line.returns),
        "Merchant": transfer.account.merchant.reference,
        "It paid": transfer.invoice_number or "no bill by itself",
        "Unapplied money": figure(transfer.account.unapplied),
    }


def _is_reversed(line: BankLine) -> bool:
    """Whether the line is a return that waits for its decision "take-back": it takes back, wholly
    or in part, a transfer that paid one bill alone, which is recorded as a reversal; or all of one
    whose money is on no account any more.
    """
    transfer = _returned_transfer(line) if line.is_return else None
    if transfer is None or matching.is_part_for_people(line, transfer):
        return False
    return transfer.is_moved or matching.paid_one_invoice(transfer)


def _is_taken_off(line: BankLine) -> bool:
    """Whether the line is a return that waits for its decision "take-off": it takes back all of a
    transfer that paid several bills or none, and whose money is on an account still.
    """
    transfer = _returned_transfer(line) if line.is_return else None
    if transfer is None or matching.is_part_for_people(line, transfer):
        return False
    return not (transfer.is_moved or matching.paid_one_invoice(transfer))


def _effect_of_return(line: BankLine) -> str:
    """What an operator reads before recording a return of money that paid one bill alone, or all
    of which is on no account any more: the line, what it takes back, and what is booked and decided
    then.
    """
    transfer = _returned_transfer(line)
    if transfer is not None and transfer.is_moved:
        return (
            f"{_said(line)} It takes back {line.returns}, whose money is on no account any more:"
            " nothing but this line is booked."
        )
    return (
        f"{_said(line)} It takes back {line.returns}. The payment of {line.owner} stays, and a"
        " reversal is recorded: whether the merchant is charged again is decided there. The"
        " merchant is told."
    )


def _effect_of_taking_off(line: BankLine) -> str:
    """What an operator reads before taking returned money off an account: the line, what it takes
    back, how much of that is unapplied still and how much is charged again; "" for a line that
    takes nothing back.
    """
    transfer = _returned_transfer(line)
    if transfer is None:
        return ""
    account, entry = transfer.account, transfer.entry
    taken = min(entry.amount, account.unapplied) if entry else account.unapplied * 0
    return (
        f"{_said(line)} It takes back {line.returns}, which did not pay one bill alone. Of it,"
        f" {figure(taken)} is unapplied still and is taken from there;"
        f" {figure(transfer.amount - taken)} paid bills of {account.merchant}, which stay paid, and"
        " is charged again at once. The merchant is told, and reads your words."
    )


def _effect_of_setting_aside(line: BankLine) -> str:
    """What an operator reads before saying that a line is no merchant's: the line, that nothing is
    booked for it, and of a part of money that was returned why that is all that can be done.
    """
    transfer = _returned_transfer(line) if line.is_return else None
    part = ""
    if transfer is not None and matching.is_part_for_people(line, transfer):
        why = "it did not pay one bill alone. Charge what is missing by hand"
        if transfer.is_moved:
            why = "it is on no account any more"
        part = (
            f" It takes back {line.returns}, and is a part of the money, of which nothing is"
            f" booked: {why}."
        )
    return (
        f"{_said(line)}{part} Nothing is booked for it. If that was wrong, say whose it is later."
    )


def _said(line: BankLine) -> str:
    """The line in words: its amount without its sign, whom it came from or went to, its value date
    and its text. What the bank did not say, or is not kept any more, is left out.
    """
    other = other_sides.readable(line)
    who = f" {'from' if line.amount.amount > 0 else 'to'} {other.name or other.account}"
    named = who if other.name or other.account else ""
    text = f" “{other.text}”" if other.text else ""
    return f"{figure(abs(line.amount))}{named} on {line.value_on:%d %B %Y}.{text}"


def _before(line: BankLine) -> str:
    """Which lines that were taken before this one may say again, in a sentence with a blank before
    it; "" if there are none.
    """
    found = [f"line {one.number} of {one.statement.name}" for one in statements.repeated_by(line)]
    if not found:
        return ""
    return (
        f" It may have been taken before, as {', '.join(found)}, of the same day and amount: book"
        " it only if the bank has it twice."
    )


def _proposal(line: BankLine) -> str:
    """What an operator reads before confirming a proposed match: the line, why it is proposed, for
    which bill it is booked, and what becomes of money that the bill does not want.
    """
    return (
        f"{_said(line)} {line.get_why_display()}{_before(line)} It is booked for bill"
        f" {line.invoice} of {line.owner}; what the bill does not want becomes unapplied money of"
        " that merchant."
    )


@admin.register(BankLine)
class BankLineAdmin(Deciding, FoundByKeys):
    merchant = "account__merchant"
    keys = (
        *("bank_reference", "end_to_end_id", "account__merchant__reference", "statement__name"),
    )
    search_help_text = "A reference, the other side’s account, the merchant, or the statement."
    is_long = True
    list_display = (
        *("place", "booked_on", amount("amount"), "other_name", "begins", "stands"),
        *(related("account__merchant"), "invoice"),
    )
    list_filter = (waiting(BANK_LINES), "status", "why")
    list_select_related = ("account__merchant", "invoice", "statement", "transfer")
    ordering = ("-pk",)
    decisions = (
        Decision(
            "confirm",
            "Confirm",
            form=ConfirmForm,
            effect=_proposal,
            shown=_shown_line,
            carry_out=Call(bank_matching.confirm, "line_id"),
            done="The line is booked.",
            is_open=lambda line: line.is_proposed,
        ),
        Decision(
            "refuse",
            "Refuse",
            form=Reasoned,
            effect=lambda line: (
                f"{_said(line)} It is not booked for bill {line.invoice}, and waits until somebody"
                " says whose it is."
            ),
            shown=_shown_line,
            carry_out=Call(bank_matching.refuse, "line_id"),
            done="The proposal is refused.",
            is_open=lambda line: line.is_proposed,
        ),
        # These two lock an account that the form names, before the line, so no page may hold the
        # line before; that it is placed once is the operations' own refusal.
        Decision(
            "place",
            "Say whose it is",
            form=Placed,
            effect=lambda line: (
                f"{_said(line)}{_before(line)} It is booked for that merchant as a transfer with"
                " this value date. If it was wrong, the transfer is booked elsewhere."
            ),
            initial=lambda line: {"merchant": line.owner.reference if line.owner else ""},
            shown=_shown_line,
            commits_itself=True,
            carry_out=Call(bank_matching.place, "line_id"),
            done="The line is booked.",
            is_open=lambda line: line.is_to_be_placed,
        ),
        Decision(
            "returns",
            "Say what it takes back",
            form=TakenBack,
            effect=lambda line: (
                f"{_said(line)} {line.get_why_display()} Once it is known, you decide what becomes"
                " of the money."
            ),
            shown=_shown_line,
            commits_itself=True,
            carry_out=Call(bank_returns.say, "line_id"),
            done="It is a return of that line, and waits for a decision.",
            is_open=lambda line: line.is_unclear_return,
        ),
        Decision(
            "take-back",
            "Returned",
            form=Reasoned,
            effect=_effect_of_return,
            shown=_shown_return,
            carry_out=Call(bank_returns.take_back, "line_id"),
            done=lambda line: (
                "The reversal is recorded, and waits for a decision."
                if line.reversal
                else "The line is booked."
            ),
            is_open=_is_reversed,
        ),
        Decision(
            "take-off",
            "Returned",
            form=Telling,
            effect=_effect_of_taking_off,
            shown=_shown_return,
            carry_out=Call(bank_returns.take_off, "line_id"),
            done="The money is off the account, and the line is booked.",
            is_open=_is_taken_off,
        ),
        Decision(
            "set-aside",
            "No merchant’s",
            form=Reasoned,
            effect=_effect_of_setting_aside,
            shown=_shown_line,
            carry_out=Call(bank_matching.set_aside, "line_id"),
            done="The line is set aside.",
            is_open=lambda line: line.status in (line.Status.OPEN, line.Status.RETURN),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[BankLine]":
        found: QuerySet[BankLine] = super().get_queryset(request)
        return found.select_related(
            *("account__merchant", "invoice", "statement"),
            *("returns__statement", "returns__transfer__account__merchant"),
        )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[BankLine]", search_term: str
    ) -> tuple["QuerySet[BankLine]", bool]:
        """The lines of whose other side the search term is the account, which is kept encrypted and
        found by its mark; if there are none, those that the term finds by the list's other keys, or
        else by the name of the merchant whose they are. Without a term, all or the latest, as in
        any list. The second value is Django's: whether a row may come twice.
        """
        term = search_term.strip()
        found = queryset.filter(other_account_mark__in=other_sides.account_marks(term))
        if term and found.exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            *(related(self.merchant), "status", "why", amount("amount"), "booked_on", "value_on"),
            *("statement", "number", self.other_name, self.other_account, self.words, "reference"),
            *("end_to_end_id", "bank_reference", "code", "instructed", "is_reversal"),
            *("return_reason", "invoice", "returns", "transfer", "reversal", "looked_at"),
            *(("cell",) if obj is not None and obj.cell else ()),
            *("booked_at", "decided_at", "decided_by", "reason"),
        )

    @admin.display(description="line", ordering="pk")
    def place(self, line: BankLine) -> str:
        """The line's number and its statement's name, as a short text."""
        return f"{line.statement.name}, line {line.number}"

    @admin.display(description="status", ordering="status")
    def stands(self, line: BankLine) -> SafeString:
        """What became of the line and, in small print below, the reason for that, as HTML."""
        why = line.get_why_display()
        return format_html("{}<br><small>{}</small>", line.get_status_display(), why)

    @admin.display(description="text")
    def begins(self, line: BankLine) -> str:
        """The first TEXT_IN_A_LIST characters of what the other side wrote."""
        return Truncator(self.words(line)).chars(TEXT_IN_A_LIST)

    @admin.display(description="other side")
    def other_name(self, line: BankLine) -> str:
        """The name on the line's other side; a dash for none."""
        return other_sides.readable(line).name or "–"

    @admin.display(description="its account")
    def other_account(self, line: BankLine) -> str:
        """The account on the line's other side; a dash for none."""
        return other_sides.readable(line).account or "–"

    @admin.display(description="text")
    def words(self, line: BankLine) -> str:
        """What the other side wrote; a dash for nothing."""
        return other_sides.readable(line).text or "–"

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decisions about a line: what the bank says of it, and the account
        of the merchant whose it is or may be.
        """
        return briefs.of_bank_line(row)

    def lock(self, row: Any, now: Any) -> None:
        """Lock the account under whose lock the line is decided (bank_matching.decided_under), if
        there is one, together with its credit line, and work off the ended days of both; then lock
        the line, as operations do.
        """
        key = matching.decided_under(row)
        if key is not None:
            accounts.lock_both(key, now=now)
        super().lock(row, now)

    def last_decision(self, row: Any) -> LastDecision | None:
        """The line's status, with who decided about it (the job, where it booked it) and when;
        nobody and None if nobody has.
        """
        return LastDecision(str(row.get_status_display()), row.decided_by, row.decided_at)
