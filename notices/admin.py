"""The admin pages of notices and of their e-mails, and the message to a merchant."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.briefs import Brief, Fact
from backoffice.columns import related
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned
from backoffice.list_pages import OfMerchant
from lib import clock
from lib.form_keys import KeyedForm
from lib.text_fields import WordsField
from merchants import directory
from merchants.admin.forms import OfMerchantNamed
from notices import letters, queries
from notices.models import MOST_AGAIN, Notice, NoticeMail
from notices.operations import mails_again, messages


class Message(KeyedForm, OfMerchantNamed, Reasoned):
    """The form of a message: to which merchant, what it reads, and why, for colleagues."""

    text = WordsField(
        label="Message",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text="The merchant's people read it as it is written: write it in their language.",
    )
    field_order = ("merchant", "text", "reason", "request_key")


def _send(act: Act) -> Notice:
    """Write the message of the form to its merchant, inside the merchant's cell, with a trail
    row.
    """
    with directory.elsewhere(act.cleaned_data["merchant"].pk):
        notice: Notice = Call(messages.send)(act)
    return notice


def _may_go_again(mail: NoticeMail) -> bool:
    """Whether the e-mail may be sent again: the job does not try to send it now, since it was sent
    or given up, and it was sent again fewer than MOST_AGAIN times.
    """
    return not queries.waits(mail, clock.now()) and mail.asked_again < MOST_AGAIN


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
            carry_out=_send,
            done="The message is with the merchant.",
        ),
    )


@admin.register(NoticeMail)
class NoticeMailAdmin(Deciding, OfMerchant):
    merchant = "notice__merchant"
    reference = "notice__cause"
    list_display = (
        *("kind", related("notice__merchant"), "user", "told_at", "standing", "sent_at"),
        *("failures", "asked_again"),
    )
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    list_select_related = ("notice__merchant", "user")
    decisions = (
        Decision(
            "again",
            "Send again",
            form=Reasoned,
            effect=lambda mail: (
                f"{mail.user} gets the mail once more within minutes, in the language of"
                f" theirs. A mail is sent again {MOST_AGAIN} times at most."
            ),
            shown=lambda mail: {"Sent": mail.sent_at, "Sent again": mail.asked_again},
            carry_out=Call(mails_again.send_again, "mail_id"),
            done="It is sent within minutes.",
            is_open=_may_go_again,
        ),
    )

    @admin.display(description="kind")
    def kind(self, mail: NoticeMail) -> str:
        """What the notice's kind is called."""
        return str(mail.notice.get_kind_display())

    @admin.display(description="told at")
    def told_at(self, mail: NoticeMail) -> datetime:
        """The instant of the notice."""
        return mail.notice.at

    @admin.display(description="standing")
    def standing(self, mail: NoticeMail) -> str:
        """What became of the e-mail by now: "sent", "given up", "waits", or how often it failed."""
        return queries.standing(mail, clock.now())

    def brief(self, row: Any, name: str) -> Brief | None:
        """The title and sentence of the notice that the e-mail tells of, its reader, and what
        became of it.
        """
        return Brief(
            facts=(
                Fact("Notice", letters.title(row.notice)),
                Fact("It says", letters.sentence(row.notice)),
                Fact("To", row.user.email),
                Fact("Standing", queries.standing(row, clock.now())),
            )
        )
