"""The admin page of files for the bank as ISO 20022 has them: who made which, and for when."""

from django.contrib import admin

from backoffice.list_pages import ReadOnly
from credit.models import PaymentFile


@admin.register(PaymentFile)
class PaymentFileAdmin(ReadOnly):
    """What a file is made of is at its withdrawals, which give it again, too."""

    list_display = ("name", "version", "made_at", "made_by", "count")
    ordering = ("-pk",)
    search_fields = ("name__exact",)
    search_help_text = "The file's name, such as B261104-3F9C2A"
