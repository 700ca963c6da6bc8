"""The admin pages of what our banks told: files, statements, their lines, and what is decided about
them.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from backoffice.briefs import Brief
from backoffice.columns import amount, figure, related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, ConfirmForm, Decision, Reasoned, Report
from backoffice.filters import waiting
from backoffice.list_pages import FoundByKeys, ReadOnly
from backoffice.outcomes import LastDecision
from billing.models import BankFile, BankLine, BankStatement
from billing.operations import accounts, bank_matching, bank_statements
from billing.queries import bank_statements as queries
from billing.queries import briefs
from billing.queries.waiting import BANK_LINES, BANK_STATEMENTS
from lib.text_fields import LineField
from lib.texts import LONGEST_NAME


class StatementFile(forms.Form):
    """A file of a bank's."""

    file = forms.FileField(
        label="File (camt.053 or MT940)", max_length=255, widget=UnfoldAdminFileFieldWidget
    )


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


def _upload(act: Act) -> Report:
    """Take the statements of the bank's file that was uploaded. Reports how many are here, and
    which of them do not follow, so that they wait.
    """
    said = act.cleaned_data["file"]
    file = bank_statements.take(
        content=said.read(), file_name=said.name, actor=act.actor, now=act.now
    )
    found = list(file.statements.order_by("pk"))
    waits = [f"{one}: {why}" for one in found if (why := queries.why_it_waits(one))]
    return Report(
        f"{len(found)} statement(s) of this file are here; lines are matched within minutes."
        if found
        else "All that this file says was here already.",
        refused=waits,
        refused_title="These do not follow, and wait for you",
        link=reverse("admin:billing_bankfile_change", args=[file.pk]),
        link_text=file.name,
    )


