"""Who bills whom: issuers and their versions, and merchants' billing details."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from backoffice.briefs import Brief
from backoffice.columns import related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned, Telling
from backoffice.filters import waiting
from backoffice.list_pages import OfMerchant, ReadOnly, ReadOnlyInline
from backoffice.outcomes import LastDecision
from billing.admin.party_forms import (
    BanksForm,
    ClearingChoice,
    EntityForm,
    IssuerChoice,
    NewIssuer,
    ReferencesChoice,
    said_of,
)
from billing.admin.shown import AboutAccount
from billing.models import BillingAccount, BillingDetails, Issuer, IssuerVersion
from billing.operations import billing_details, clearances, issuers
from billing.queries import party_briefs as briefs
from billing.queries.waiting import DETAILS
from lib.formats import country
from merchants.admin.two_people import CallOrPropose, done


def _add(act: Act) -> Issuer:
    """Add the issuer that the operator's form states, with its first version and a trail row.
    Raises IssuerKnown if there is one with this prefix, and Invalid for what an issuer cannot have,
    or without a reason.
    """
    said = act.cleaned_data
    return issuers.add(
        prefix=said["number_prefix"],
        entity=said["entity"],
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )


def _change(act: Act) -> Issuer:
    """Give the issuer a new version, as the operator's form states it, with a trail row; if nothing
    differs, nothing is written. A form without a logo keeps the present one, and bank accounts
    stay. It locks the issuer. Raises UnknownIssuer, and Invalid for another country, for what an
    issuer cannot have, or without a reason.
    """
    return issuers.change(
        issuer_id=act.row.pk,
        entity=act.cleaned_data["entity"],
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )


def _prefix(account: BillingAccount) -> str:
    """The prefix of bill numbers of the account's issuer, which names it; "" for the installation's
    own.
    """
    return account.issuer.prefix if account.issuer else ""


NEW_ISSUER = Decision(
    "add",
    "Add an issuer",
    form=NewIssuer,
    effect=lambda issuer: (
        "A legal entity that bills can be issued by. Accounts have it once that is chosen on their"
        " pages; its bills are numbered in a series of their own. It cannot be deleted. Its bank"
        " accounts are set afterwards, by two administrators."
    ),
    carry_out=_add,
    takes_second_factor=True,
    done="The issuer is added.",
)
CHANGE = Decision(
    "change",
    "Change",
    form=EntityForm,
    effect=lambda issuer: (
        "A new version, which is on bills from now on. Bills and drafts that there are keep theirs,"
        " and so do their PDFs. Its bank accounts stay."
    ),
    initial=lambda issuer: said_of(issuer.present),
    shown=lambda issuer: {"Version": issuer.present.version},
    carry_out=_change,
    takes_second_factor=True,
    done="The issuer has a new version.",
)


class Proposing(CallOrPropose):
    """A decision that always takes two people, so that it is proposed and not made; as its effect
    says so, no further warning is shown.
    """

    warning = ""


BANKS = Decision(
    "banks",
    "Change bank accounts",
    form=BanksForm,
    effect=lambda issuer: (
        "Where merchants pay this issuer’s bills to: on bills that are written from then on. It is"
        " not done at once, but waits for another administrator to confirm it."
    ),
    initial=lambda issuer: {"banks": issuers.banks_text(issuer.present.bank_accounts)},
    shown=lambda issuer: {"Bank accounts": issuers.banks_text(issuer.present.bank_accounts)},
    is_so=lambda act: (
        issuers.banks_text(act.row.present.bank_accounts) == act.cleaned_data["banks"]
    ),
    carry_out=Proposing(issuers.change_banks, "issuer_id"),
    takes_second_factor=True,
    done=done("The bank accounts are as they were."),
)
CLEARING = Decision(
    "clearing",
    "Clearing",
    form=ClearingChoice,
    effect=lambda issuer: (
        "For countries whose tax office has to clear bills. Those that are issued from now on are"
        " sent there, or wait for you to enter the number that you got there. Merchants read the"
        " number on the bill."
    ),
    initial=lambda issuer: {"provider": issuer.clearing},
    shown=lambda issuer: {"Clearing": issuer.clearing or clearances.OFF},
    is_so=lambda act: act.row.clearing == act.cleaned_data["provider"],
    carry_out=Call(clearances.choose, "issuer_id"),
    done="It is set.",
)
REFERENCES = Decision(
    "references",
    "Bank statements",
    form=ReferencesChoice,
    effect=lambda issuer: (
        "Bills that are issued from now on carry a structured reference (ISO 11649), which payers"
        " name in their transfers, and statements of this issuer’s bank accounts are taken: what"
        " comes in with such a reference and the right amount is booked by itself. Bills of before"
        " stay as they are."
    ),
    initial=lambda issuer: {"is_on": issuer.present.has_references},
    shown=lambda issuer: {"References": "on" if issuer.present.has_references else "off"},
    carry_out=Call(issuers.take_statements, "issuer_id"),
    takes_second_factor=True,
    done="It is set.",
)
CHOOSE = Decision(
    "issuer",
    "Choose issuer",
    form=IssuerChoice,
    effect=lambda account: (
        f"Bills are issued by: {issuers.name_of(account.issuer)}. Another issuer is on bills from"
        " the next one on, and numbers them in its own series. Bills and drafts that there are"
        " stay as they are."
    ),
    initial=lambda account: {"issuer": _prefix(account)},
    shown=lambda account: {"Issuer": issuers.name_of(account.issuer)},
    is_so=lambda act: _prefix(act.row) == act.cleaned_data["issuer"],
    carry_out=Call(issuers.choose, "merchant_id", renamed={"issuer": "prefix"}),
    done="The issuer is chosen.",
    menu="Terms",
)


@admin.display(description="bank accounts")
def _banks(version: IssuerVersion) -> str:
    """The version's bank accounts in one line, each currency with the lines of its account behind a
    colon, and semicolons between them; a dash without any.
    """
    lines = [
        f"{one['currency']}: {', '.join(version.bank_lines(one['currency']))}"
        for one in version.bank_accounts
    ]
    return format_html("{}", "; ".join(lines) or "–")


class VersionInline(ReadOnlyInline):
    model = IssuerVersion
    fields = readonly_fields = (
        *("version", "name", "address", "tax_number", "registration_number", _banks),
        *("at", "actor", "reason"),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[IssuerVersion]":
        """The issuer's versions, the latest first, without loading their logos."""
        found: QuerySet[IssuerVersion] = super().get_queryset(request)
        return found.defer("logo").order_by("-version")


