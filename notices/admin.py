"""The admin pages of notices and of their e-mails, and the message to a merchant."""

from django.contrib import admin
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, Decision, Reasoned
from backoffice.list_pages import OfMerchant, related
from lib.form_keys import KeyedForm
from lib.text_fields import WordsField
from merchants.admin.forms import OfMerchantNamed
from notices.models import Notice, NoticeMail
from notices.operations import messages


class Message(KeyedForm, OfMerchantNamed, Reasoned):
    """The form of a message: to which merchant, what it reads, and why, for colleagues."""

    text = WordsField(
        label="Message",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="The merchant's people read it as it is written: write it in their language.",
    )
    field_order = ("merchant", "text", "reason", "request_key")


@admin.register(Notice)
class NoticeAdmin(Deciding, OfMerchant):
    merchant = "merchant"
    reference = "cause"
    is_long = True
    list_display = ("__str__", "merchant", "cause", "at", "addressed_at")
    list_filter = ("kind",)
    list_select_related = ("merchant",)
    list_decisions = (
        Decision(
            "write",
            "Write to a merchant",
            form=Message,
            effect=lambda row: (
                "All people of the merchant read it among their notices at once. It is mailed to"
                " its owners, and to who else wants such mails. It cannot be taken back."
            ),
            carry_out=Call(messages.send),
            done="The message is with the merchant.",
        ),
    )


@admin.register(NoticeMail)
class NoticeMailAdmin(OfMerchant):
    merchant = "notice__merchant"
    reference = "notice__cause"
    list_display = ("__str__", related("notice__merchant"), "notice", "user", "sent_at", "failures")
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    list_select_related = ("notice__merchant", "user")
