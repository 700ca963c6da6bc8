"""How the admin looks, and what its sidebar leads to."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _icon(request: HttpRequest) -> str:
    return static("img/tael.svg")


def _styles(request: HttpRequest) -> str:
    return static("css/admin.css")


def _links(title: Promise, *links: tuple[Promise, str, str]) -> dict[str, Any]:
    return {
        "title": title,
        "separator": True,
        "items": [
            {"title": label, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
            for label, icon, model in links
        ],
    }


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

UNFOLD = {
    "SITE_TITLE": "Tael",
    "SITE_HEADER": "Tael",
    "SITE_ICON": _icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "COLORS": {"primary": TEAL},
    "STYLES": [_styles],
    "DASHBOARD_CALLBACK": "config.desk.views.home",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": [
            _links(
                _("Merchants"),
                (_("Merchants"), "storefront", "merchants_merchant"),
                (_("Users"), "person", "merchants_user"),
                (_("Memberships"), "group", "merchants_membership"),
            ),
            _links(
                _("Credit"),
                (_("Credit lines"), "credit_score", "credit_creditline"),
                (_("Orders"), "shopping_cart", "credit_order"),
                (_("Order payments"), "payments", "credit_orderpayment"),
                (_("Freezes"), "ac_unit", "credit_freeze"),
                (_("Limit entries"), "swap_vert", "credit_limitentry"),
                (_("Proceeds entries"), "savings", "credit_proceedsentry"),
            ),
            _links(
                _("Billing"),
                (_("Billing accounts"), "account_balance", "billing_billingaccount"),
                (_("Charges"), "receipt", "billing_charge"),
                (_("Statements"), "calendar_month", "billing_statement"),
                (_("Bills"), "request_quote", "billing_invoice"),
                (_("Payments"), "credit_card", "billing_payment"),
                (_("Stray payments"), "help_center", "billing_straypayment"),
                (_("Credits"), "undo", "billing_billingcredit"),
                (_("Threshold requests"), "vertical_align_top", "billing_thresholdrequest"),
                (_("Prices"), "price_change", "billing_feeprice"),
                (_("Fees"), "sell", "billing_fee"),
            ),
        ],
    },
}
