"""Which notices people look at, and of which kinds they want e-mails."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lib.lists import Filter, choice
from merchants.models import Membership
from notices.models import Notice

Kind = Notice.Kind

# How the kinds of notices stand on the page where people choose their e-mails; each once.
NOTICE_GROUPS = {
    "credit": (
        _("Credit"),
        (
            Kind.LIMIT_80,
            Kind.LIMIT_100,
            Kind.REVIEW,
            Kind.REQUEST_ANSWERED,
            Kind.FREEZE_PLACED,
            Kind.FREEZE_LIFTED,
        ),
    ),
    "orders": (_("Orders"), (Kind.ORDER_DECLINED, Kind.ORDER_OVERDUE)),
    "proceeds": (
        _("Proceeds"),
        (
            Kind.WITHDRAWAL_DONE,
            Kind.WITHDRAWAL_FAILED,
            Kind.DESTINATION_ADDED,
            Kind.AUTOMATIC_SET_UP,
        ),
    ),
    "billing": (
        _("Billing"),
        (
            Kind.BILL_ISSUED,
            Kind.PAYMENT_FAILED,
            Kind.PAYMENT_REVERSED,
            Kind.STATEMENT_CLOSED,
            Kind.THRESHOLD_ANSWERED,
            Kind.CREDIT_ANSWERED,
            Kind.UNAPPLIED,
        ),
    ),
}
TOPICS = [("", _("All")), *((name, label) for name, (label, _kinds) in NOTICE_GROUPS.items())]
# notices.operations.mails: they may be a thief's.
ALWAYS_TOLD_OWNERS = (Kind.DESTINATION_ADDED, Kind.AUTOMATIC_SET_UP)


class NoticeFilter(Filter):
    SORTS = ("-id",)

    topic = choice(TOPICS)

    @property
    def kinds(self) -> tuple[Notice.Kind, ...]:
        """Those of the topic; none at all is all."""
        topic = self.rows["topic"]
        return NOTICE_GROUPS[topic][1] if topic else ()


class EmailChoices(forms.Form):
    """Which kinds of notices somebody wants e-mails of: a box each, in groups."""

    def __init__(self, membership: Membership, data: Any = None) -> None:
        super().__init__(data)
        self.membership = membership
        for name, (label, kinds) in NOTICE_GROUPS.items():
            offered = [kind for kind in kinds if self._is_offered(kind)]
            self.fields[name] = forms.MultipleChoiceField(
                choices=[(kind.value, kind.label) for kind in offered],
                initial=[kind.value for kind in offered if kind not in membership.muted],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                label=label,
            )

    def _is_offered(self, kind: Notice.Kind) -> bool:
        return not (self.membership.is_owner and kind in ALWAYS_TOLD_OWNERS)

    @property
    def muted(self) -> set[str]:
        """The kinds that are not wanted; what could not be chosen stays as it was."""
        wanted = {kind for kinds in self.cleaned_data.values() for kind in kinds}
        return {
            kind
            for kind in Kind
            if (kind not in wanted if self._is_offered(kind) else kind in self.membership.muted)
        }
