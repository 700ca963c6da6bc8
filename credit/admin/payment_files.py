"""The admin page of files for the bank as ISO 20022 has them: who made which, and for when."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from backoffice.columns import figure
from backoffice.list_pages import ReadOnly
from credit.models import PaymentFile
from credit.queries import payment_files as queries


@admin.register(PaymentFile)
class PaymentFileAdmin(ReadOnly):
    """What a file is made of is at its withdrawals, which give it again, too."""

    list_display = ("name", "version", "made_at", "made_by", "count")
    ordering = ("-pk",)
    search_fields = ("name__exact",)
    search_help_text = "The file's name, such as B261104-3F9C2A"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        own = ("name", "version", "made_at", "made_by", "count")
        return (*own, self.parts, self.withdrawals, "digest")

    @admin.display(description="its parts")
    def parts(self, file: PaymentFile) -> SafeString:
        """For each currency how many withdrawals come to which control sum, and from which account
        of ours they are to be paid on which day.
        """
        parts = ((queries.part(file, code), ours) for code, ours in sorted(file.accounts.items()))
        return format_html_join(
            "",
            "<p>{}: {} from {} ({}), to be paid on {}</p>",
            (
                (
                    *(figure(part.total), counted(part.count), ours["number"], ours["name"]),
                    f"{date.fromisoformat(ours['on']):%d %B %Y}",
                )
                for part, ours in parts
            ),
        )

    @admin.display(description="its withdrawals")
    def withdrawals(self, file: PaymentFile) -> SafeString:
        """A link to the list of the file's withdrawals."""
        page = reverse("admin:credit_withdrawal_changelist")
        return format_html(
            '<a class="underline" href="{}?{}">{}</a>',
            *(page, urlencode({"q": file.name}), counted(file.count)),
        )


def counted(count: int) -> str:
    """The number with its noun, such as "3 withdrawals" or "1 withdrawal"."""
    return f"{count} withdrawal{'' if count == 1 else 's'}"
