"""The jobs of billing: day-ends, collecting bills, asking about attempts without an answer,
reversals, what providers took each day and paid out, statements of our bank accounts, documents
that tax offices clear, ZIP files of documents and mails with them.
"""

from datetime import timedelta

from billing import tasks
from billing.models import (
    BankLine,
    BillingAccount,
    BillingAddress,
    Clearance,
    Invoice,
    Issuer,
    Payment,
    YearArchive,
)
from billing.operations import bank_folder
from billing.queries import (
    accounts,
    bank_statements,
    clearances,
    documents,
    invoices,
    quiet,
    reversals,
    undecided,
)
from jobs.definitions import Job
from jobs.in_cells import InCells
from lib import day_ends

DAY_ENDS = Job(
    "billing-day-ends",
    due=accounts.with_a_day_to_work_off,
    work=tasks.work_off_day_ends,
    every=timedelta(hours=1),
    model=BillingAccount,
    merchant="merchant",
    is_set_based=True,
    due_from=accounts.day_ends_from,
    cannot_wait=quiet.that_cannot_wait,
    next_after=day_ends.next_after,
)
COLLECT_PAYMENTS = Job(
    "collect-payments",
    due=invoices.to_collect,
    work=tasks.collect_payments,
    every=timedelta(hours=1),
    model=Invoice,
    merchant="account__merchant",
    asks_providers=True,
    due_from=invoices.collected_from,
    without_asking=tasks.collect_known,
)
RECONCILE_PAYMENTS = Job(
    "reconcile-payments",
    due=undecided.to_reconcile,
    work=tasks.reconcile_payments,
    every=timedelta(minutes=5),
    model=Payment,
    merchant="invoice__account__merchant",
    in_replay=False,
    asks_providers=True,
)
LOOK_AT_DAYS = Job(
    "look-at-provider-days",
    due=reversals.providers_whose_days_are_compared,
    work=tasks.look_at_days,
    every=timedelta(days=1),
    in_replay=False,
    asks_providers=True,
    where=InCells.EACH,
)
LOOK_FOR_REVERSALS = Job(
    "look-for-reversals",
    due=reversals.providers_to_look_at,
    work=tasks.look_for_reversals,
    every=timedelta(days=1),
    in_replay=False,
    asks_providers=True,
    where=InCells.EACH,
)
LOOK_AT_PAYOUTS = Job(
    "look-at-provider-payouts",
    due=reversals.providers_that_pay_out,
    work=tasks.look_at_payouts,
    every=timedelta(days=1),
    in_replay=False,
    asks_providers=True,
    where=InCells.EACH,
)
TAKE_UP_DOCUMENTS = Job(
    "take-up-documents",
    due=clearances.issuers,
    work=tasks.take_up_documents,
    every=timedelta(minutes=5),
    model=Issuer,
    in_replay=False,
    where=InCells.EACH,
)
CLEAR_DOCUMENTS = Job(
    "clear-documents",
    due=clearances.to_ask,
    tried_after=clearances.asked_after,
    work=tasks.clear_documents,
    every=timedelta(minutes=5),
    model=Clearance,
    merchant="account__merchant",
    in_replay=False,
    asks_providers=True,
)
TAKE_BANK_FILES = Job(
    "take-bank-files",
    due=bank_folder.folders,
    work=tasks.take_bank_files,
    every=timedelta(minutes=1),
    in_replay=False,
    where=InCells.FIRST,
)
MATCH_BANK_LINES = Job(
    "match-bank-lines",
    due=bank_statements.to_match,
    work=tasks.match_bank_lines,
    every=timedelta(minutes=1),
    model=BankLine,
    in_replay=False,
)
BUILD_ARCHIVES = Job(
    "build-archives",
    due=documents.archives_to_do,
    work=tasks.build_archives,
    every=timedelta(minutes=1),
    model=YearArchive,
    merchant="account__merchant",
    in_replay=False,
    chunk=1,  # a large year takes minutes
)
DOCUMENT_MAILS = Job(
    "document-mails",
    due=documents.addresses_to_mail,
    work=tasks.mail_documents,
    every=timedelta(minutes=5),
    model=BillingAddress,
    merchant="account__merchant",
    in_replay=False,
)
