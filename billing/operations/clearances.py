"""Has bills and credit notes cleared by a country's tax office (rule 28.23 to rule 28.26).

That a document is about to be sent is committed before its provider is sent anything. Whatever may
have been sent is asked for by its key first, and sent again only if it was never received, under
the same key. Who asks holds a lease of the document.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import override

from billing.clearing import registry
from billing.clearing.protocol import Answer, NoAnswer
from billing.documents.einvoices import content, files
from billing.models import Clearance, CreditNote, Invoice, Issuer
from billing.operations import issuers
from billing.queries import clearances as queries
from billing.trail import Action
from jobs import leases
from jobs.silences import Silences
from lib import texts, wording
from lib.refusals import AlreadyDecided, Invalid, Refused
from merchants import installation
from trail import operations as trail

OFF = "off"  # what records call it that documents are not cleared
LARGEST_FILE = 1024 * 1024
LONGEST_NUMBER = 100
LEAST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(days=1)
JOB = "clear-documents"  # the actor of what a provider answered
Status = Clearance.Status


class UnknownClearance(Refused):
    """There is no such document."""

    code = "unknown_clearance"


@transaction.atomic
def choose(*, issuer_id: int, provider: str, actor: str, reason: str, now: datetime) -> Issuer:
    """Have the issuer's bills and credit notes cleared by this provider, from those on that are
    issued from now on; if another one was chosen until now, also those that it has not taken up
    yet. "" has none cleared any more. What was taken up keeps its provider. Writes a trail row.

    The same provider again changes nothing. Raises UnknownIssuer, and Invalid for a provider that
    is not offered here or without a reason. It locks the issuer. Rule 28.23.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    if provider and provider not in registry.offered():
        raise Invalid("provider", f"{provider!r} is not offered here")
    issuer = issuers.lock(issuer_id)
    before = issuer.clearing
    if before == provider:
        return issuer
    issuer.clearing = provider
    # Bills between two providers are the new one's, and not lost.
    since = (issuer.clearing_from if before else now) if provider else None
    issuer.clearing_from = since
    issuer.save(update_fields=["clearing", "clearing_from"])
    trail.write(
        Action.CLEARING_CHOSEN,
        subject=f"issuer {issuer.prefix}",
        before={"clearing": before or OFF},
        after={"clearing": provider or OFF},
        actor=actor,
        reason=reason,
        now=now,
    )
    return issuer


def take_up(issuer_id: int, *, now: datetime) -> None:
    """Create a clearance for each of the issuer's bills and credit notes that is to be cleared and
    has none yet; for none if nobody clears its documents. It locks the issuer.
    """
    with transaction.atomic():
        issuer = issuers.lock(issuer_id)
        if not issuer.clearing:
            return
        for invoice in queries.new_invoices(issuer):
            _write(issuer, invoice, now)
        for note in queries.new_notes(issuer):
            _write(issuer, note, now)


def _write(issuer: Issuer, document: Invoice | CreditNote, now: datetime) -> None:
    """Create the clearance of a document, by the issuer's present provider."""
    column = "invoice" if isinstance(document, Invoice) else "note"
    Clearance.objects.create(
        account_id=document.account_id,
        provider=issuer.clearing,
        taken_up_at=now,
        key=_key(document, 1),
        **{column: document},
    )


def _key(document: Invoice | CreditNote, attempt: int) -> str:
    """The key by which a provider knows this attempt, by its number, to have the
    document cleared. It has the installation's prefix as it is now, which may change
    later: so it is made once for each attempt, and whoever asks the provider takes it
    from the clearance.
    """
    return installation.outside(f"{document}-{attempt}")


def clear(clearance_id: int, *, now: datetime, silences: Silences | None = None) -> None:
    """Send the document of this clearance to its provider, or ask what became of it if it was sent
    before, and write down the answer or when to ask again. It holds a lease of the clearance, locks
    it while it writes, and commits in between, so it is not called in a transaction. Does nothing
    if it is not to be asked now, or another process is at it.

    `silences` counts the providers that did not answer in this run. Raises KeepsSilent for one that
    this run has given up, with nothing written down, and for one that did not answer; that and any
    other error of the provider is raised after it is written down when to ask again. Rule 28.24.
    """
    silences = silences or Silences()
    with leases.held(f"clearance {clearance_id}") as lease:
        if lease is None:
            silences.leave()
            return
        name = queries.to_be_asked(clearance_id, now)
        if name is None:
            return
        silences.check(name)
        started = _start(clearance_id, now)
        if started is None:
            return
        clearance, is_new = started
        try:
            with silences.asking(clearance.provider, NoAnswer, f"No answer about {clearance}"):
                provider = registry.provider(clearance.provider)
                answer = None if is_new else provider.find(clearance.key)
                if answer is None:
                    if not lease.renew():
                        return
                    answer = provider.send(clearance.key, bytes(clearance.content))
                silences.heard(clearance.provider)
        except Exception:
            _end_try(clearance, Answer(), now)
            raise
        _end_try(clearance, answer, now)


