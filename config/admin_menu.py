"""How the admin looks, and where the links of its sidebar lead."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy

from config.cells import choosing
from lib import cells

# Title, icon, and the address's name or the list's model, which is written "app_model".
Link = tuple[str, str, str]


def _icon(request: HttpRequest) -> str:
    """The address of the icon that the admin shows, for Unfold's settings."""
    return static("img/tael.svg")


def _styles(request: HttpRequest) -> str:
    """The address of the style sheet that the admin adds, for Unfold's settings."""
    return static("css/admin.css")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar's sections, as Unfold takes them: what waits and the reports, the links to the
    lists that the operator may view, accounting where the journal is on, a choice of the cell where
    there are cells, and last a link to all lists.

    Each page has it. Unfold would find out anew for each link where it leads and who may see it,
    which took an eighth of a page's time.
    """
    begins = [
        _item(request, "What waits", "inbox", _address("admin:index")),
        _item(request, "Reports", "bar_chart", _address("backoffice:reports")),
    ]
    everything = _item(request, "All lists", "apps", _address("admin:lists"))
    sections = [_section(request, title, links) for title, links in LISTS]
    if settings.TAEL_JOURNAL:
        sections.append(_section(request, *JOURNAL))
    if cells.are_on():
        sections.append(_cells(request))
    return [{"items": begins}, *sections, {"separator": True, "items": [everything]}]


def _cells(request: HttpRequest) -> dict[str, Any]:
    """The section of the sidebar that says which cell's lists are shown, with a link to each: to
    the present page, with that cell chosen.
    """
    here, shown = request.path, choosing.chosen(request)
    items = [
        {
            "title": f"Cell {number}",
            "icon": "database",
            "link": f"{here}?{choosing.CHOSEN}={number}",
            "active": number == shown,
        }
        for number in cells.numbers()
    ]
    return {"title": "Lists are of", "separator": True, "items": items}


def _section(request: HttpRequest, title: str, links: tuple[Link, ...]) -> dict[str, Any]:
    """A section of the sidebar under this title. `links` are (label, icon, model), the model
    written as app_model. The link to a model's list is only there for an operator who may view the
    model. Returns what Unfold takes; a section without any link shows nothing.
    """
    items = [
        _item(request, label, icon, _address(f"admin:{model}_changelist"))
        for label, icon, model in links
        if request.user.has_perm("{}.view_{}".format(*model.split("_")))
    ]
    return {"title": title, "separator": True, "items": items}


def _item(request: HttpRequest, title: str, icon: str, link: str) -> dict[str, Any]:
    """A link of the sidebar, as Unfold takes it, to the address `link`. It is marked as active on
    the page with this address and on pages below it; the one to the admin's home on that page only.
    """
    is_here = request.path == link or (link != _address("admin:index") and link in request.path)
    return {"title": title, "icon": icon, "link": link, "active": is_here}


@cache
def _address(name: str) -> str:
    """The address of the route with this name. It is looked up once per process."""
    return reverse(name)


# The pages' teal (static/css/tokens.css) at the lightnesses the theme asks for.
TEAL = {
    "50": "oklch(97.5% .012 186)",
    "100": "oklch(94% .03 186)",
    "200": "oklch(88% .06 186)",
    "300": "oklch(80% .09 186)",
    "400": "oklch(70% .1 186)",
    "500": "oklch(58% .09 186)",
    "600": "oklch(45% .075 186)",
    "700": "oklch(39% .065 186)",
    "800": "oklch(34% .055 186)",
    "900": "oklch(29% .045 186)",
    "950": "oklch(22% .035 186)",
}

LISTS: tuple[tuple[str, tuple[Link, ...]], ...] = (
    (
        "Merchants",
        (
            ("Merchants", "storefront", "merchants_merchant"),
            ("Profiles", "badge", "merchants_profile"),
            ("Users", "person", "merchants_user"),
            ("Proposals", "how_to_vote", "merchants_proposal"),
            ("Operator policies", "policy", "merchants_operatorpolicy"),
            ("Decided by operators", "task_alt", "merchants_operatordecision"),
            ("Memberships", "group", "merchants_membership"),
            ("Notices", "notifications", "notices_notice"),
            ("Roles", "shield_person", "auth_group"),
        ),
    ),
    (
        "Credit",
        (
            ("Credit lines", "credit_score", "credit_creditline"),
            ("Orders", "shopping_cart", "credit_order"),
            ("Flagged orders", "flag", "credit_orderflag"),
            ("Payments of orders", "payments", "credit_orderpayment"),
            ("Freezes", "ac_unit", "credit_freeze"),
            ("Reviews", "trending_up", "credit_limitreview"),
            ("Requests", "contact_support", "credit_limitrequest"),
            ("Limit entries", "swap_vert", "credit_limitentry"),
            ("Policies", "gavel", "credit_creditpolicy"),
        ),
    ),
    (
        "Proceeds",
        (
            ("Withdrawals", "outbound", "credit_withdrawal"),
            ("Files for the bank", "draft", "credit_paymentfile"),
            ("Bank's answers", "mark_email_read", "credit_payoutanswerfile"),
            ("Destinations", "account_balance_wallet", "credit_payoutdestination"),
            ("Proceeds entries", "savings", "credit_proceedsentry"),
            ("Corrections", "rule", "credit_proceedscorrection"),
        ),
    ),
    (
        "Billing",
        (
            ("Billing accounts", "account_balance", "billing_billingaccount"),
            ("Charges", "receipt", "billing_charge"),
            ("Statements", "calendar_month", "billing_statement"),
            ("Bills", "request_quote", "billing_invoice"),
            ("Credit notes", "receipt_long", "billing_creditnote"),
            ("Clearances", "verified", "billing_clearance"),
            ("Issuers", "domain", "billing_issuer"),
            ("Billing details", "contact_page", "billing_billingdetails"),
            ("Tax rates", "percent", "billing_taxrate"),
            ("Tax classes of fees", "category", "billing_feetaxclass"),
            ("Payments of bills", "credit_card", "billing_payment"),
            ("Payment plans", "event_repeat", "billing_paymentplan"),
            ("Payments taken back", "undo", "billing_reversal"),
            ("Transfers", "swap_horiz", "billing_banktransfer"),
            ("Bank statements", "account_balance", "billing_bankstatement"),
            ("Lines of bank statements", "list_alt", "billing_bankline"),
            ("Banks’ files", "upload_file", "billing_bankfile"),
            ("Payouts of providers", "payments", "billing_providerpayout"),
            ("Differences of payouts", "difference", "billing_providerdifference"),
            ("Unapplied money", "savings", "billing_unappliedentry"),
            ("Credits", "undo", "billing_billingcredit"),
            ("Threshold requests", "vertical_align_top", "billing_thresholdrequest"),
            ("Questions", "contact_support", "billing_billingquestion"),
            ("Prices", "price_change", "billing_feeprice"),
            ("Fees", "sell", "billing_fee"),
        ),
    ),
    (
        "Tael",
        (
            ("Trail", "history", "trail_trailentry"),
            ("Sign-ins", "login", "merchants_signin"),
            ("Erasures", "person_off", "merchants_erasure"),
            ("API keys", "key", "gateway_apikey"),
            ("What came in", "move_to_inbox", "gateway_receivedevent"),
            ("Imports", "upload_file", "gateway_import"),
            ("Job runs", "schedule", "jobs_jobrun"),
            ("Parked failures", "report", "jobs_jobfailure"),
            ("Webhook endpoints", "webhook", "gateway_webhookendpoint"),
            ("Webhook deliveries", "send", "gateway_webhookdelivery"),
        ),
    ),
)

# Where the journal is on.
JOURNAL: tuple[str, tuple[Link, ...]] = (
    "Accounting",
    (
        ("Journal", "menu_book", "billing_journallock"),
        ("Chart of accounts", "account_tree", "billing_chartaccount"),
    ),
)

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Tael",
    "SITE_HEADER": "Tael",
    "SITE_ICON": _icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "COLORS": {"primary": TEAL},
    "STYLES": [_styles],
    "ENVIRONMENT": "backoffice.views.time_zone",
    "DASHBOARD_CALLBACK": "backoffice.views.home",
    "ACCOUNT": {
        "navigation": [
            {"title": "Password", "link": reverse_lazy("account_change_password")},
            {"title": "Two-factor authentication", "link": reverse_lazy("mfa_index")},
            {"title": "Sessions", "link": reverse_lazy("usersessions_list")},
            {"title": "Time zone", "link": reverse_lazy("admin:time_zone")},
        ]
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": navigation,
    },
}
