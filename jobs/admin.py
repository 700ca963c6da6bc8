"""The admin pages of runs and of parked rows, with the decisions to run a job and to retry a
row.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from backoffice import times
from backoffice.briefs import Brief
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned
from backoffice.filters import waiting
from backoffice.list_pages import ReadOnly
from backoffice.several import DecidingSeveral
from jobs import briefs, in_cells, queries, requested, tasks
from jobs.backoffice import PARKED
from jobs.forms import JobOrder
from jobs.in_cells import InCells
from jobs.models import JobFailure, JobRun
from jobs.timetable import all_jobs, job_named
from lib import cells, clock


class JobFilter(admin.SimpleListFilter):
    """Filters a list by job. It offers the jobs of the timetable, since to collect the names from
    the table, all of it would have to be read.
    """

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(job.name, job.name) for job in all_jobs()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(job=self.value()) if self.value() else queryset


class WithState(Deciding, ReadOnly):
    """The base class of the admin pages below, which show the state of all jobs above their
    lists.
    """

    list_before_template = "admin/jobs.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with how the scheduler and its jobs stand above it."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse):
            state = queries.state(clock.now())
            response.context_data = (response.context_data or {}) | {"jobs": state}
        return response


def _order(act: Act) -> JobRun:
    """Start the run of a job that the operator's form asks for, with a trail row, and send its
    chunks to the workers; returns the run. Raises UnknownJob, JobAtWork, Invalid. If the broker
    does not take a chunk, its error is raised; the run stays on record with it.
    """
    said = act.cleaned_data
    started = requested.order(
        job_name=said["job"], at=said["at"], reason=act.reason, actor=act.actor, now=act.now
    )
    tasks.spread(started)
    return started.run


@admin.register(JobRun)
class JobRunAdmin(WithState):
    dated = "started_at"
    list_display = (
        "job",
        "due",
        "started",
        "ended",
        "rows_due",
        "rows_done",
        "failed",
        "rows_left",
        "by",
    )
    list_filter = (JobFilter, ("ended_at", admin.EmptyFieldListFilter))
    list_decisions = (
        Decision(
            "run",
            "Run a job",
            form=JobOrder,
            effect=lambda row: (
                "The job does what had fallen due by an instant, for everybody"
                f"{' in the chosen cell' if cells.are_on() else ''}; what has been done already is"
                " not done again. You are told how many rows that are before anything"
                " happens."
            ),
            initial=lambda row: {"at": clock.now().replace(second=0, microsecond=0)},
            carry_out=_order,
            done=lambda run: (
                f"Run {run.pk} is on record: {run.job}, {run.rows_due} rows."
                + (" The workers have it." if run.ended_at is None else " There is nothing to do.")
            ),
        ),
    )

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns of the list, with the cell where there are several."""
        columns = super().get_list_display(request)
        return (columns[0], "cell", *columns[1:]) if cells.are_on() else columns

    @admin.display(description="due at")
    def due(self, run: JobRun) -> str:
        """The instant up to which the run works, to the second, in the operator's time zone."""
        return times.to_the_second(run.due_at)

    @admin.display(description="started at")
    def started(self, run: JobRun) -> str:
        """The instant at which the run started, to the second, in the operator's time zone."""
        return times.to_the_second(run.started_at)

    @admin.display(description="ended at")
    def ended(self, run: JobRun) -> str:
        """When the run ended; "at work" while it has not; in red if it was lost, or is at work and
        has done nothing for an hour.
        """
        if run.is_lost:
            return format_html(
                '<strong class="text-red-600 dark:text-red-500">{}</strong>',
                f"LOST, closed {times.shown(run.ended_at)}",
            )
        if run.ended_at is not None:
            return times.to_the_second(run.ended_at)
        if queries.is_stuck(run, clock.now()):
            return format_html(
                '<strong class="text-red-600 dark:text-red-500">{}</strong>',
                f"at work since {times.shown(run.started_at)}",
            )
        return "at work"

    @admin.display(description="rows failed")
    def failed(self, run: JobRun) -> str:
        """How many rows failed, in red, or "0"; "run failed", in red, if the run itself has an
        error and no row failed.
        """
        if not (run.rows_failed or run.error):
            return "0"
        shown = str(run.rows_failed or "run failed")
        return format_html('<strong class="text-red-600 dark:text-red-500">{}</strong>', shown)

    @admin.display(description="asked for by")
    def by(self, run: JobRun) -> str:
        """The operator who asked for the run, or "timetable"."""
        return run.actor or "timetable"


def _retry_outcome(failure: JobFailure) -> str:
    """The sentence that tells the operator whether the retry got the row done."""
    return "It is done." if failure.resolved_at else f"It failed again: {failure.error}"


@admin.register(JobFailure)
class JobFailureAdmin(DecidingSeveral, WithState):
    several = ("retry",)
    merchant = "merchant"
    list_display = ("job", "row", "merchant", "error", "failures", "last_failed_at", "resolved_at")
    list_filter = (waiting(PARKED), JobFilter, ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("merchant",)
    search_fields = ("merchant__reference__exact",)
    search_help_text = "Merchant's reference"
    readonly_fields = ("row",)
    decisions = (
        Decision(
            "retry",
            "Retry",
            form=Reasoned,
            effect=lambda failure: (
                f"{failure.job} is run now for this row alone. It failed {failure.failures}"
                f" time{'s' if failure.failures > 1 else ''}, the last time with: {failure.error}"
            ),
            shown=lambda failure: {
                "Failures": failure.failures,
                "Dealt with": failure.resolved_at is not None,
            },
            commits_itself=True,
            carry_out=Call(requested.retry, "failure_id"),
            done=_retry_outcome,
            is_open=lambda failure: failure.resolved_at is None,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What operators read before any decision about this parked row, whatever its `name`: what
        failed, how often, and how the job has gone lately (briefs.of_failure). It is never None.
        """
        return briefs.of_failure(row)

    @admin.display(description="row")
    def row(self, failure: JobFailure) -> str:
        """A link to the admin page of the row that failed, with the cell that it failed in if its
        job does it in each; its bare key if the job has no model, and as the job's runs have it if
        the timetable has no such job any more.
        """
        try:
            job = job_named(failure.job)
        except LookupError:
            return str(failure.row_id)
        key, of = in_cells.key_of(job.where, failure.row_id), ""
        if cells.are_on() and job.where is InCells.EACH:
            of = f" in cell {in_cells.of_failure(job.where, failure)}"
        if job.model is None:
            return f"{key}{of}"
        page = f"{job.model._meta.app_label}_{job.model._meta.model_name}"
        address = reverse(f"admin:{page}_change", args=[key])
        return format_html('<a href="{}">{} {}</a>{}', address, page, key, of)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return ("row", *super().get_fields(request, obj))
