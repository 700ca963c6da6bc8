"""The functions of billing's jobs, each of which works off one chunk of rows, and the task that
follows a choice of payment method.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError as BrokerError

from billing.operations import (
    archives,
    bank_folder,
    bank_matching,
    clearances,
    days,
    document_mails,
    known_answers,
    payments,
    provider_days,
    provider_payouts,
    stripe_reversals,
)
from billing.queries import invoices
from jobs.chunks import Failures, Turn, ask_one_by_one, one_by_one, run_bisecting
from lib import clock
from merchants import directory


def work_off_day_ends(account_ids: Sequence[int], now: datetime) -> Failures:
    """Work off the day-ends of these accounts up to `now`; returns the errors of those that failed,
    by the account's primary key. It locks the accounts; day-ends write bills and close statements,
    of which merchants are notified. Where an account fails, the others go on; one of
    TRANSIENT_ERRORS, such as a database that is away, is raised at once.
    """
    return run_bisecting(partial(days.work_off, now=now), account_ids)


def collect_payments(
    invoice_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    """Try to collect these bills, until the turn is over, each under a lease and locks of its own,
    with the notices that failures take; returns the errors of the bills that failed with one, by
    the bill's primary key. Those whose provider keeps silent, or that the turn did not get to, are
    left for later, and have not failed. One of TRANSIENT_ERRORS is raised at once.
    """
    return ask_one_by_one(payments.collect, invoice_ids, turn or Turn(now))


def collect_known(invoice_ids: Sequence[int], now: datetime) -> Sequence[int]:
    """Collect those of these bills whose provider's answer is known without asking, under the locks
    of their accounts and lines, where the sandbox is switched on; returns the primary keys of the
    others, which are all of them where it is not.
    """
    if not settings.TAEL_SANDBOX:
        return invoice_ids
    return known_answers.collect(invoice_ids, now=now)


def reconcile_payments(
    payment_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    """Ask providers about these attempts without an answer, until the turn is over, and record what
    they say, with the notices that failures take; returns the errors of the attempts that failed
    with one, by the attempt's primary key. Those whose provider keeps silent, or that the turn did
    not get to, are left for later, and have not failed. One of TRANSIENT_ERRORS is raised at once.
    It locks bill, account and credit line of each.
    """
    return ask_one_by_one(payments.reconcile, payment_ids, turn or Turn(now))


def look_for_reversals(
    providers: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    """Ask these providers which payments they took back, and record that, with notices to the
    merchants; returns the errors of the providers that failed, by the provider's number. One that
    keeps silent is left for later, and has not failed. One of TRANSIENT_ERRORS is raised at once.
    """
    return ask_one_by_one(stripe_reversals.look_at, providers, turn or Turn(now))


def look_at_days(providers: Sequence[int], now: datetime, turn: Turn | None = None) -> Failures:
    """Ask these providers what they took on each of the last days that are over, and keep that
    beside what our own books have, with the differences; returns the errors of the providers that
    failed, by the provider's number. One that keeps silent is left for later, and has not failed.
    One of TRANSIENT_ERRORS is raised at once.
    """
    return ask_one_by_one(provider_days.look_at, providers, turn or Turn(now))


def look_at_payouts(providers: Sequence[int], now: datetime, turn: Turn | None = None) -> Failures:
    """Ask these providers what they paid out to our bank, keep that with its rows, and name the
    differences to our books; returns the numbers of the providers that failed, each with its error.
    One that keeps silent is left for later, and has not failed. One of TRANSIENT_ERRORS is raised
    at once.
    """
    return ask_one_by_one(provider_payouts.look_at, providers, turn or Turn(now))


def take_up_documents(issuer_ids: Sequence[int], now: datetime) -> Failures:
    """Create a clearance for each document of these issuers that is to be cleared and has none,
    under the issuer's lock; nothing is sent yet. Returns the errors of those that failed, by the
    issuer's primary key. One of TRANSIENT_ERRORS is raised at once.
    """
    return one_by_one(partial(clearances.take_up, now=now), issuer_ids)


def clear_documents(
    clearance_ids: Sequence[int], now: datetime, turn: Turn | None = None
) -> Failures:
    """Send the documents of these clearances to their providers, or ask about them, until
    the turn is over, and write down the answers, each under a lease. The first one is done
    in any case, and without a `turn` there is no end. Returns the errors of those that
    failed with one, by the clearance's primary key. Those whose provider keeps silent,
    whose lease another process has, or that the turn did not get to, are left for later,
    and have not failed. One of TRANSIENT_ERRORS is raised at once.
    """
    return ask_one_by_one(clearances.clear, clearance_ids, turn or Turn(now))


def take_bank_files(folders: Sequence[int], now: datetime) -> Failures:
    """Take in the files of the folder of bank statements that have rested, under an advisory lock,
    and move them away; a file that cannot be read or moved is logged, and stays. Each of `folders`,
    of which there is one, stands for that folder. Returns it with the error if another one came.
    One of TRANSIENT_ERRORS is raised at once.
    """
    return one_by_one(lambda _folder: bank_folder.take_in(now=now), folders)


def match_bank_lines(line_ids: Sequence[int], now: datetime) -> Failures:
    """Look at these lines of bank statements, each under its lock: book what is certain, with trail
    rows and notices, hand to other cells what is theirs, and propose the rest to operators. Returns
    the keys of those that failed, each with its error. One of TRANSIENT_ERRORS is raised at once.
    """
    return one_by_one(partial(bank_matching.match, now=now), line_ids)


def build_archives(archive_ids: Sequence[int], now: datetime) -> Failures:
    """Build and store these ZIP files, or drop those that were kept for long enough, each in a
    transaction that locks its row; returns the errors of those that failed, by the archive's
    primary key. One of TRANSIENT_ERRORS is raised at once.
    """
    return one_by_one(partial(archives.work_off, now=now), archive_ids)


def mail_documents(address_ids: Sequence[int], now: datetime) -> Failures:
    """Mail these addresses the link by which they confirm, or the documents that wait for them. An
    address whose mail server refuses is tried again later, which is no failure, and is ended after
    days of that, with a trail row and a notice to the merchant. Returns the errors of the addresses
    that failed, by their primary keys; after three failures in a row the rest count as failed,
    untried. One of TRANSIENT_ERRORS is raised at once.
    """
    return document_mails.send(address_ids, now=now).failures


# Less than Celery's time limit, which strikes in the middle of a request.
CHOSEN_SECONDS = 4 * 60

log = logging.getLogger(__name__)


@shared_task
def collect_chosen(merchant_id: int) -> None:
    """Try to collect the merchant's bills that are due, under leases and locks and with the notices
    that failures take, after a choice of method, without waiting for the hourly job. Bills that it
    does not get to within CHOSEN_SECONDS are left to that job, and errors are logged.
    """
    now = clock.now()
    with directory.of_merchant(merchant_id):
        due = invoices.to_collect_of(merchant_id, now)
        turn = Turn(now, clock=clock.now, seconds=CHOSEN_SECONDS)
        for key, error in collect_payments(due, now, turn).items():
            log.error("Bill %s was not tried after a choice of a method: %s", key, error)


def start_collecting(merchant_id: int) -> None:
    """Send the task collect_chosen to the workers, if a bill of the merchant is due; if the broker
    is away, that is logged, and the bills wait for the hourly job. The caller has committed the
    choice of method, by which bills became due: the task does not see what is not committed.
    """
    if not invoices.to_collect_of(merchant_id, clock.now()):
        return
    try:
        collect_chosen.apply_async((merchant_id,), retry=False)
    except BrokerError as error:
        log.warning("Bills of account %s wait for the hourly job: %s", merchant_id, error)
