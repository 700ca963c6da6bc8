"""A decision of two people: proposed, then confirmed, refused, withdrawn, or lapsed."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from jobs.timetable import job_named
from lib.refusals import Refused
from merchants.models import Proposal, User
from merchants.operations import operators, people, proposals
from merchants.proposals import OPERATOR_ROLES
from tests.factories import ProposalFactory, UserFactory, browser_of, operator
from tests.shops import instant
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NOW = instant("2026-11-04 09:00")
LATER = instant("2026-11-05 09:00")
NEW = "new@tael.example"
WHY = {"reason": "Starts on Monday."}


@pytest.fixture
def boss() -> User:
    """An administrator."""
    return operator("Administrator", email="boss@tael.example")


@pytest.fixture
def other() -> User:
    """An administrator besides the one who proposes."""
    return operator("Administrator", email="other@tael.example")


@pytest.fixture
def proposal(boss: User, other: User) -> Proposal:
    """A proposal of `boss` to add an operator."""
    return propose(boss)


def propose(actor: User, email: str = NEW, roles: tuple[str, ...] = ("Auditor",)) -> Proposal:
    """Propose to add an operator with these roles."""
    return ProposalFactory.create(email=email, roles=roles, actor=actor, now=NOW, **WHY)


def code(operation: Any, proposal: Proposal, actor: User, **more: Any) -> str:
    """The code of the refusal of `operation`, which leaves everything as it is."""
    with nothing_changes(), pytest.raises(Refused) as refused:
        operation(proposal_id=proposal.pk, actor=actor, **{"now": LATER} | more)
    return refused.value.code


def test_nothing_changes_until_another_administrator_confirms(
    proposal: Proposal, other: User
) -> None:
    assert (proposal.status, proposal.lapses_at) == ("PROPOSED", instant("2026-11-11 09:00"))
    assert not User.objects.filter(email=NEW).exists()
    proposals.confirm(proposal_id=proposal.pk, actor=other, now=LATER)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.decided_by) == ("CONFIRMED", "other@tael.example")
    new = User.objects.get(email=NEW)
    assert (new.is_staff, new.is_superuser, new.groups.get().name) == (True, False, "Auditor")
    assert [letter.to for letter in mail.outbox] == [[NEW]]
    assert code(proposals.confirm, proposal, other) == "already_decided"
    assert code(proposals.refuse, proposal, other, **WHY) == "already_decided"


def test_who_proposed_it_does_not_confirm_it_however_the_address_is_spelt(
    proposal: Proposal, boss: User
) -> None:
    assert code(proposals.confirm, proposal, boss) == "same_person"
    boss.email = "Boss@Tael.Example"
    assert code(proposals.confirm, proposal, boss) == "same_person"
    assert code(proposals.refuse, proposal, boss, **WHY) == "same_person"


def test_who_asked_for_it_does_not_confirm_it(proposal: Proposal, other: User) -> None:
    with transaction.atomic():
        asked = proposals.propose(
            OPERATOR_ROLES,
            subject="third@tael.example",
            before={"roles": []},
            after={"roles": ["Auditor"]},
            asked_by=other.email,
            actor=User.objects.get(email="boss@tael.example"),
            now=NOW,
            reason="Starts on Monday.",
        )
    assert code(proposals.confirm, asked, other) == "same_person"


@pytest.mark.parametrize("role", some(["Credit officer", "Billing officer", "Auditor"], 3))
def test_whose_role_does_not_take_such_decisions_is_refused(proposal: Proposal, role: str) -> None:
    person = operator(role)
    assert code(proposals.confirm, proposal, person) == "may_not_decide"
    assert code(proposals.refuse, proposal, person, **WHY) == "may_not_decide"
    page = reverse("admin:merchants_proposal_decide", args=[proposal.pk, "confirm"])
    assert browser_of(person).post(page).status_code == 403
    assert Proposal.objects.get().status == "PROPOSED"


def test_who_confirms_shows_a_second_factor_again(
    proposal: Proposal, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: timezone.now().timestamp() - 301)
        browser = browser_of(other)
    pages = {
        what: reverse("admin:merchants_proposal_decide", args=[proposal.pk, what])
        for what in ("confirm", "refuse")
    }
    with nothing_changes():
        for answer in (browser.get(pages["confirm"]), browser.post(pages["confirm"])):
            assert answer["Location"].startswith("/accounts/2fa/reauthenticate/?next=%2Fadmin%2F")
    # What only protects does not ask for it.
    assert browser.get(pages["refuse"]).status_code == 200


def test_nobody_confirms_their_own_roles(boss: User, other: User) -> None:
    third = operator("Auditor", email="third@tael.example")
    operators.change_roles(
        user_id=third.pk, roles=["Auditor", "Administrator"], actor=boss, now=NOW, **WHY
    )
    third.groups.add(Group.objects.get(name="Administrator"))
    assert code(proposals.confirm, Proposal.objects.get(), third) == "on_oneself"


def test_it_is_refused_with_a_reason_and_nothing_has_changed(
    proposal: Proposal, other: User
) -> None:
    assert code(proposals.refuse, proposal, other, reason=" ") == "invalid"
    proposals.refuse(proposal_id=proposal.pk, reason="Not hired.", actor=other, now=LATER)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.answer) == ("REFUSED", "Not hired.")
    assert not User.objects.filter(email=NEW).exists()


def test_only_who_proposed_it_withdraws_it(proposal: Proposal, boss: User, other: User) -> None:
    assert code(proposals.withdraw, proposal, other, **WHY) == "not_the_proposer"
    proposals.withdraw(proposal_id=proposal.pk, actor=boss, now=LATER, reason="A mistake.")
    assert Proposal.objects.get().status == "WITHDRAWN"


def test_after_seven_days_it_lapses_and_the_proposer_is_told_once(
    proposal: Proposal, other: User
) -> None:
    at = instant("2026-11-11 09:00")
    assert code(proposals.confirm, proposal, other, now=at) == "lapsed"
    job = job_named("lapse-proposals")
    assert list(job.find(at - timedelta(microseconds=1))) == []
    for _ in range(2):
        job.run_here(at)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.decided_by) == ("LAPSED", "")
    (letter,) = mail.outbox
    assert letter.to == ["boss@tael.example"]
    assert "nothing has changed" in letter.body
    assert not User.objects.filter(email=NEW).exists()


def test_a_letter_that_was_not_taken_is_sent_by_the_next_run(
    proposal: Proposal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, at = job_named("lapse-proposals"), instant("2026-11-11 10:00")
    with monkeypatch.context() as down:
        down.setattr("django.core.mail.EmailMessage.send", lambda self: 1 / 0)
        assert list(job.work_off(job.find(at), at)) == [proposal.pk]
    assert Proposal.objects.get().status == "LAPSED"
    job.run_here(at)
    assert len(mail.outbox) == 1


def test_one_proposal_per_subject_waits(proposal: Proposal, boss: User, other: User) -> None:
    assert propose(boss) == proposal  # a double click
    with pytest.raises(proposals.ProposalWaits):
        propose(boss, roles=("Billing officer",))
    with pytest.raises(proposals.ProposalWaits):
        propose(other)
    proposals.withdraw(proposal_id=proposal.pk, actor=boss, now=NOW, reason="A mistake.")
    assert propose(other).pk != proposal.pk


def test_what_changed_meanwhile_is_not_confirmed(boss: User, other: User) -> None:
    user = operator("Auditor")
    change: dict[str, Any] = {"user_id": user.pk, "actor": boss, "now": NOW, **WHY}
    operators.change_roles(roles=["Auditor", "Credit officer"], **change)
    proposal = Proposal.objects.get()
    operators.change_roles(roles=[], **change)
    assert code(proposals.confirm, proposal, other) == "changed_meanwhile"


def test_what_only_protects_waits_for_nobody(boss: User, other: User) -> None:
    user = operator("Auditor", "Credit officer")
    changed = operators.change_roles(user_id=user.pk, roles=["Auditor"], actor=boss, now=NOW, **WHY)
    assert (changed.taken, changed.proposal) == (["Credit officer"], None)
    people.deactivate(user_id=user.pk, actor=boss, now=NOW, **WHY)
    assert not Proposal.objects.exists()
    assert not User.objects.get(pk=user.pk).is_active


def test_with_one_administrator_nobody_can_confirm_and_the_machine_makes_the_next(
    boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(operators.NobodyToConfirm, match="createsuperuser"):
        propose(boss)
    page = browser_of(boss).get("/admin/merchants/user/decide/add-operator/")
    assert "there is nobody to confirm" in text_of(page)
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long one indeed")
    call_command("createsuperuser", interactive=False, email="root@tael.example", verbosity=0)
    root = User.objects.get(email="root@tael.example")
    proposal = propose(boss)
    proposals.confirm(proposal_id=proposal.pk, actor=root, now=LATER)
    assert User.objects.get(email=NEW).is_staff
    # Two can sign in: the machine makes no third.
    with pytest.raises(CommandError, match="Two administrators can sign in already"):
        call_command("createsuperuser", interactive=False, email="third@tael.example")
    assert not User.objects.filter(email="third@tael.example").exists()
    people.deactivate(user_id=root.pk, actor=boss, now=LATER, **WHY)
    call_command("createsuperuser", interactive=False, email="third@tael.example", verbosity=0)


def test_who_never_chose_a_password_cannot_sign_in(boss: User) -> None:
    invited = UserFactory.create(is_staff=True)
    invited.set_unusable_password()
    invited.save()
    invited.groups.add(Group.objects.get(name="Administrator"))
    with pytest.raises(operators.NobodyToConfirm):
        propose(boss)


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"reason": "another"}, ProgrammingError),
        ({"status": "CONFIRMED", "decided_by": "boss@tael.example", "decided_at": LATER},
         IntegrityError),
        ({"status": "CONFIRMED", "decided_by": "x@tael.example",
          "decided_at": instant("2026-11-11 09:00")}, IntegrityError),
        ({"decided_at": LATER}, IntegrityError),
    ],
)  # fmt: skip
def test_the_database_keeps_proposals_as_they_are(
    proposal: Proposal, change: dict[str, Any], refused: type[Exception]
) -> None:
    with pytest.raises(refused), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(**change)
    with pytest.raises(ProgrammingError), transaction.atomic():
        proposal.delete()


def test_the_page_tells_what_is_proposed(proposal: Proposal, other: User) -> None:
    page = reverse("admin:merchants_proposal_decide", args=[proposal.pk, "confirm"])
    shown = text_of(browser_of(other).get(page))
    assert f"Operator's roles: {NEW} roles: - → Auditor" in shown.replace("&#x27;", "'")
    assert "Proposed by boss@tael.example: Starts on Monday." in shown
