"""Decisions about several rows of a list at once, where each row could be decided alone.

Each row is decided by the same operation as on its own page, with the same checks, in a transaction
of its own; one that is refused keeps no other waiting. A report says what was done and what was
not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from backoffice import shown
from backoffice.buttons import button
from backoffice.carrying_out import carry_out
from backoffice.columns import follow
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Decision, Report, in_history
from backoffice.list_pages import add_buttons
from lib import clock
from lib.day_ends import DaysNotWorkedOff
from lib.refusals import Refused

MOST = 100  # rows of one page
LOOKED_AT = 500  # of the list's rows, for those that are open
CHOSEN = "chosen"  # the name of the boxes
SHOWED = "showed_{}"  # of what the page shows of a row, by its key


@dataclass(frozen=True)
class Candidate:
    """A row that could be decided: its key, what the page says of it, and what it carries."""

    key: Any
    name: str
    whose: str
    effect: str
    showed_in: str
    showed: str
    is_chosen: bool


class DecidingSeveral(Deciding):
    """Admin pages with decisions, of which those named in `several` can be taken for several rows
    of the list at once. Their forms say the same of all rows: a reason, and what merchants read.
    """

    several: ClassVar[Sequence[str]] = ()

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., HttpResponse] = self.admin_site.admin_view(self._decide_several)
        route = "decide-several/<slug:name>/"
        return [path(route, view, name=self._name("decide_several")), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with buttons for those decisions about several of the rows it shows that the
        operator may take.
        """
        response: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse):
            asked = f"?{request.GET.urlencode()}" if request.GET else ""
            offered = [
                button(f"{one.title} several", self._address("decide_several", one.name) + asked)
                for one in self._for_several()
                if self.may_decide(request, one)
            ]
            add_buttons(response, offered)
        return response

    def _for_several(self) -> list[Decision]:
        """The decisions that can be taken for several rows."""
        return [one for one in self.decisions if one.name in self.several]

    def _decide_several(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the rows of the list for which the decision is open or, for a POST with a valid
        form, decide about those that were chosen, one after the other, and show the report. Raises
        PermissionDenied, also for more than MOST rows, and Http404. If the form is invalid or no
        row was chosen, they are shown again with the reason; if the address filters by a value that
        cannot be, it leads back to the list. A decision that takes a second factor has it confirmed
        first.
        """
        decision: Decision = self._named(request, self._for_several(), name)
        if decision.takes_second_factor:
            elsewhere: HttpResponse | None = self.admin_site.confirm_again(request)
            if elsewhere is not None:
                return elsewhere
        if request.method != "POST":
            return self._several_page(request, decision, decision.form())
        form = decision.form(request.POST, request.FILES)
        chosen = [int(key) for key in request.POST.getlist(CHOSEN) if _is_key(key)]
        if not form.is_valid():
            return self._several_page(request, decision, form)
        if not chosen:
            form.add_error(None, "Choose the rows first.")
            return self._several_page(request, decision, form)
        if len(chosen) > MOST:
            raise PermissionDenied
        report = self._report(request, decision, form, sorted(set(chosen)))
        return self._several_page(request, decision, None, report)

    def _report(
        self, request: HttpRequest, decision: Decision, form: forms.Form, keys: list[int]
    ) -> Report:
        """Decide about each of the rows with these primary `keys`, one after the other, and tell
        what was done and what was refused, by name. Each is locked and decided in a transaction of
        its own, and logged in the admin's history. What is refused does not hold up the others; any
        other error is raised, and what was decided before it stays.
        """
        done: list[str] = []
        refused: list[str] = []
        for key in keys:
            row = self.get_queryset(request).filter(pk=key).first()
            if row is None:
                refused.append(f"Row {key} is gone.")
                continue
            try:
                done.append(f"{row}: {self._decide_one(request, decision, form, row)}")
            except (Refused, ValidationError, DaysNotWorkedOff) as error:
                refused.append(f"{row}: {_in_words(error)}")
        count = f"{len(done)} of {len(keys)}: {decision.title}."
        return Report(done="\n".join([count, *done]), refused=refused)

    def _decide_one(
        self, request: HttpRequest, decision: Decision, form: forms.Form, row: Any
    ) -> str:
        """Decide about one row as its own page does, with its checks, and under its lock unless the
        decision commits by itself; log it in the admin's history, or that it was proposed, unless
        the form was sent before, and return what is said afterwards. Raises what refuses it.
        """
        showed = shown.read(request.POST.get(SHOWED.format(row.pk)))
        act = Act(row, dict(form.cleaned_data), request.user, clock.now(), showed)
        outcome, is_new = carry_out(
            decision,
            act,
            lock=self.lock,
            read_again=lambda: self.get_queryset(request).filter(pk=row.pk).first(),
        )
        if is_new:
            self.log_change(request, row, in_history(decision, outcome))
        return str(decision.done(outcome) if callable(decision.done) else decision.done)

    def _several_page(
        self,
        request: HttpRequest,
        decision: Decision,
        form: forms.Form | None,
        report: Report | None = None,
    ) -> HttpResponse:
        """Render the page of a decision about several rows. Without a report it has the form
        and the rows to choose from: at most MOST of those that the list shows with the filters
        of this address and for which the decision is open. With a report it has what was done
        and what was refused, and no rows.
        """
        try:
            rows = [] if report else list(self._candidates(request, decision))
        except IncorrectLookupParameters:
            return HttpResponseRedirect(self._address("changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{decision.title} several",
            "rows": rows,
            "most": MOST,
            "chosen_in": CHOSEN,
            "form": form,
            "report": report,
            "warning": getattr(decision.carry_out, "warning", ""),
            "back": self._address("changelist"),
        }
        return TemplateResponse(request, "admin/several.html", context)

    def _candidates(self, request: HttpRequest, decision: Decision) -> Iterator[Candidate]:
        """Yield the rows for which the decision is open, among those that the list shows with the
        filters and search of this address: at most MOST, among the first LOOKED_AT rows of the
        list. Each says what the decision would do to it, what its page showed, and whether it was
        chosen in the form. Raises IncorrectLookupParameters for a filter or search that cannot be.
        """
        chosen = set(request.POST.getlist(CHOSEN))
        found = self.get_changelist_instance(request).queryset[:LOOKED_AT]
        rows = [row for row in found if decision.is_open(row)]
        for row in rows[:MOST]:
            carried = SHOWED.format(row.pk)
            yield Candidate(
                key=row.pk,
                name=str(row),
                whose=str(follow(row, self.merchant) or "") if self.merchant else "",
                effect=str(decision.effect(row)),
                showed_in=carried,
                showed=request.POST.get(carried) or self._row_showed(decision, row),
                is_chosen=str(row.pk) in chosen,
            )

    def _row_showed(self, decision: Decision, row: Model) -> str:
        """The text of the hidden field in which the page carries along what it shows of the row; ""
        for a decision that shows nothing.
        """
        if decision.shown is None:
            return ""
        return shown.written(shown.as_texts(decision.shown(row)))


def _is_key(text: str) -> bool:
    """Whether the text is written as a whole number that a primary key can be."""
    return text.isascii() and text.isdigit() and len(text) < 19


def _in_words(error: Exception) -> str:
    """The sentence for operators about the error that kept a row from being decided."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, DaysNotWorkedOff):
        return "The merchant's days cannot be worked off: see the rows that a job has parked."
    return str(error)
