"""The admin pages of notices and of their e-mails."""

from django.contrib import admin

from backoffice.list_pages import OfMerchant, related
from notices.models import Notice, NoticeMail


@admin.register(Notice)
class NoticeAdmin(OfMerchant):
    merchant = "merchant"
    reference = "cause"
    is_long = True
    list_display = ("__str__", "merchant", "cause", "at", "addressed_at")
    list_filter = ("kind",)
    list_select_related = ("merchant",)


@admin.register(NoticeMail)
class NoticeMailAdmin(OfMerchant):
    merchant = "notice__merchant"
    reference = "notice__cause"
    list_display = ("__str__", related("notice__merchant"), "notice", "user", "sent_at", "failures")
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    list_select_related = ("notice__merchant", "user")
