"""The admin pages of imports: files are uploaded there, stopped and resumed; how far they are, and
what became of each row.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from backoffice.briefs import Brief
from backoffice.buttons import button
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Decision, Reasoned, Report
from backoffice.list_pages import FoundByKeys
from backoffice.progress import Progress, ShowsProgress, counted
from gateway.imports import briefs, operations, queries
from gateway.imports.faults import BadRows
from gateway.imports.forms import NewImport
from gateway.imports.kinds import KINDS, Kind
from gateway.imports.models import Import, ImportedRow
from gateway.imports.reading import MOST_ROWS
from gateway.roles import NotTheirs
from lib import csv_files

Outcome = ImportedRow.Outcome


def _check_role(act: Act, kind: Kind) -> None:
    """Raise NotTheirs if the operator may not import rows of this kind."""
    if not act.user.has_perm(kind.permission):
        raise NotTheirs(f"kind: {kind.label.lower()} are not for your role to import")


def _upload(act: Act) -> Report:
    """Upload the file as the form says, with a trail row; a job applies its rows. The report links
    to the import, or lists what is wrong with the file. Raises NotTheirs for rows that the operator
    may not import, and what operations.upload raises but BadRows.
    """
    said = act.cleaned_data
    _check_role(act, KINDS[said["kind"]])
    try:
        file = operations.upload(
            kind=said["kind"],
            file_name=said["file"].name,
            content=said["file"].read(),
            again=said["again"],
            reason=act.reason,
            actor=act.actor,
            now=act.now,
        )
    except BadRows as refusal:
        return Report(
            "Nothing of the file was taken in, since not all of it can be right. Mend it, and"
            " upload it again.",
            refused=refusal.told(),
            refused_title="What is wrong",
            link=reverse("admin:gateway_import_decide_list", args=["upload"]),
            link_text="Upload it again",
        )
    return Report(
        f"The file is here: {_counted(file.row_count)} in order. All is applied within"
        " minutes; its page shows how far that has come, and what became of each.",
        link=reverse("admin:gateway_import_change", args=[file.pk]),
        link_text=file.name,
    )


def _counted(rows: int) -> str:
    """The number of rows with its verb, such as "1 row is" or "1,200 rows are"."""
    return "1 row is" if rows == 1 else f"{rows:,} rows are"


def _stop(act: Act) -> Import:
    """Stop the import, with a trail row: rows that wait stay as they are. Raises NotTheirs if the
    operator's role may not decide about its kind, and what operations.stop raises: NotAtWork, and
    Invalid without a reason.
    """
    _check_role(act, act.row.of_kind)
    return operations.stop(import_id=act.row.pk, reason=act.reason, actor=act.actor, now=act.now)


def _resume(act: Act) -> Import:
    """Resume the import, with a trail row; a job goes on with its rows. Raises NotTheirs if the
    operator's role may not decide about its kind, and what operations.resume raises: NotStopped,
    and Invalid without a reason.
    """
    _check_role(act, act.row.of_kind)
    return operations.resume(import_id=act.row.pk, reason=act.reason, actor=act.actor, now=act.now)


def _columns(kind: Kind) -> str:
    """A sentence that names the columns of this kind of rows."""
    return f"{kind.label}: {', '.join(kind.required)}; optional {', '.join(kind.optional)}."


def _effect(row: object) -> str:
    """The text above the form: what a file may be, and the columns of each kind of rows; `row` is
    not used.
    """
    return "\n".join(
        (
            f"A CSV file with a heading, or one JSON object on each line, in UTF-8; {MOST_ROWS:,}"
            " rows and 5 MB at most. Amounts have a point. The whole file is looked at first, and"
            " if anything cannot be right, nothing of it is taken in.",
            *(_columns(kind) for kind in KINDS.values()),
        )
    )


def _links(file: Import, asked: Sequence[tuple[str, dict[str, str]]]) -> SafeString:
    """Links to the list of the import's rows: for each of `asked` its text, and by what the list is
    filtered.
    """
    page = reverse("admin:gateway_importedrow_changelist")
    return format_html_join(
        " · ",
        '<a class="underline" href="{}?{}">{}</a>',
        ((page, urlencode({"q": file.name, **more}), text) for text, more in asked),
    )


@admin.register(Import)
class ImportAdmin(ShowsProgress, Deciding, FoundByKeys):
    keys = ("name", "digest")
    search_help_text = "The import's name, such as I261126-3F9C2A, or its file's SHA-256."
    list_display = ("name", "kind", "file_name", "row_count", "status", "uploaded_at",
                    "uploaded_by")  # fmt: skip
    list_filter = ("status", "kind")
    ordering = ("-pk",)
    list_decisions = (
        Decision(
            "upload",
            "Upload a file",
            form=NewImport,
            effect=_effect,
            carry_out=_upload,
        ),
    )
    decisions = (
        Decision(
            "stop",
            "Stop",
            form=Reasoned,
            effect=lambda file: (
                f"No further row of {file} is applied until somebody resumes it. What was applied"
                " stays."
            ),
            shown=lambda file: {"Status": file.get_status_display()},
            carry_out=_stop,
            done="The import is stopped.",
            is_open=lambda file: file.is_running,
        ),
        Decision(
            "resume",
            "Resume",
            form=Reasoned,
            effect=lambda file: f"The rows of {file} that wait are applied within minutes.",
            shown=lambda file: {"Status": file.get_status_display()},
            carry_out=_resume,
            done="The import goes on.",
            is_open=lambda file: file.is_stopped,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What an operator reads before the decision called `name` about this import: its rows by
        outcome, and what becomes of its status (briefs.of_import). It is never None.
        """
        return briefs.of_import(row, name)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """The fields of the import's page: the import's own, and links to its rows; where they
        found merchants, also to those rows by what became of their owners' invitations.
        """
        own = ("name", "kind", "file_name", "digest", "uploaded_at", "uploaded_by", "reason")
        founds = isinstance(obj, Import) and obj.of_kind.founds
        return (*own, self.rows, *([self.owners] if founds else []))

    def progress_of(self, row: Import) -> Progress:
        """How far the import is: how many of its rows wait, and how many have each outcome."""
        rows = queries.outcomes(row)
        return Progress(
            row.get_status_display(),
            row.row_count,
            waiting=rows.get(Outcome.WAITING, 0),
            outcomes=counted(Outcome, rows),
            is_under_way=row.is_running,
        )

    @admin.display(description="its rows")
    def rows(self, file: Import) -> SafeString:
        """Links to the list of the import's rows: all of them, and those of each outcome."""
        asked = [(str(one.label), {"outcome__exact": one.value}) for one in Outcome]
        return _links(file, [("All", {}), *asked])

    @admin.display(description="owners' invitations")
    def owners(self, file: Import) -> SafeString:
        """Links to the import's rows by what became of the invitations of the owners whom they
        name, each with their number.
        """
        known = counted(ImportedRow.Invitation, of := queries.invitations(file))
        values = [one.value for one in ImportedRow.Invitation if one.value in of]
        return _links(
            file,
            [
                (f"{label}: {rows:,}", {"invitation__exact": value})
                for (label, rows), value in zip(known, values, strict=True)
            ],
        )

    # The result as a file.

    def get_urls(self) -> list[URLPattern]:
        """Django's addresses of the admin, after the one that downloads an import's result."""
        view: Callable[..., HttpResponseBase] = self.admin_site.admin_view(self.result)
        own = path("<int:object_id>/result/", view, name="gateway_import_result")
        return [own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The import's page, with a button that downloads its result."""
        row = context.get("original")
        if row is not None:
            address = reverse("admin:gateway_import_result", args=[row.pk])
            context["actions_detail"] = [
                *context.get("actions_detail", ()),
                button("Result as CSV", address),
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def result(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Download a CSV file of the import's rows, each with what became of it so far. Raises
        PermissionDenied for who may not see imports, and Http404 for an unknown one.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        file: Import | None = self.get_object(request, str(object_id))
        if file is None:
            raise Http404
        return csv_files.for_people(request, queries.result(file), f"{file.name}.csv")


@admin.register(ImportedRow)
class ImportedRowAdmin(FoundByKeys):
    keys: ClassVar[Sequence[str]] = ("file__name",)
    search_help_text = "The name of an import"
    list_display = ("line", "merchant", "reference", "outcome", "code", "reason", "done_at",
                    "invitation", "file")  # fmt: skip
    list_filter = ("outcome", "invitation")
    list_select_related = ("file",)
    ordering = ("-file", "line")
    is_long = True
