"""The admin pages of what our banks told: files and statements, and what is decided about them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
)

from backoffice.briefs import Brief
from backoffice.columns import amount, figure
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned, Report
from backoffice.filters import waiting
from backoffice.list_pages import FoundByKeys, ReadOnly
from backoffice.outcomes import LastDecision
from billing.models import BankFile, BankStatement
from billing.operations import bank_statements
from billing.queries import bank_statements as queries
from billing.queries import briefs
from billing.queries.waiting import BANK_STATEMENTS


class StatementFile(forms.Form):
    """A file of a bank's."""

    file = forms.FileField(
        label="File (camt.053 or MT940)", max_length=255, widget=UnfoldAdminFileFieldWidget
    )


def _upload(act: Act) -> Report:
    """Take the statements of the bank's file that was uploaded, with a trail row for each that is
    new; a job matches their lines. Reports how many statements of this file are here, also from
    before, and which of them do not follow, so that they wait. Raises what bank_statements.take
    raises, such as UnreadableStatement; nothing of the file is taken then.
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


def _effect_of_accepting(statement: BankStatement) -> str:
    """What an operator reads before having a statement taken that does not follow: why, what
    becomes of its lines, and what else to do.
    """
    why = queries.why_it_waits(statement)
    instead = (
        "If it only says again what was taken, set it aside."
        if queries.is_overlap(statement)
        else "If a statement between them is missing, upload that one instead: this one is then"
        " taken by itself."
    )
    return (
        f"{why} Its lines are matched and booked from then on, but for those of which there is one"
        " of the same day and amount in statements that were taken: these wait for you. Statements"
        f" that follow it are taken. {instead}"
    )


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
            effect=_effect_of_accepting,
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
        return (
            *("name", "account", "currency", "status", self.follows, self.balance, self.lines),
            *("kind", "opens_on", "closes_on", "file", "previous", "taken_at", "taken_by"),
            *("decided_at", "decided_by", "reason"),
        )

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
            '<a class="underline" href="{}?{}">{} line{}</a>',
            *(page, urlencode({"q": statement.name}), statement.line_count),
            "" if statement.line_count == 1 else "s",
        )

    def last_decision(self, row: Any) -> LastDecision | None:
        """The statement's status, with who had it taken or set it aside and when; nobody and None
        if it was taken by itself, or waits.
        """
        return LastDecision(str(row.get_status_display()), row.decided_by, row.decided_at)