@transaction.atomic(durable=True)
def _start(clearance_id: int, now: datetime) -> tuple[Clearance, bool] | None:
    """Write down, before it is sent, what of the document is sent. It locks the clearance and
    commits. Returns it, and whether that is new: False if it was written down before. Returns None
    if the document lacks something that an e-invoice needs: then it is refused and not sent.
    """
    clearance = lock(clearance_id)
    if clearance.sent_at is not None:
        return clearance, False
    document = clearance.invoice or clearance.note
    assert document is not None
    invoice = document if isinstance(document, Invoice) else document.invoice
    found = (
        files.of_invoice(document, "ubl")
        if isinstance(document, Invoice)
        else files.of_note(document, "ubl")
    )
    if found is None:
        with override("en"):
            lacks = " ".join(map(str, content.lacks(invoice)))
        _end(clearance, Answer(refusal=f"It was not sent. {lacks}".strip()), JOB, now)
        return None
    clearance.content, clearance.sent_at = found, now
    clearance.save(update_fields=["content", "sent_at"])
    return clearance, True


@transaction.atomic
def _end_try(tried: Clearance, answer: Answer, now: datetime) -> None:
    """Write down the provider's answer, if it is final, or else when it is asked again, later each
    time. A clearance that got an outcome meanwhile, or was sent again, stays as it is. It locks the
    clearance.
    """
    clearance = lock(tried.pk)
    if not clearance.is_open or clearance.attempt != tried.attempt:
        return
    if answer.is_final:
        _end(clearance, answer, JOB, now)
        return
    wait = LEAST_WAIT * 2 ** min(clearance.asked, 9)
    clearance.asked += 1
    clearance.next_at = now + min(wait, LONGEST_WAIT)
    clearance.save(update_fields=["asked", "next_at"])


def _end(clearance: Clearance, answer: Answer, actor: str, now: datetime) -> None:
    """Write the outcome of the locked clearance: CLEARED with its number and the file that came
    with it, if one did, or REFUSED with the reason, as far as there is room for it. Writes no trail
    row.
    """
    clearance.status = Status.CLEARED if answer.number else Status.REFUSED
    clearance.number = answer.number
    refusal = "" if answer.number else answer.refusal
    clearance.refusal = texts.shown(refusal, texts.LONGEST_WORDS)
    clearance.file, clearance.file_name = answer.file, answer.file_name
    clearance.ended_at, clearance.ended_by, clearance.next_at = now, actor, None
    clearance.save()


@transaction.atomic
def enter(
    *,
    clearance_id: int,
    number: str,
    actor: str,
    reason: str,
    now: datetime,
    file: bytes = b"",
    file_name: str = "",
) -> Clearance:
    """Enter by hand the number that the tax office gave the document, with the file that came with
    it, if one did; with a trail row.

    Raises UnknownClearance, AlreadyDecided once it has a number, NotByHand while a provider is at
    it, and Invalid without a reason or number, or for a file over 1 MB. It locks the clearance.
    Rule 28.25.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    number = wording.line("number", number, LONGEST_NUMBER)
    if len(file) > LARGEST_FILE:
        raise Invalid("file", "must be of at most 1 MB")
    clearance = lock(clearance_id)
    _check_by_hand(clearance)
    answer = Answer(number=number, file=file, file_name=file_name[-100:] if file else "")
    _end(clearance, answer, actor, now)
    _trail(Action.CLEARED_BY_HAND, clearance, {"number": number}, actor, reason, now)
    return clearance


@transaction.atomic
def send_again(*, clearance_id: int, actor: str, reason: str, now: datetime) -> Clearance:
    """Have a document that was refused sent again, as a new attempt under another key; with a trail
    row.

    Raises UnknownClearance, AlreadyDecided once it has a number, NotByHand if it was not refused,
    Invalid without a reason. It locks the clearance. Rule 28.25.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    clearance = lock(clearance_id)
    _check_by_hand(clearance)
    if not clearance.was_refused:
        raise NotByHand("clearance: it was not refused")
    document = clearance.invoice or clearance.note
    assert document is not None
    clearance.attempt += 1
    clearance.key = _key(document, clearance.attempt)
    clearance.status, clearance.content, clearance.sent_at = Status.OPEN, b"", None
    clearance.refusal, clearance.asked, clearance.next_at = "", 0, None
    clearance.ended_at, clearance.ended_by = None, ""
    clearance.save()
    _trail(Action.CLEARING_AGAIN, clearance, {"attempt": clearance.attempt}, actor, reason, now)
    return clearance


class NotByHand(Refused):
    """A provider is at the document, or it is entered by hand alone."""

    code = "not_by_hand"


def _check_by_hand(clearance: Clearance) -> None:
    """Raise AlreadyDecided for a clearance with a number, and NotByHand while its provider is at
    it.
    """
    if clearance.is_cleared:
        raise AlreadyDecided("clearance: it has its number")
    if not clearance.is_by_hand:
        raise NotByHand("clearance: its provider is at it")


def lock(clearance_id: int) -> Clearance:
    """Lock the clearance until the transaction ends, and return it with its document. Raises
    UnknownClearance.
    """
    found = (
        Clearance.objects.select_for_update(of=("self",))
        .select_related("invoice", "note__invoice")
        .filter(pk=clearance_id)
        .first()
    )
    if found is None:
        raise UnknownClearance(f"clearance: there is no clearance {clearance_id}")
    return found


def _trail(
    action: Action,
    clearance: Clearance,
    after: dict[str, str | int],
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Write a trail row about the clearance, with the values `after` the action."""
    trail.write(
        action,
        merchant_id=clearance.account_id,
        subject=str(clearance),
        after=after,
        actor=actor,
        reason=reason,
        now=now,
    )
