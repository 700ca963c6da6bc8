"""The admin's pages with decisions: each says what will happen, asks, calls one operation, and
shows the operation's own sentence when that refuses. Beside them are downloads that take a reason.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import content_disposition_header
from unfold.admin import ModelAdmin

from backoffice import shown
from backoffice.briefs import Brief
from backoffice.buttons import button as _button
from backoffice.carrying_out import carry_out
from backoffice.columns import follow
from backoffice.decisions import Act, Decision, Download, File, Reasoned, Report, Text, in_history
from backoffice.outcomes import LastDecision, became, by_its_columns
from lib import clock
from lib.amount_fields import in_currency
from lib.refusals import ChangedMeanwhile, Refused

DRY_RUN = "dry_run"  # the name of the button that asks what a decision would do
SO_ALREADY = "It was so already: nothing has changed."


class Deciding(ModelAdmin):
    """Admin pages with decisions and downloads, for operators who may change such rows. Nothing
    else can be changed there.
    """

    decisions: ClassVar[Sequence[Decision]] = ()  # about one row
    list_decisions: ClassVar[Sequence[Decision]] = ()  # about none, or several
    downloads: ClassVar[Sequence[Download]] = ()
    merchant: ClassVar[str] = ""  # the path from the row to its merchant, where it has one

    def may_decide(self, request: HttpRequest, one: Decision | Download | None = None) -> bool:
        """Whether the operator may take this decision or download: that takes the permission which
        it names or, if it names none, the one to change such rows. Without `one` it is whether they
        have that latter one, and so may take decisions on these pages in general.
        """
        to_change = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return request.user.has_perm((one and one.permission) or to_change)

    def get_urls(self) -> list[URLPattern]:
        views: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("<int:object_id>/decide/<slug:name>/", self._decide_row, "decide"),
            ("<int:object_id>/download/<slug:name>/", self._download, "download"),
            ("decide/<slug:name>/", self._decide_list, "decide_list"),
        ]
        own = [
            path(route, self.admin_site.admin_view(view), name=self._name(name))
            for route, view, name in views
        ]
        return [*own, *super().get_urls()]

    def _name(self, name: str) -> str:
        """The name of the address of this model's page `name`, such as "decide"."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def _address(self, name: str, *args: object) -> str:
        """The address of this model's page `name`, such as "decide"; `args` are the address's
        arguments.
        """
        return reverse(f"{self.admin_site.name}:{self._name(name)}", args=args)

    # Buttons.

    def buttons(self, request: HttpRequest, row: Model) -> list[tuple[Text, str]]:
        """(title, address) of each decision about the row that is open and that the operator may
        take, in the order in which the page declares them.
        """
        return [
            (one.title, self._address("decide", row.pk, one.name))
            for one in self.decisions
            if self.may_decide(request, one) and one.is_open(row)
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The row's page, with the buttons of the downloads that it has and the decisions that are
        open, as far as the operator may take them.
        """
        row = context.get("original")
        if row is not None:
            context["actions_detail"] = [
                *context.get("actions_detail", ()),
                *(
                    _button(one.title, self._address("download", row.pk, one.name))
                    for one in self.downloads
                    if self.may_decide(request, one) and one.is_there(row)
                ),
                *self._decision_buttons(request, row),
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def _decision_buttons(self, request: HttpRequest, row: Model) -> list[dict[str, Any]]:
        """The buttons of the row's decisions that are open to the operator. Those with the same
        menu share one button, which stands where the first of them would.
        """
        buttons: list[dict[str, Any]] = []
        menus: dict[str, list[dict[str, Any]]] = {}
        for one in self.decisions:
            if not self.may_decide(request, one) or not one.is_open(row):
                continue
            button = _button(one.title, self._address("decide", row.pk, one.name))
            if not one.menu:
                buttons.append(button)
            elif str(one.menu) in menus:
                menus[str(one.menu)].append(button)
            else:
                menus[str(one.menu)] = items = [button]
                name = f"menu{len(menus)}"  # by which its script finds it
                buttons.append(_button(one.menu, "") | {"items": items, "method_name": name})
        return buttons

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with the buttons of those of its decisions that the operator may take."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse):
            context = response.context_data or {}
            response.context_data = context | {
                "actions_list": [
                    *context.get("actions_list", ()),
                    *(
                        _button(one.title, self._address("decide_list", one.name))
                        for one in self.list_decisions
                        if self.may_decide(request, one)
                    ),
                ]
            }
        return response

    # Pages.

    def _decide_row(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """Show the page of the decision `name` about a row or, for a POST, carry the decision out
        as `_decide` says. Raises PermissionDenied if the operator may not take it, and Http404 if
        there is no such decision or row.
        """
        decision = self._named(request, self.decisions, name)
        return self._decide(request, self._row(request, object_id), decision)

    def _decide_list(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show the page of the list's decision `name`, which is about no single row, or, for a
        POST, carry it out as `_decide` says. Raises PermissionDenied if the operator may not take
        it, and Http404 if there is none.
        """
        return self._decide(request, None, self._named(request, self.list_decisions, name))

    def _download(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """Show the page of the download `name` of a row, which asks for a reason; a POST with one
        answers with the file, or shows the page again with why it was refused. Raises
        PermissionDenied if the operator may not take it, and Http404 if there is no such row,
        download or file.
        """
        download = self._named(request, self.downloads, name)
        row = self._row(request, object_id)
        if not download.is_there(row):
            raise Http404
        form = Reasoned(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return attachment(*download.content(_act(form, row, request)))
            except Refused as refusal:
                form.add_error(None, str(refusal))
        return self._page(request, row, download, form)

    def _named(self, request: HttpRequest, ones: Sequence[Any], name: str) -> Any:
        """That of these decisions or downloads which has this name. Raises PermissionDenied if the
        operator may not take it, and Http404 if there is none.
        """
        one = next((one for one in ones if one.name == name), None)
        if not self.may_decide(request, one):
            raise PermissionDenied
        if one is None:
            raise Http404
        return one

    def _row(self, request: HttpRequest, object_id: int) -> Model:
        """The row with this key, as the model's pages find it. Raises Http404 if they find none."""
        row: Model | None = self.get_object(request, str(object_id))
        if row is None:
            raise Http404
        return row

    def _decide(self, request: HttpRequest, row: Any, decision: Decision) -> HttpResponse:
        """Show the decision's page or, for a POST with a valid form, carry the decision out
        (carry_out), and redirect with a message, answer with its file, or show its report. What
        ends with a message is logged in the admin's history, which says so if it was only proposed
        to a second person, but not if the same form had done it before. A POST for a dry run shows
        what the decision would do instead. If the operation returned None, as all was so already,
        that is said, and nothing is logged.

        If it is refused, the page is shown again with the reason. If something that the page showed
        has changed, the page shown again has the present figures, and keeps what was typed. A
        decision that takes a second factor has it confirmed first.
        """
        if decision.takes_second_factor:
            elsewhere: HttpResponse | None = self.admin_site.confirm_again(request)
            if elsewhere is not None:
                return elsewhere
        if request.method != "POST":
            form = decision.form(initial=decision.initial(row))
            return self._page(request, row, decision, form)
        form = _filled_in(decision, row, request.POST, request)
        if DRY_RUN in request.POST and decision.dry_run is not None:
            return self._dry_run(request, row, decision, form)
        try:
            decided = self._outcome(decision, form, row, request)
        except ChangedMeanwhile as refusal:
            return self._look_again(request, row, decision, refusal)
        if decided is None:
            return self._page(request, row, decision, form)
        return self._decided(request, row, decision, *decided)

    def _decided(
        self,
        request: HttpRequest,
        row: Any,
        decision: Decision,
        outcome: Report | File | Model | None,
        is_new: bool,
    ) -> HttpResponse:
        """The answer to a form whose decision was carried out with this outcome: its file, its
        report, or a redirection with a message, which is logged in the admin's history if the
        decision is new (`is_new`). Of None, which says that all was so already, nothing is logged.
        """
        if isinstance(outcome, File):
            return attachment(outcome.name, outcome.content)
        if isinstance(outcome, Report):
            return self._page(request, row, decision, None, outcome)
        if outcome is None:
            messages.info(request, SO_ALREADY)
        else:
            if is_new:
                about = outcome if row is None else row
                self.log_change(request, about, in_history(decision, outcome))
            if callable(decision.done):  # it may be no success, such as a payment that failed
                messages.info(request, str(decision.done(outcome)))
            else:
                messages.success(request, str(decision.done))
        # Deleting leaves no key.
        is_there = row is not None and (outcome is None or outcome.pk is not None)
        return HttpResponseRedirect(
            self._address("change", row.pk) if is_there else self._address("changelist")
        )

    def _dry_run(
        self, request: HttpRequest, row: Any, decision: Decision, form: forms.Form
    ) -> HttpResponse:
        """The decision's page again, with the form as filled in and a brief of what the decision
        would change; nothing is decided. A form with errors, or a refusal, is shown with them, and
        with the brief that the page has without a dry run.
        """
        brief = None
        if form.is_valid() and decision.dry_run is not None:
            with _refusals_in(form):
                brief = decision.dry_run(_act(form, row, request))
        return self._page(request, row, decision, form, rehearsed=brief)

    def _outcome(
        self, decision: Decision, form: forms.Form, row: Any, request: HttpRequest
    ) -> tuple[Report | File | Model | None, bool] | None:
        """Carry out the decision (carry_out), and return its result, which is None if all was so
        already, and whether it is a decision of its own and not a form that was sent twice. Returns
        None alone if the form is not valid or the decision was refused; the form's errors then say
        why. Raises ChangedMeanwhile.
        """
        if not form.is_valid():
            return None
        try:
            return carry_out(
                decision,
                _act(form, row, request),
                lock=self.lock,
                read_again=lambda: self.get_queryset(request).filter(pk=row.pk).first(),
            )
        except ChangedMeanwhile:
            raise
        except (Refused, ValidationError) as error:
            _add_error(form, error)
        return None

    def last_decision(self, row: Any) -> LastDecision | None:
        """What was decided about the row, by whom and when, for the page of a decision that
        is not open any more. By default the row's own columns say so
        (outcomes.by_its_columns): the first of STEPS that has an instant counts, which need
        not be the latest, and without one the row's status alone. It is None if the row has
        neither. Pages whose rows keep that elsewhere, or had another last decision,
        override it.
        """
        return by_its_columns(row)

    def brief(self, row: Any, name: str) -> Brief | None:
        """What an operator reads before the decision `name` about the row: facts, changes and
        history. None, as by default, where the sentence of its effect says it all.
        """
        return None

    def lock(self, row: Any, now: datetime) -> None:
        """Take the lock under which operations change what decisions about the row change,
        until the transaction ends. By default it is the lock of the row itself. `now` is for
        pages whose lock also works off the days that have ended by then; the default does not
        use it.
        """
        held = self.model._base_manager.select_for_update(no_key=True)
        list(held.filter(pk=row.pk).values_list("pk"))

    def _look_again(
        self, request: HttpRequest, row: Any, decision: Decision, refusal: ChangedMeanwhile
    ) -> HttpResponse:
        """The page of a decision that was refused since something has changed: with the present
        figures and what was typed, so that a second press is taken with open eyes. If the row is
        gone, or the decision is about none, it redirects to the list with the reason as a message.
        """
        if row is not None:
            row = self.get_object(request, str(row.pk))
        if row is None:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(self._address("changelist"))
        form = _filled_in(decision, row, _typed(decision, row, request), request)
        form.add_error(None, str(refusal))
        return self._page(request, row, decision, form, is_new=True)

    def _page(
        self,
        request: HttpRequest,
        row: Any,
        decision: Decision | Download,
        form: forms.Form | None,
        report: Report | None = None,
        *,
        is_new: bool = False,
        rehearsed: Brief | None = None,
    ) -> TemplateResponse:
        """Render the page of a decision or download, or the report of one that was carried out.

        A decision that is not open has no form, but says what became of the row. What the page
        showed before is carried on when it is shown again, unless it is a new page (`is_new`).
        """
        is_closed = isinstance(decision, Decision) and row is not None and not decision.is_open(row)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": decision.title,
            "subtitle": row,
            "merchant": row and self.merchant and follow(row, self.merchant),
            "showed_in": shown.FIELD,
            "showed": self._showed(request, row, decision, is_new),
            "effect": "" if is_closed and report is None else decision.effect(row),
            "warning": getattr(getattr(decision, "carry_out", None), "warning", ""),
            "form": form,
            "brief": rehearsed or self._brief(row, decision, is_closed or report is not None),
            "dry_run": DRY_RUN if getattr(decision, "dry_run", None) else "",
            "report": report,
            "became": became(row, self.last_decision(row)) if is_closed and not report else "",
            "back": self._address("changelist") if row is None else self._address("change", row.pk),
        }
        return TemplateResponse(request, "admin/decision.html", context)

    def _brief(self, row: Any, decision: Decision | Download, is_over: bool) -> Brief | None:
        """The brief that the page of the decision shows; None for a download, a decision about no
        row, and one that is over.
        """
        is_asked = isinstance(decision, Decision) and row is not None and not is_over
        return self.brief(row, decision.name) if is_asked else None

    def _showed(
        self, request: HttpRequest, row: Any, decision: Decision | Download, is_new: bool
    ) -> str:
        """The text of the hidden field in which the page carries along what it shows of the row; ""
        for a decision that shows nothing. On a page that is shown again it is what was sent, unless
        it is a new page (`is_new`).
        """
        if row is None or not isinstance(decision, Decision) or decision.shown is None:
            return ""
        if request.method == "POST" and not is_new:
            return request.POST.get(shown.FIELD, "")
        return shown.written(shown.as_texts(decision.shown(row)))


def _add_error(form: forms.Form, error: Refused | ValidationError) -> None:
    """Add to the form, as its errors, why an operation refused it: a model's errors at their
    fields, others for the whole form.
    """
    if isinstance(error, Refused):
        form.add_error(None, str(error))
        return
    for name, errors in error.update_error_dict({}).items():
        form.add_error(name if name in form.fields else None, errors)


@contextmanager
def _refusals_in(form: forms.Form) -> Iterator[None]:
    """A context in which a Refused or ValidationError becomes an error of the form, and is not
    raised.
    """
    try:
        yield
    except (Refused, ValidationError) as error:
        _add_error(form, error)


def attachment(name: str, content: bytes) -> HttpResponse:
    """A response with a file of this name that the browser saves and does not open."""
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _act(form: forms.Form, row: Any, request: HttpRequest) -> Act:
    """What the operator has decided by submitting the form, which is valid: the row, the form's
    values, who, when (now), and what the page had shown, None if it does not say that readably.
    """
    showed = shown.read(request.POST.get(shown.FIELD))
    return Act(
        row=row, cleaned_data=form.cleaned_data, user=request.user, now=clock.now(), showed=showed
    )


def _filled_in(decision: Decision, row: Any, typed: QueryDict, request: HttpRequest) -> forms.Form:
    """The decision's form, bound to what was typed and to the request's files, with the
    initial values that the row gives. Its amounts are in the row's currency, if the row has
    one. It is not validated here.
    """
    form = decision.form(typed, request.FILES, initial=decision.initial(row))
    in_currency(form, getattr(row, "currency", ""))
    return form


def _typed(decision: Decision, row: Any, request: HttpRequest) -> QueryDict:
    """What was typed into the form, with the values of its hidden fields as the row gives them
    now.
    """
    typed = request.POST.copy()
    initial = decision.initial(row)
    for name, field_ in decision.form.base_fields.items():
        if field_.widget.is_hidden and name in initial:
            typed[name] = str(field_.prepare_value(initial[name]))
    return typed
