"""The journal's chart of accounts and locked months, and the addresses of its pages."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from backoffice.buttons import button
from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, Decision
from backoffice.list_pages import ReadOnly, add_buttons
from billing.admin import journal_pages
from billing.admin.journal_forms import AccountChoice, Month
from billing.models import ChartAccount, JournalLock
from billing.operations import chart, journal_locks

_LOCK = Decision(
    "lock",
    "Lock a month",
    form=Month,
    effect=lambda lock: (
        "The journal up to the end of that month stays as it is, for ever: what is written from now"
        " on with a day of it goes to the first day after. Nothing unlocks it. While the month is"
        " added up, orders and charges wait."
    ),
    carry_out=Call(journal_locks.lock),
    done="The journal is locked.",
)
_CHOOSE = Decision(
    "choose",
    "Choose an account",
    form=AccountChoice,
    effect=lambda chosen: (
        "All months of the journal that are not locked call the account so from now on. Locked ones"
        " keep what they had."
    ),
    carry_out=Call(chart.choose),
    done="The account is chosen.",
)

View = Callable[..., HttpResponseBase]


class _OfJournal(Deciding, ReadOnly):
    """Admin pages that are there only where the journal is switched on (TAEL_JOURNAL)."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the journal is switched on, and the operator may see the app."""
        return settings.TAEL_JOURNAL and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the journal is switched on, and the operator may view these rows."""
        return settings.TAEL_JOURNAL and super().has_view_permission(request, obj)

    def may_decide(self, request: HttpRequest, one: Any = None) -> bool:
        """Whether the journal is switched on, and the operator may take the decision or download
        `one` or, with None, decisions on these pages in general.
        """
        return settings.TAEL_JOURNAL and super().may_decide(request, one)

    def lock(self, row: Any, now: datetime) -> None:
        """Wait until no other transaction chooses accounts of the journal or locks a month, and
        keep others waiting until this one ends; `row` and `now` are not used.
        """
        chart.wait_turn()


@admin.register(JournalLock)
class JournalLockAdmin(_OfJournal):
    list_display = ("__str__", "through", "locked_at", "locked_by", "reason", "postings")
    ordering = ("-through",)
    list_decisions = (_LOCK,)

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses of the admin, after those of the journal's own pages: entries, files,
        trial balance, tax and its documents.
        """
        views: list[tuple[str, View, str]] = [
            ("journal/", journal_pages.entries, "entries"),
            ("journal/file/<slug:kind>/", journal_pages.taken, "file"),
            ("trial-balance/", journal_pages.balances, "balances"),
            ("tax/", journal_pages.taxes, "taxes"),
            ("tax/documents/", journal_pages.tax_documents, "tax_documents"),
        ]
        own = [
            path(
                route,
                self.admin_site.admin_view(self._for_readers(view)),
                name=f"billing_journallock_{name}",
            )
            for route, view, name in views
        ]
        return [*own, *super().get_urls()]

    def _for_readers(self, view: View) -> View:
        """Wrap a view so that those who may not see the journal get PermissionDenied."""

        @wraps(view)
        def seen(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            """The view, for who may see the journal. Raises PermissionDenied to others."""
            if not self.has_view_permission(request):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return seen

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The locked months, with buttons that lead to the journal's pages."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse):
            add_buttons(response, [
                button(title, reverse(f"{journal_pages.PREFIX}{name}"))
                for name, title in journal_pages.PAGES.items()
            ])  # fmt: skip
        return response


@admin.register(ChartAccount)
class ChartAccountAdmin(_OfJournal):
    list_display = ("key", "code", "name", "chosen_at", "chosen_by", "reason")
    search_fields = ("key", "code")
    list_decisions = (_CHOOSE,)
