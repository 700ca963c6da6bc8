"""Pages of files whose rows are taken in by a job: how far one is, which the page follows by itself
(rule 20.10).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from unfold.admin import ModelAdmin

from lib import live


@dataclass(frozen=True)
class Progress:
    """How many of a file's rows were taken in, and how many had each outcome."""

    status: str  # in words
    row_count: int
    waiting: int
    outcomes: Sequence[tuple[str, int]]  # by label, without those that no row has
    is_under_way: bool

    @property
    def done(self) -> int:
        """How many of the rows do not wait any more."""
        return self.row_count - self.waiting


def counted(outcomes: Any, rows: Mapping[str, int]) -> list[tuple[str, int]]:
    """(label, number of rows) for each outcome that any row has. `outcomes` are the choices of all
    outcomes, and `rows` has the number of rows by an outcome's value.
    """
    return [(str(one.label), rows[one.value]) for one in outcomes if one.value in rows]


class ShowsProgress(ModelAdmin):
    """Shows above a row's fields how far it is, and follows that until it is done."""

    change_form_outer_before_template = "admin/progress_frame.html"

    def progress_of(self, row: Any) -> Progress:
        """How far the row, a file, has been taken in. Subclasses say it; here it raises
        NotImplementedError.
        """
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """The row's page; for a request of the part that refreshes itself, only that part. Raises
        PermissionDenied.
        """
        row = self.get_object(request, object_id) if live.asked(request) else None
        if row is None:
            page: HttpResponseBase = super().change_view(
                request, object_id, form_url, extra_context
            )
            return page
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        context = self._followed(row)
        return live.answer(request, context["live"]["progress"], context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The row's page, with the part that shows how far it is."""
        row = context.get("original")
        if row is not None:
            context |= self._followed(row)
        return super().render_change_form(request, context, *args, **kwargs)

    def _followed(self, row: Model) -> dict[str, Any]:
        """What the page's template needs: how far the row is, and the part that follows it."""
        progress = self.progress_of(row)
        told, is_under_way = f"{row}: {progress.status}", progress.is_under_way
        part = live.Part("progress", "admin/progress.html", is_under_way, told)
        return {"progress": progress, "live": {part.name: part}}
