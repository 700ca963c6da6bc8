"""Which rows of a cell are a merchant's, and so go along when its books are moved (rule 30.20), and
which are the house's own, and stay.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Field, Model

from billing.models import BillingAccount
from config.cells import tables
from credit.models import CreditLine
from gateway.models import ReceivedEvent
from lib import cells
from merchants.models import Merchant

# Of the house: series of numbers, what banks and providers told of many merchants, files for and
# from the bank. What they say of a merchant's rows stays as it was said (rule 30.22).
OF_HOUSE = frozenset(
    {
        *("billing.NumberSeries", "billing.BankFile", "billing.BankStatement", "billing.BankLine"),
        *("billing.ProviderDay", "billing.ProviderPayout", "billing.ProviderMovement"),
        *("credit.PaymentFile", "credit.PayoutAnswerFile", "credit.PayoutAnswer"),
        "billing.JournalCount",
    }
)
# By which of its fields a row belongs to another one of its merchant, where it does not name that.
THROUGH = {
    "billing.ArchivePart": ("archive",),
    "billing.CollectionPause": ("invoice",),
    "billing.DocumentMail": ("address",),
    "billing.DueDay": ("invoice",),
    "billing.InvoiceDecision": ("invoice",),
    "billing.InvoiceLine": ("invoice",),
    "billing.InvoiceTax": ("invoice", "rest"),
    "billing.Payment": ("invoice",),
    "billing.PaymentPlan": ("invoice",),
    "billing.PaymentPlanPart": ("plan",),
    "billing.ProviderDifference": ("payment",),
    "billing.StatementTotal": ("statement",),
    "billing.Waiver": ("invoice",),
    "credit.PayoutRun": ("rule",),
    "gateway.WebhookAttempt": ("delivery",),
    "gateway.WebhookDelivery": ("event",),
    "notices.NoticeMail": ("notice",),
}
# What there is of every day's trade.
OF_MANY = frozenset(
    {
        *("billing.Charge", "billing.FulfilmentRequest", "billing.InvoiceItem"),
        *("credit.LimitEntry", "credit.Order", "credit.OrderPayment", "credit.ProceedsEntry"),
        *("gateway.WebhookEvent", "notices.Notice"),
    }
)
# Whose rows hang on a merchant, and have its primary key.
BOOKS = (Merchant, BillingAccount, CreditLine)


def models() -> Sequence[type[Model]]:
    """The models whose rows go along: each after those that its rows belong to."""
    moved = [model for model in tables.models_of_cells() if model._meta.label not in OF_HOUSE]
    return sorted(moved, key=lambda model: (_depth(model), model._meta.label))


def condition(model: type[Model], number: int) -> str:
    """SQL that is true of the rows of this model, called `owned`, in the cell with this number,
    that are the merchant's with the primary key %(merchant)s and the reference %(reference)s.
    """
    if model is ReceivedEvent:  # it may be of a merchant that there is not
        return "owned.merchant = %(reference)s"
    through = THROUGH.get(model._meta.label)
    if through is None:
        return f'owned."{_named(model).column}" = %(merchant)s'
    return f"({' OR '.join(_through(model, name, number) for name in through)})"


def most_rows(number: int, merchant: int) -> dict[str, str]:
    """SQL for the rows of the merchant with this primary key, in the cell with this number, by the
    name of the table: of those tables that have by far the most rows.
    """
    found = [model for model in models() if model._meta.label in OF_MANY]
    tables_of = {model._meta.db_table: condition(model, number) for model in found}
    return {
        name: f'SELECT * FROM {cells.name_of(number)}."{name}" AS owned WHERE {which}'
        % {"merchant": int(merchant)}
        for name, which in tables_of.items()
    }


def loose_constraints() -> Sequence[tuple[str, str]]:
    """Return the table and the column of each foreign key that a model names in
    LEAD_ELSEWHERE. Such keys are in tables of each cell whose rows are of no one merchant,
    as lines of bank statements are, and lead to rows of a merchant. If that merchant's
    books are moved to another cell, the former rows stay and the latter go. So where the
    books are in cells, no constraint of the database holds these keys.
    """
    fields = [
        (model._meta.db_table, model._meta.get_field(name))
        for model in tables.models_of_cells()
        for name in getattr(model, "LEAD_ELSEWHERE", ())
    ]
    return [(table, str(field.column)) for table, field in fields]  # type: ignore[union-attr]


def whose(model: type[Model]) -> str:
    """The column of the model by which its rows name their merchant; "" where they belong to one
    through another row (THROUGH), are the house's, or are received events. Raises LookupError for a
    model of which nobody has said whether it goes along.
    """
    if model._meta.label in THROUGH or model._meta.label in OF_HOUSE or model is ReceivedEvent:
        return ""
    return str(_named(model).column)


def _named(model: type[Model]) -> "Field[Any, Any]":
    """The field by which the model's rows name their merchant, or one of its two books. Raises
    LookupError for a model of which nobody has said whether it goes along.
    """
    for field in model._meta.concrete_fields:
        if field.related_model in BOOKS and not field.null:
            return field
    raise LookupError(f"Say in config/cells/owned.py whether {model._meta.label} goes along.")


def _through(model: type[Model], name: str, number: int) -> str:
    """Return SQL that is true of those rows of the model, called `owned`, whose foreign
    key `name` leads to a row of the merchant. The tables are those of the cell with the
    number `number`. The merchant itself is not named here: the SQL has the placeholder
    %(merchant)s for its primary key, or %(reference)s for its reference (`condition`).
    """
    field = model._meta.get_field(name)
    to: type[Model] = field.related_model  # type: ignore[assignment]
    table = f'{cells.name_of(number)}."{to._meta.db_table}"'
    own = condition(to, number)
    column = field.column  # type: ignore[union-attr]
    # Each level calls its rows `owned`: those of the inner one hide the outer ones there.
    return f'owned."{column}" IN (SELECT owned.id FROM {table} AS owned WHERE {own})'


def _depth(model: type[Model]) -> int:
    """How many rows stand between one of this model and its merchant."""
    through = THROUGH.get(model._meta.label)
    if through is None:
        return 0
    to = model._meta.get_field(through[0]).related_model
    return 1 + _depth(to)  # type: ignore[arg-type]
