"""How the parts of a merchant's profile stand, as its page shows it at a glance (rule 8.4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.forms import BoundField
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from lib import formats
from lib.registry import Registry
from merchants.forms import ProfileForm
from merchants.models import Merchant, Profile, ProfilePart, ProfileStep, Standing
from merchants.operations import profiles

NOT_GIVEN, INCOMPLETE = "NOT_GIVEN", "INCOMPLETE"
# What the state of a part is called; of a decision that waits, whether it can be taken at all.
LABELS: dict[str, StrOrPromise] = {
    NOT_GIVEN: _("Not given yet"),
    INCOMPLETE: _("Incomplete"),
    Standing.WAITING.value: _("We are looking at it"),
    Standing.CONFIRMED.value: _("Confirmed"),
    Standing.REJECTED.value: _("Rejected"),
}
# The colours of these states, as those of other badges (static/css).
COLOURS = {
    NOT_GIVEN: "",
    INCOMPLETE: "LATE",
    Standing.WAITING.value: "PENDING",
    Standing.CONFIRMED.value: "APPROVED",
    Standing.REJECTED.value: "FAILED",
}


@dataclass(frozen=True)
class Remark:
    """What the page says below the parts of what they are good for, and where more of it stands."""

    text: str
    link: str
    address: str


@dataclass(frozen=True)
class Remarks:
    """A package's remark, of a merchant of which so many parts are confirmed; `place` is its place
    among those of others.
    """

    place: int
    made: Callable[[Merchant, int], Remark]


REMARKS: Registry[Remarks] = Registry()


@dataclass(frozen=True)
class PartShown:
    """A part of the profile: what was given of it, what we said, and what is still missing."""

    part: ProfilePart
    step: ProfileStep | None  # the latest one; None while nothing of it is given
    fields: Sequence[BoundField]
    missing: Sequence[StrOrPromise]  # the labels of what we need to confirm it

    @property
    def anchor(self) -> str:
        """The id of the part on its page."""
        return self.part.value.lower()

    @property
    def state(self) -> str:
        """How the part stands: NOT_GIVEN while nothing of it is given, INCOMPLETE if it waits but
        lacks something that we need to confirm it, and otherwise its Standing.
        """
        if self.step is None:
            return NOT_GIVEN
        if self.step.standing == Standing.WAITING and self.missing:
            return INCOMPLETE
        return self.step.standing

    @property
    def label(self) -> StrOrPromise:
        """What the state is called."""
        return LABELS[self.state]

    @property
    def colour(self) -> str:
        """The status by whose colour the state's badge is shown, as other badges have it; "" for
        none while nothing is given.
        """
        return COLOURS[self.state]

    @property
    def missing_text(self) -> str:
        """The labels of what we still need to confirm the part, as one text; "" if nothing is
        missing.
        """
        return formats.listed(self.missing)

    @property
    def is_confirmed(self) -> bool:
        """Whether we have confirmed it, so that it counts in reviews."""
        return self.state == Standing.CONFIRMED

    @property
    def is_rejected(self) -> bool:
        """Whether we have rejected it."""
        return self.state == Standing.REJECTED


def shown(profile: Profile, form: ProfileForm, steps: Sequence[ProfileStep]) -> Sequence[PartShown]:
    """The parts of the profile, each with its fields of the form, its step, and the labels of what
    we need to confirm it and the profile still lacks. `steps` are the latest step of each part; a
    part that has none among them is one of which nothing is given.

    A document counts as given if its name is there, since the document itself is not loaded.
    """
    latest = {step.part: step for step in steps}
    parts = []
    for part, names in profiles.FIELDS.items():
        fields = [form[name] for name in names if name in form.fields]
        missing = [
            form.fields[name].label or ""
            for name in profiles.NEEDED[part]
            if not getattr(profile, profiles.KNOWN_BY.get(name, name))
        ]
        parts.append(PartShown(part, latest.get(part), fields, missing))
    return parts


def remarks(merchant: Merchant, parts: Sequence[PartShown]) -> Sequence[Remark]:
    """The remark that each package has about how many parts of the merchant's profile are
    confirmed, such as what they count for in reviews, sorted by the places with which they were
    registered.
    """
    confirmed = sum(part.is_confirmed for part in parts)
    return [one.made(merchant, confirmed) for one in REMARKS]
