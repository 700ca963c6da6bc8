"""The forms of notices: filtering them, and choosing of which kinds to get e-mails."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from lib.list_forms import choice
from lib.lists import Filter
from lib.spans import Dates
from merchants.models import Membership
from notices import kinds
from notices.kinds import Kind


def topics() -> list[tuple[str, StrOrPromise]]:
    """The choices (value, label) of the notices' filter: all ("" as its value), and each group of
    kinds.
    """
    return [("", _("All")), *((group.code, group.label) for group in kinds.by_group())]


class NoticeFilter(Filter):
    LIST = "merchant:notices"
    SORTS = ("-id",)
    DATES = Dates("at", _("When"))

    topic = choice(topics, _("Topic"))

    @property
    def kinds(self) -> list[str]:
        """The codes of the chosen group's kinds; empty if no group is chosen, which means all."""
        topic = self.rows["topic"]
        return [kind.code for kind in kinds.registered() if kind.group.code == topic]


class EmailChoices(forms.Form):
    """The form by which a member chooses of which kinds of notices to get e-mails: a box for each,
    in groups.
    """

    def __init__(self, membership: Membership, data: Any = None) -> None:
        super().__init__(data)
        self.membership = membership
        for group, listed in kinds.by_group().items():
            offered = [kind for kind in listed if self._is_offered(kind)]
            if not offered:
                continue
            self.fields[group.code] = forms.MultipleChoiceField(
                choices=[(kind.code, kind.label) for kind in offered],
                initial=[kind.code for kind in offered if kind.code not in membership.muted],
                widget=forms.CheckboxSelectMultiple,
                required=False,
                label=group.label,
            )

    @property
    def hints(self) -> list[StrOrPromise]:
        """Sentences that explain why this member, as an owner, gets e-mails of some kinds whatever
        they choose; empty for members who are no owners. Kinds that declare no such sentence are
        left out.
        """
        kept = (kind for kind in kinds.registered() if not self._is_offered(kind))
        return [kind.owners_hint for kind in kept if kind.owners_hint]

    def _is_offered(self, kind: Kind) -> bool:
        """Whether the member may choose about the kind; owners may not about kinds that owners
        always get.
        """
        return not (self.membership.is_owner and kind.owners_always)

    @property
    def muted(self) -> set[str]:
        """The codes of the kinds of which the member wants no e-mails, by the valid form; a kind
        that the form did not offer stays as it is.
        """
        wanted = {code for codes in self.cleaned_data.values() for code in codes}
        return {
            kind.code
            for kind in kinds.registered()
            if (
                kind.code not in wanted
                if self._is_offered(kind)
                else kind.code in self.membership.muted
            )
        }
