"""Which models' tables all cells share, and of which each cell has its own (rule 30.3).

A merchant's books are a cell's. Shared are people, operators, prices, policies and issuers, the
directory of merchants and what hangs on a merchant directly, the trail, and the records of jobs. No
foreign key leads from what is shared to a cell. What others have in the database besides, such as
sessions, is shared.
"""

from collections.abc import Sequence

from django.apps import apps
from django.db.models import Model


def _labels(**names: str) -> frozenset[str]:
    """The labels of models, given by their names for each app."""
    return frozenset(f"{app}.{name}" for app, of_app in names.items() for name in of_app.split())


SHARED = _labels(
    trail="TrailEntry",
    jobs="Lease JobRun JobFailure Heartbeat",
    merchants=(
        "Merchant Move MovedName TimeZonePeriod Profile ProfileStep Erasure Installation User "
        "User_groups User_user_permissions Membership Invitation Look Note Proposal "
        "OperatorPolicy OperatorFigure OperatorDecision SavedView SignIn EnrolledFactor "
        "SecurityMail TimeZoneData"
    ),
    credit="CreditPolicy",
    billing=(
        "Fee FeePrice Issuer IssuerVersion TaxRate FeeTaxClass ChartAccount JournalLock "
        "SandboxClearing"
    ),
    gateway="ApiKey WebhookEndpoint WebhookSecret Replay ReplayRejection Import ImportedRow",
)
OF_CELLS = _labels(
    notices="Notice NoticeMail",
    credit=(
        "CreditLine Freeze LimitEntry FormerClosing FormerDays ProceedsCorrection "
        "ShopMetrics Order OrderPayment PaymentFile PayoutAnswerFile PayoutAnswer "
        "PayoutDestination Withdrawal PayoutSchedule PayoutRun OrderRefund "
        "UnmatchedSettlement RefusedCash ProceedsEntry LimitRequest OrderFlag LimitReview"
    ),
    billing=(
        "BillingAccount PlanTerm AccountChange BillingDetails "
        "NumberSeries Invoice InvoiceLine InvoiceDecision Statement StatementTotal "
        "InvoiceItem FulfilmentRequest Charge Card Payment Reversal UnappliedEntry "
        "BankTransfer BankFile BankStatement BankLine CreditNote Clearance DueDay "
        "CollectionPause Waiver BillingCredit BillingAddress DocumentMail YearArchive "
        "ArchivePart PaymentPlan PaymentPlanPart ProviderDay ProviderPayout "
        "ProviderMovement ProviderDifference BillingQuestion ThresholdRequest "
        "TaxTreatment InvoiceTax JournalCount"
    ),
    gateway="ReceivedEvent WebhookEvent WebhookDelivery WebhookAttempt",
)
# Apps of others; all that they keep is about people, sessions and migrations.
OF_OTHERS = frozenset(
    {"admin", "auth", "contenttypes", "sessions", "account", "mfa", "usersessions", "migrations"}
)


class Undecided(LookupError):
    """It is not said whether a model's table is shared or a cell's."""


def is_of_cells(app_label: str, model_name: str) -> bool:
    """Whether each cell has its own table of the model with this name, in whatever case. Raises
    Undecided for a model that is in neither list.
    """
    label = f"{app_label}.{model_name}".lower()
    if label in _lower(OF_CELLS):
        return True
    if app_label in OF_OTHERS or label in _lower(SHARED):
        return False
    raise Undecided(f"Say in config/cells/tables.py whether {label} is shared or a cell's.")


def models_of_cells() -> Sequence[type[Model]]:
    """The models of which each cell has its own table."""
    return [apps.get_model(label) for label in sorted(OF_CELLS)]


def of_cells() -> Sequence[str]:
    """The names of the tables of which each cell has its own."""
    return [model._meta.db_table for model in models_of_cells()]


def on_every_machine() -> Sequence[str]:
    """The names of the tables that all cells share and that books are read with: on a cluster each
    machine has them. Jobs' own are the first machine's: they are told by its clock, and no book
    refers to them.
    """
    labels = sorted(label for label in SHARED if not label.startswith("jobs."))
    return [apps.get_model(label)._meta.db_table for label in labels]


def _lower(labels: frozenset[str]) -> frozenset[str]:
    """The labels in small letters, as migrations have them."""
    return frozenset(map(str.lower, labels))
