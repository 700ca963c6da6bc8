"""The admin pages of the bank's answers: uploaded files, how many rows were processed, and the
outcome of each row.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from backoffice.list_pages import FoundByKeys, ReadOnly
from backoffice.progress import Progress, ShowsProgress, counted
from credit.models import PayoutAnswer, PayoutAnswerFile
from credit.queries import payout_answers

Outcome = PayoutAnswer.Outcome


@admin.register(PayoutAnswerFile)
class PayoutAnswerFileAdmin(ShowsProgress, ReadOnly):
    list_display = ("name", "form", "uploaded_at", "uploaded_by", "row_count")
    ordering = ("-pk",)
    search_fields = ("name__exact",)
    search_help_text = "The file's name here, such as A261104-3F9C2A"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return ("name", "form", "uploaded_at", "uploaded_by", "row_count", self.rows)

    def progress_of(self, row: PayoutAnswerFile) -> Progress:
        """How many rows the file has, how many of them wait, and how many ended with each
        outcome.
        """
        rows = payout_answers.outcomes(row)
        waiting = rows.get(Outcome.WAITING, 0)
        return Progress(
            "At work" if waiting else "Done",
            row.row_count,
            waiting=waiting,
            outcomes=counted(Outcome, rows),
            is_under_way=waiting > 0,
        )

    @admin.display(description="its rows")
    def rows(self, file: PayoutAnswerFile) -> SafeString:
        """Links to the list of the file's rows: all of them, and those of each outcome."""
        page = reverse("admin:credit_payoutanswer_changelist")
        asked = [("All", {}), *((one.label, {"outcome__exact": one.value}) for one in Outcome)]
        return format_html_join(
            " · ",
            '<a class="underline" href="{}?{}">{}</a>',
            ((page, urlencode({"q": file.name, **more}), label) for label, more in asked),
        )


@admin.register(PayoutAnswer)
class PayoutAnswerAdmin(FoundByKeys):
    keys: ClassVar[Sequence[str]] = ("file__name",)
    search_help_text = "The name of an upload"
    list_display = (
        *("row", "reference", "status", "reason", "outcome", "problem", "done_at", "file"),
    )
    list_filter = ("outcome",)
    list_select_related = ("file",)
    ordering = ("-file", "row")
    is_long = True
