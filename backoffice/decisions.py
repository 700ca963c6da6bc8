"""What a decision of an operator is: its button, what its page says before and asks for, the one
operation that it calls, and what it says afterwards. `backoffice/decision_pages.py` shows it.

    decisions = (
        Decision(
            "lift",
            "Lift",
            form=Reasoned,
            shown=lambda freeze: {"In force": freeze.lifted_at is None},
            effect=lambda freeze: "This freeze ends.",
            carry_out=Call(freezes.lift, "freeze_id"),
            done="The freeze is lifted.",
        ),
    )
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.utils.functional import Promise
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.shown import Shown
from lib.text_fields import WordsField

Text = str | Promise


class ConfirmForm(forms.Form):
    """A form without fields, for decisions that need only the button."""


class Reasoned(forms.Form):
    """The base form of decisions that need a reason."""

    reason = WordsField(label="Reason", widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class Telling(forms.Form):
    """The base form of decisions that the merchant is told of: why, for colleagues, and another
    text, which the merchant reads.
    """

    reason = WordsField(
        label="Reason, for colleagues", widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    told = WordsField(
        label="For the merchant",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="The merchant reads it.",
    )


@dataclass(frozen=True)
class Act:
    """What an operator has decided: the row (None if the decision is not about a single one), the
    form's data, who, and when.
    """

    row: Any
    cleaned_data: dict[str, Any]  # of the form
    user: Any
    now: datetime
    showed: Shown | None = None  # what its page showed of what it changes

    @property
    def actor(self) -> str:
        """The operator's name in books and on the trail: the e-mail address."""
        return str(self.user.get_username())

    @property
    def reason(self) -> str:
        """The reason that was given in the form. Raises KeyError if the form asks for none."""
        return str(self.cleaned_data["reason"])


@dataclass(frozen=True)
class Call:
    """Carries out a decision by calling one operation with the row's key, the form's fields by
    their names, `actor` and `now`.

    A decision that has to compute more has a function that takes the Act instead.
    """

    operation: Callable[..., Any]
    key: str = ""  # what the operation calls the row's key; "" where it takes none
    _: KW_ONLY
    columns: Mapping[str, str] = field(default_factory=dict)  # of the row, by its arguments
    renamed: Mapping[str, str] = field(default_factory=dict)  # its arguments, by the form's fields
    takes_person: bool = False  # as operations about people do, whose actor is no mere name
    warning: ClassVar[str] = ""  # what else is said before, of all that is carried out so

    def __call__(self, act: Act) -> Any:
        actor = act.user if self.takes_person else act.actor
        return self.operation(**self.arguments(act), actor=actor, now=act.now)

    def arguments(self, act: Act) -> dict[str, Any]:
        """The arguments of the operation, but for who acts and when: the row's key, columns of the
        row, and the form's fields, some of them under other names.
        """
        return {
            **({self.key: act.row.pk} if self.key else {}),
            **{argument: getattr(act.row, column) for argument, column in self.columns.items()},
            **{self.renamed.get(name, name): value for name, value in act.cleaned_data.items()},
        }


@dataclass(frozen=True)
class Report:
    """The result of a decision that is shown as a page instead of a sentence: what was done, what
    was refused, and a link.
    """

    done: str
    refused: Sequence[str] = ()  # one sentence for each
    refused_title: Text = "Left as they are"
    secret: str = ""  # what is shown this once, to be copied
    link: str = ""  # of what was made
    link_text: Text = ""


@dataclass(frozen=True)
class File:
    """The result of a decision that is about no row, and that gives a file: its name and content.
    The operation has written a trail row with who took it and why.
    """

    name: str
    content: bytes


def always(row: Any) -> bool:
    """The default of `is_open`: the button is always shown."""
    return True


def never(act: Act) -> bool:
    """The default of `repeats` and `is_so`: a form that is sent again is another decision."""
    return False


@dataclass(frozen=True)
class Decision:
    """A decision about a row or a list: its button, and the page that explains it, shows its form
    and calls its operation.
    """

    name: str  # in the address
    title: Text  # of the button
    form: type[forms.Form] = field(kw_only=True)
    effect: Callable[[Any], Text] = field(kw_only=True)  # what will happen, said before
    # A Call, or a function where something has to be computed. It calls one operation, and returns
    # None if all was so already.
    carry_out: Callable[[Act], Report | File | Model | None] = field(kw_only=True)
    # The sentence shown afterwards, or a function of the result; a Report has its own.
    done: Text | Callable[[Any], Text] = field(kw_only=True, default="")
    initial: Callable[[Any], dict[str, Any]] = field(kw_only=True, default=lambda row: {})
    # What the page shows of what it changes, by labels: the figure before, the state of what is
    # decided, not what moves with every order. It has to be so still, under the row's lock, when
    # the decision is taken. None where nothing that the page shows is changed.
    shown: Callable[[Any], Mapping[str, Any]] | None = field(kw_only=True, default=None)
    # Whether just this form was carried out before, by what it carries: a key or the bank's
    # reference. Sent twice, it goes to the operation, which answers as it did.
    repeats: Callable[[Act], bool] = field(kw_only=True, default=never)
    # Whether all that is decided is so by now. A form that is sent twice is then answered as if it
    # was done by the second one.
    is_so: Callable[[Act], bool] = field(kw_only=True, default=never)
    # Whether `carry_out` commits more than once, or asks somebody outside of the database. No lock
    # is held around it: what the page showed is compared right before, and the operation's own
    # refusals stand for what happens at the same moment.
    commits_itself: bool = field(kw_only=True, default=False)
    # What is done once the decision is committed, and no lock is held any more. It raises no
    # refusal, which would read as if nothing was decided: what it returns says what became of it.
    afterwards: Callable[[Act, Any], Any] = field(
        kw_only=True, default=lambda act, outcome: outcome
    )
    # What would become of it, shown before it is decided, if the operator asks for that; refusals
    # are shown like the operation's. None where a page has no such button.
    dry_run: Callable[[Act], Any] | None = field(kw_only=True, default=None)
    # Whether the button is shown. Refusing is up to the operation.
    is_open: Callable[[Any], bool] = field(kw_only=True, default=always)
    menu: Text = field(kw_only=True, default="")  # buttons of the same one are in a menu
    # Whether a second factor is asked for at the decision, besides the one at the sign-in: for what
    # decides who gets in, and as what.
    takes_second_factor: bool = field(kw_only=True, default=False)
    # The permission that it takes; empty: the one to change such rows.
    permission: str = field(kw_only=True, default="")


def in_history(decision: Decision, outcome: Any) -> str:
    """What the admin's history says of a decision that had this outcome: its title, with
    "Proposed:" before it where nothing was done yet. An outcome that only proposes says so of
    itself by a true `is_only_proposed` (merchants.models.Proposal).
    """
    is_only_proposed = getattr(outcome, "is_only_proposed", False)
    return f"Proposed: {decision.title}" if is_only_proposed else str(decision.title)


@dataclass(frozen=True)
class Download:
    """A button and a page that ask for a reason and then send a row's file.

    Such files contain secrets. So `content` calls an operation, which writes a trail row with who
    took the file and why, and returns (name, bytes).
    """

    name: str
    title: Text
    is_there: Callable[[Any], bool]
    effect: Callable[[Any], Text]  # what is in it, said before
    content: Callable[[Act], tuple[str, bytes]]  # calls one operation
    permission: str = ""  # as with decisions: such files are for who decides, not for who looks