@admin.register(Issuer)
class IssuerAdmin(Deciding, ReadOnly):
    list_display = ("prefix", "legal_name", "country", "tax_number", "clearing")
    list_select_related = ("present",)
    search_fields = ("prefix", "present__name")
    inlines = (VersionInline,)
    list_decisions = (NEW_ISSUER,)
    decisions = (CHANGE, BANKS, REFERENCES, CLEARING)

    def lock(self, row: Any, now: Any) -> None:
        """Lock the issuer's row until the transaction ends, as its operations do."""
        issuers.lock(row.pk)

    def brief(self, row: Any, name: str) -> Brief | None:
        """What stands beside each decision about the issuer `row`, whatever its `name`: its present
        version, its use and its latest versions. It is never None.
        """
        return briefs.of_issuer(row)

    @admin.display(description="legal name")
    def legal_name(self, issuer: Issuer) -> str:
        """The name in the issuer's present version; "" without one."""
        return issuer.present.name if issuer.present else ""

    @admin.display(description="country")
    def country(self, issuer: Issuer) -> str:
        """The name of the country in the issuer's present version; "" without one."""
        return country(issuer.present.country) if issuer.present else ""

    @admin.display(description="tax number")
    def tax_number(self, issuer: Issuer) -> str:
        """The tax number in the issuer's present version; "" without one."""
        return issuer.present.tax_number if issuer.present else ""


@admin.register(IssuerVersion)
class IssuerVersionAdmin(ReadOnly):
    list_display = ("name", "issuer", "version", "country", "tax_number", "actor", "reason", "at")
    list_select_related = ("issuer",)
    search_fields = ("name", "issuer__prefix")
    fields = (
        *("issuer", "version", "name", "address", "country", "tax_number", "registration_number"),
        *(_banks, "has_references", "actor", "reason", "at"),
    )
    readonly_fields = (_banks,)


def _said(details: BillingDetails) -> dict[str, Any]:
    """What a page of decisions shows of billing details, and compares when the form comes back:
    status, legal name, address, country, tax number and purchase order.
    """
    return {
        "Status": details.get_status_display(),
        "Legal name": details.legal_name,
        "Address": details.address,
        "Country": country(details.country),
        "Tax number": details.tax_number,
        "Purchase order": details.purchase_order,
    }


@admin.register(BillingDetails)
class BillingDetailsAdmin(AboutAccount, OfMerchant):
    merchant = "account__merchant"
    reference = ""
    list_display = (
        *("legal_name", related("account__merchant"), "version", "country", "tax_number"),
        *("status", "said_at", "said_by"),
    )
    list_filter = (waiting(DETAILS), "status")
    list_select_related = ("account__merchant",)
    decisions = (
        Decision(
            "confirm",
            "Confirm",
            form=Reasoned,
            effect=lambda details: (
                "The merchant’s bills are made out so from the next one on. Bills and drafts that"
                " there are stay as they are."
            ),
            shown=_said,
            carry_out=Call(billing_details.confirm, "details_id"),
            done="The billing details are confirmed.",
            is_open=lambda details: details.is_waiting,
        ),
        Decision(
            "reject",
            "Reject",
            form=Telling,
            effect=lambda details: (
                "Bills are made out as before. The merchant reads why on its page."
            ),
            shown=_said,
            carry_out=Call(billing_details.reject, "details_id"),
            done="The billing details are rejected.",
            is_open=lambda details: details.is_waiting,
        ),
    )

    def last_decision(self, row: Any) -> LastDecision | None:
        """Return the status of the billing details, with who decided about them and when, for
        the page of a decision that is not open any more. For details that were replaced before
        anybody decided, that is who gave the newer ones. While they wait, nobody ("") and None
        stand in these places; the result itself is never None.
        """
        return LastDecision(str(row.get_status_display()), row.decided_by, row.decided_at)
