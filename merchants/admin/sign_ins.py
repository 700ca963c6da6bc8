"""The admin pages of the log of sign-ins, which can be exported, of e-mails about them, and of when
second factors count from.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import validate_ipv46_address
from django.db.models import QuerySet
from django.http import HttpRequest

from backoffice import times
from backoffice.days_filter import OnDays
from backoffice.list_pages import FoundByKeys
from lib import csv_files
from merchants.models import EnrolledFactor, SecurityMail, SignIn
from merchants.templatetags import browsers

COLUMNS = {
    "Time (UTC)": csv_files.utc("at"),
    "What": csv_files.safe("kind"),
    "Person": "user_id",
    "Address": csv_files.safe("address"),
    "Network address": "host(ip)",
    "Browser": csv_files.safe("browser"),
    "Detail": csv_files.safe("detail"),
}


@admin.register(SignIn)
class SignInAdmin(FoundByKeys):
    """The admin page of the log of sign-ins, newest first. Each search has an index that is
    sorted in this order.
    """

    dated = "at"

    keys = ("address",)
    search_help_text = "An e-mail address, or the network address that it came from."
    list_display = ("time", "kind", "address", "network_address", "known_browser", "detail")
    list_filter = ("kind", ("at", OnDays))
    ordering = ("-at", "-id")
    sortable_by = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("time", "kind", "user", "address", "network_address", "browser", "detail")

    @admin.display(description="time")
    def time(self, sign_in: SignIn) -> str:
        """The instant of the sign-in in the operator's time zone, to the second."""
        return times.to_the_second(sign_in.at)

    @admin.display(description="network address")
    def network_address(self, sign_in: SignIn) -> str | None:
        """The IP address that the sign-in came from; None if it is not known, or was erased."""
        return sign_in.ip

    @admin.display(description="browser")
    def known_browser(self, sign_in: SignIn) -> str:
        """The names of browser and system, such as "Chrome on Windows", or the user agent itself if
        one of them is not recognised. The page of the row shows the whole user agent.
        """
        return browsers.browser(sign_in.browser)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[SignIn]", search_term: str
    ) -> tuple["QuerySet[SignIn]", bool]:
        """The rows from exactly this network address. A term that is not one is looked for, in
        small letters, as a whole e-mail address, or else as the beginning of addresses; without a
        term, all rows. The second value is Django's: whether a row may come twice.
        """
        term = search_term.strip().lower()
        try:
            validate_ipv46_address(term)
        except ValidationError:  # then it is an e-mail address
            return super().get_search_results(request, queryset, term)
        return queryset.filter(ip=term), False

    def file_of(self, found: Any) -> Iterator[bytes]:
        """Yield, as blocks of bytes, the CSV file of all sign-ins that the list has found, on all
        its pages, sorted as the list is.
        """
        return _file(found.queryset)


def _file(found: "QuerySet[SignIn]") -> Iterator[bytes]:
    """Yield, as blocks of bytes, a CSV file of these rows of the log of sign-ins, as they are
    sorted, with the columns COLUMNS.
    """
    rows = found.values("at", "kind", "user_id", "address", "ip", "browser", "detail")
    return csv_files.of_rows(COLUMNS, rows)


@admin.register(SecurityMail)
class SecurityMailAdmin(FoundByKeys):
    keys = ("address",)
    search_help_text = "The e-mail address that it goes to."
    list_display = ("kind", "address", "merchant", "at", "sent_at", "failures")
    list_filter = ("kind", ("sent_at", admin.EmptyFieldListFilter))
    list_select_related = ("merchant",)
    ordering = ("-id",)


@admin.register(EnrolledFactor)
class EnrolledFactorAdmin(FoundByKeys):
    keys = ("user__email",)
    search_help_text = "The person's e-mail address."
    list_display = ("user", "kind", "enrolled_at", "counts_from")
    list_select_related = ("user",)
    ordering = ("-id",)