@admin.register(BankFile)
class BankFileAdmin(Deciding, ReadOnly):
    list_display = ("name", "taken_at", "taken_by", "problem")
    search_fields = ("name", "digest")
    ordering = ("-pk",)
    list_decisions = (
        Decision(
            "upload",
            "Upload a statement",
            form=StatementFile,
            effect=lambda row: (
                "A bank’s statement of an account whose issuer has them taken, as camt.053 or"
                " MT940, of 6 MB at most. All of it is taken, or nothing. What comes in with a"
                " bill’s reference and the right amount is booked within minutes; the rest waits"
                " for you. The same statement again changes nothing."
            ),
            carry_out=_upload,
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("name", "digest", "taken_at", "taken_by", "problem", self.statements)

    @admin.display(description="its statements")
    def statements(self, file: BankFile) -> SafeString:
        """A link to the list of the file's statements."""
        page = reverse("admin:billing_bankstatement_changelist")
        return format_html('<a class="underline" href="{}?q={}">Statements</a>', page, file.digest)


def _shown_statement(statement: BankStatement) -> dict[str, Any]:
    """What a page of decisions shows of a statement, and compares when the form comes back: its
    status, and why it does not follow.
    """
    return {
        "Status": statement.get_status_display(),
        "It does not follow": queries.why_it_waits(statement),
    }


@admin.register(BankStatement)
class BankStatementAdmin(Deciding, FoundByKeys):
    keys = ("name", "account", "file__digest")
    search_help_text = "The bank’s name of the statement, the account, or the file’s SHA-256."
    list_display = (
        *("name", "account", "closes_on", "status", amount("opening"), amount("closing")),
        *("line_count", "kind", "taken_at", "taken_by"),
    )
    list_filter = (waiting(BANK_STATEMENTS), "status")
    list_select_related = ("file", "previous")
    ordering = ("-pk",)
    decisions = (
        Decision(
            "accept",
            "Take it all the same",
            form=Reasoned,
            effect=lambda statement: (
                f"{queries.why_it_waits(statement)} Its lines are matched and booked from then on,"
                " and statements that follow it are taken. If a statement between them is missing,"
                " upload that one instead: this one is then taken by itself."
            ),
            shown=_shown_statement,
            carry_out=Call(bank_statements.accept, "statement_id"),
            done="The statement is taken.",
            is_open=lambda statement: statement.is_waiting,
        ),
        Decision(
            "set-aside",
            "Set aside",
            form=Reasoned,
            effect=lambda statement: (
                f"{queries.why_it_waits(statement)} None of its lines is ever booked."
            ),
            shown=_shown_statement,
            carry_out=Call(bank_statements.set_aside, "statement_id"),
            done="The statement is set aside.",
            is_open=lambda statement: statement.is_waiting,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decisions about a statement: its balances and its neighbours."""
        return briefs.of_bank_statement(row)

    def lock(self, row: Any, now: Any) -> None:
        """Take the lock of all statements, and then the statement's, as operations do: a file that
        is taken meanwhile may have this one follow.
        """
        bank_statements.wait_turn()
        super().lock(row, now)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        own = (
            *("name", "account", "currency", "status", "kind", "opens_on", "closes_on", "file"),
            *("previous", "taken_at", "taken_by", "decided_at", "decided_by", "reason"),
        )
        return (*own, self.follows, self.balance, self.lines)

    @admin.display(description="does it follow")
    def follows(self, statement: BankStatement) -> str:
        """In which way it does not follow the last statement, for one that waits; else a dash."""
        return queries.why_it_waits(statement) or "–"

    @admin.display(description="balances")
    def balance(self, statement: BankStatement) -> SafeString:
        """From which balance to which it leads; of one that was taken, also what of the closing
        balance was booked, was brought along, waits, or is no merchant's.
        """
        begins = f"From {figure(statement.opening)} to {figure(statement.closing)}."
        if not statement.is_taken:
            return format_html("{}", begins)
        found = queries.reckoned(statement)
        return format_html(
            "{} Booked, and in the journal, since the first statement: {}. The difference of {}:"
            " {} brought along, {} waiting to be matched or decided, {} that is no merchant’s.",
            *(begins, figure(found.booked), figure(found.difference), figure(found.brought)),
            *(figure(found.waits), figure(found.outside)),
        )

    @admin.display(description="its lines")
    def lines(self, statement: BankStatement) -> SafeString:
        """A link to the list of the statement's lines."""
        page = reverse("admin:billing_bankline_changelist")
        return format_html(
            '<a class="underline" href="{}?{}">{} lines</a>',
            *(page, urlencode({"q": statement.name}), statement.line_count),
        )

    def last_decision(self, row: Any) -> LastDecision | None:
        """The statement's status, with who had it taken or set it aside and when; nobody and None
        if it was taken by itself, or waits.
        """
        return LastDecision(str(row.get_status_display()), row.decided_by, row.decided_at)


def _shown_line(line: BankLine) -> dict[str, Any]:
    """What a page of decisions shows of a line, and compares when the form comes back: its status,
    whose it is or may be, and what is left to pay of the bill that it names.
    """
    invoice = line.invoice
    return {
        "Status": line.get_status_display(),
        "Merchant": line.owner.reference if line.owner else "",
        "Bill": f"{invoice}: {figure(invoice.left_to_pay)} left to pay" if invoice else "",
    }


def _said(line: BankLine) -> str:
    """The line in words: its amount without its sign, whom it came from or went to, its value date
    and its text. What the bank did not say is left out.
    """
    who = f" {'from' if line.amount.amount > 0 else 'to'} {line.other_name or line.other_account}"
    named = who if line.other_name or line.other_account else ""
    text = f" “{line.text}”" if line.text else ""
    return f"{figure(abs(line.amount))}{named} on {line.value_on:%d %B %Y}.{text}"


def _proposal(line: BankLine) -> str:
    """What confirming a proposal does, in sentences."""
    return (
        f"{_said(line)} {line.get_why_display()} It is booked for bill {line.invoice} of"
        f" {line.owner}; what the bill does not want becomes unapplied"
        " money of that merchant."
    )


@admin.register(BankLine)
class BankLineAdmin(Deciding, FoundByKeys):
    merchant = "account__merchant"
    keys = (
        *("bank_reference", "end_to_end_id", "other_account", "account__merchant__reference"),
        "statement__name",
    )
    search_help_text = "A reference, the other side’s account, the merchant, or the statement."
    is_long = True
    list_display = (
        *("__str__", "booked_on", amount("amount"), "other_name", "status", "why"),
        *(related("account__merchant"), "invoice", "text", "decided_by"),
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
        Decision(
            "place",
            "Say whose it is",
            form=Placed,
            effect=lambda line: (
                f"{_said(line)} It is booked for that merchant as a transfer with this value date."
                " If it was wrong, the transfer is booked elsewhere."
            ),
            initial=lambda line: {"merchant": line.owner.reference if line.owner else ""},
            shown=_shown_line,
            carry_out=Call(bank_matching.place, "line_id"),
            done="The line is booked.",
            is_open=lambda line: line.is_to_be_placed,
        ),
        Decision(
            "take-back",
            "Returned",
            form=Reasoned,
            effect=lambda line: (
                f"{_said(line)} The payment of {line.owner} that it"
                " takes back stays, and a reversal is recorded: whether the merchant is charged"
                " again is decided there. The merchant is told."
            ),
            shown=_shown_line,
            carry_out=Call(bank_matching.take_back, "line_id"),
            done="The reversal is recorded, and waits for a decision.",
            is_open=lambda line: line.is_return,
        ),
        Decision(
            "set-aside",
            "No merchant’s",
            form=Reasoned,
            effect=lambda line: (
                f"{_said(line)} Nothing is booked for it. If that was wrong, say whose it is later."
            ),
            shown=_shown_line,
            carry_out=Call(bank_matching.set_aside, "line_id"),
            done="The line is set aside.",
            is_open=lambda line: line.status in (line.Status.OPEN, line.Status.RETURN),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[BankLine]":
        found: QuerySet[BankLine] = super().get_queryset(request)
        return found.select_related("account__merchant", "invoice", "statement")

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside the decisions about a line: what the bank says of it, and the account
        of the merchant whose it is or may be.
        """
        return briefs.of_bank_line(row)

    def lock(self, row: Any, now: Any) -> None:
        """Lock the line's account, if it has one, and then the line, as operations do."""
        if row.account_id is not None:
            accounts.lock_both(row.account_id, now=now)
        super().lock(row, now)

    def last_decision(self, row: Any) -> LastDecision | None:
        """The line's status, with who decided about it (the job, where it booked it) and when;
        nobody and None if nobody has.
        """
        return LastDecision(str(row.get_status_display()), row.decided_by, row.decided_at)
