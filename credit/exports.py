"""CSV files of orders, refunds, withdrawals, and entries of a credit line, with headings in the
language in force (docs/files.md).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC
from decimal import Decimal
from itertools import chain

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from credit import explanations, masks, withdrawal_failures
from credit.models import (
    CreditLine,
    LimitEntry,
    Order,
    OrderRefund,
    PayoutDestination,
    ProceedsEntry,
    Withdrawal,
)
from credit.models.orders import OrderQuerySet
from credit.queries.buyer_list import Buyers
from credit.queries.paid_out import Receipt
from credit.queries.sales import Sales, Stage, Sums
from lib import calendar, money, zones
from lib.csv_files import (
    Blocks,
    Figure,
    amount,
    codes,
    heading_of,
    in_blocks,
    in_words,
    instants,
    of_query,
    of_rows,
    quoted,
    safe,
    safe_text,
    yes_or_no,
)
from lib.formats import labelled


def buyers(found: Buyers, by: str) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these buyers, in the order of the column `by`."""
    line = found.line
    limit = f"{line.limit.amount:f}"
    share = f"CASE WHEN {limit} > 0 THEN holds * 100 / {limit} WHEN holds > 0 THEN 100 ELSE 0 END"
    columns = {
        _("Buyer"): safe("name"),
        _("Orders"): Figure("orders"),
        **instants({_("Last order"): "latest_at"}, line.timezone),
        _("Open orders"): Figure("open_orders"),
        _("Overdue"): Figure("overdue"),
        _("Earliest due date"): "due_on",
        _("Holds"): amount("holds", line.currency),
        _("Share of the limit"): Figure(f"round({share}, 1)"),
        _("Written off, and not recovered"): amount("lost", line.currency),
        _("Currency"): quoted(line.currency),
    }
    return of_query(columns, *found.query(by))


def orders(line: CreditLine, found: OrderQuerySet) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these orders of the line, in the order of the query, which
    has annotated them with `is_overdue`.
    """
    columns = {
        _("Order"): safe("reference"),
        _("Buyer"): safe("buyer"),
        **instants({_("Placed"): "placed_at"}, line.timezone),
        _("Status"): in_words("status", Order.Status.choices),
        _("Overdue"): yes_or_no("is_overdue"),
        _("Reason"): f"NULLIF({in_words('decline_code', Order.Decline.choices)}, '')",
        _("Due date"): "due_on",
        _("Instalments"): Figure("instalments"),
        _("Amount"): amount("amount", line.currency),
        _("Outstanding"): amount("outstanding", line.currency),
        pgettext("amount", "Paid"): amount("paid", line.currency),
        _("Refunded"): amount("refunded", line.currency),
        _("Written off"): amount("written_off", line.currency),
        _("Recovered"): amount("recovered", line.currency),
        _("Currency"): "currency",
        **instants({_("Shipped"): "shipped_at"}, line.timezone),
        **instants({_("Delivered"): "delivered_at"}, line.timezone),
        **instants({_("Cancelled"): "cancelled_at"}, line.timezone),
        _("Cancel reason"): _cancel_reason(),
        **codes({_("Status"): "status", _("Reason"): "NULLIF(decline_code, '')"}),
        **codes({_("Cancel reason"): safe("cancel_reason")}),
    }
    rows = found.values(
        *("reference", "buyer", "placed_at", "status", "is_overdue", "decline_code", "due_on"),
        *("instalments", "amount", "outstanding", "paid", "refunded", "written_off", "recovered"),
        *("currency", "shipped_at", "delivered_at", "cancelled_at", "cancel_reason"),
    )
    return of_rows(columns, rows)


def _cancel_reason() -> str:
    """SQL for why an order was cancelled (explanations.cancel_reason), from the column
    cancel_reason: in the language in force if it is a known reason, otherwise as it was told; NULL
    if nothing was.
    """
    named = " ".join(
        f"WHEN {quoted(told)} THEN {quoted(str(label))}"
        for told, label in explanations.CANCEL_REASONS.items()
    )
    told = "lower(rtrim(btrim(cancel_reason, E' \\t\\n\\r'), '.'))"
    return f"CASE {told} {named} ELSE {safe('cancel_reason')} END"


def coming(line: CreditLine, found: OrderQuerySet) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of what buyers are to pay of these orders of the line, in the
    order of the query, which has annotated them with `is_overdue`, `next_due` and `coming`.
    """
    columns = {
        _("Order"): safe("reference"),
        _("Buyer"): safe("buyer"),
        **instants({_("Placed"): "placed_at"}, line.timezone),
        _("Status"): in_words("status", Order.Status.choices),
        _("Overdue"): yes_or_no("is_overdue"),
        _("Next due"): "next_due",
        _("Instalments"): Figure("instalments"),
        _("Amount"): amount("amount", line.currency),
        _("Outstanding in all"): amount("outstanding", line.currency),
        _("Due then"): amount("coming", line.currency),
        _("Currency"): "currency",
        **codes({_("Status"): "status"}),
    }
    rows = found.values(
        *("reference", "buyer", "placed_at", "status", "is_overdue", "next_due", "instalments"),
        *("amount", "outstanding", "coming", "currency"),
    )
    return of_rows(columns, rows)


def _told() -> str:
    """SQL for what the merchant reads of why its limit was changed (explanations.told), from the
    columns told and reason: '' if a rule changed it.
    """
    standard = quoted(str(explanations.BY_OUR_TEAM))
    return f"(CASE WHEN told > '' THEN told WHEN reason > '' THEN {standard} ELSE '' END)"


def entries(line: CreditLine, found: QuerySet[LimitEntry]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these entries of the line, in the order of the query. It
    says whether a person or a rule made an entry, but names no operator.
    """
    team, automatic = quoted(_("team")), quoted(_("automatic"))
    columns = {
        **instants({_("Time"): "at"}, line.timezone),
        _("Kind"): in_words("kind", LimitEntry.Kind.choices),
        _("Order"): safe("order__reference"),
        _("Change of limit"): amount("limit_change", line.currency),
        _("Change of used"): amount("used_change", line.currency),
        _("Limit after"): amount("limit_after", line.currency),
        _("Used after"): amount("used_after", line.currency),
        _("Currency"): "currency",
        _("By"): f"CASE WHEN position('@' IN actor) > 0 THEN {team} ELSE {automatic} END",
        _("Reason"): safe(_told()),
        **codes({_("Kind"): "kind"}),
    }
    rows = found.values(
        *("at", "kind", "order__reference", "limit_change", "used_change", "limit_after"),
        *("used_after", "currency", "actor", "reason", "told"),
    )
    return of_rows(columns, rows)


def proceeds_entries(line: CreditLine, found: QuerySet[ProceedsEntry], by: str) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these entries of the line's proceeds, each with the balance
    after it, in the order `by`: "id" is the oldest first, "-id" the latest.
    """
    balances = (
        "JOIN (SELECT id, sum(amount) OVER (ORDER BY id) AS balance FROM credit_proceedsentry"
        f" WHERE line_id = {line.pk}) after ON after.id = row.id"
        f" ORDER BY row.id {'DESC' if by.startswith('-') else 'ASC'}"
    )
    columns = {
        **instants({_("Time"): "at"}, line.timezone),
        _("Kind"): in_words("kind", ProceedsEntry.Kind.choices),
        _("Order"): safe("order__reference"),
        _("Maturing day"): "matures_on",
        _("Withdrawal"): safe("withdrawal__reference"),
        _("Bill payment"): safe("bill_payment"),
        _("Amount"): amount("amount", line.currency),
        _("Balance after"): amount("balance", line.currency),
        _("Currency"): "currency",
        _("Reason"): safe("correction__told"),
        **codes({_("Kind"): "kind"}),
    }
    rows = found.values(
        *("id", "at", "kind", "order__reference", "matures_on", "withdrawal__reference"),
        *("bill_payment", "amount", "currency", "correction__told"),
    )
    return of_rows(columns, rows, f" {balances}")


def withdrawals(line: CreditLine, found: QuerySet[Withdrawal]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these withdrawals of the line, in the order of the
    query.
    """
    columns = {
        _("Withdrawal"): "reference",
        **instants({pgettext("time", "Requested"): "requested_at"}, line.timezone),
        _("Requested by"): safe("requested_by"),
        _("To"): in_words("destination__kind", PayoutDestination.Kind.choices),
        _("Destination number"): masks.in_sql("destination__"),
        _("Status"): in_words("status", Withdrawal.Status.choices),
        **instants({pgettext("time", "Sent"): "sent_at"}, line.timezone),
        # One that was paid after all ended with that, as its status says.
        **instants({pgettext("time", "Ended"): "coalesce(corrected_at, ended_at)"}, line.timezone),
        _("Amount"): amount("amount", line.currency),
        pgettext("withdrawal", "Fee"): amount("fee", line.currency),
        _("Currency"): "currency",
        _("Reason"): _why_it_came_back(),
        **codes({_("To"): "destination__kind", _("Status"): "status"}),
    }
    rows = found.values(
        *("reference", "requested_at", "requested_by", "status", "sent_at", "ended_at"),
        *("corrected_at", "destination__kind", "destination__masked", "destination__last_four"),
        *("amount", "fee", "currency", "reason", "returned_reason"),
    )
    return of_rows(columns, rows)


def _why_it_came_back() -> str:
    """SQL for why a withdrawal was sent back by the bank, or else why it failed or was rejected, as
    its page says it: in the language in force where Tael wrote it (withdrawal_failures.in_words).
    """
    reason = "coalesce(NULLIF(returned_reason, ''), reason)"
    named = " ".join(
        f"WHEN {quoted(told)} THEN {quoted(str(words))}"
        for told, words in withdrawal_failures.TRANSLATED.items()
    )
    return f"CASE {reason} {named} ELSE {safe(reason)} END"


def refunds(line: CreditLine, found: QuerySet[OrderRefund]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of these refunds of the line, in the order of the query; each
    needs its `stage` (queries.after_sales).
    """
    columns = {
        _("Refund"): safe("reference"),
        _("Order"): safe("order__reference"),
        _("Buyer"): safe("order__buyer"),
        **instants({_("Told"): "arrived_at"}, line.timezone),
        **instants({_("Given"): "at"}, line.timezone),
        _("Stage"): in_words("stage", Stage.choices),
        _("Amount"): amount("amount", line.currency),
        _("Of what was outstanding"): amount("from_outstanding", line.currency),
        _("Out of proceeds"): amount("from_proceeds", line.currency),
        _("Of what was written off"): amount("from_written_off", line.currency),
        _("Currency"): "currency",
        **codes({_("Stage"): "stage"}),
    }
    rows = found.values(
        *("reference", "order__reference", "order__buyer", "arrived_at", "at", "stage", "amount"),
        *("from_outstanding", "from_proceeds", "from_written_off", "currency"),
    )
    return of_rows(columns, rows)


def months(line: CreditLine, found: Sales) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of the line's sales, refunds and cancelled orders by month,
    the latest first, each month compared with the one before.
    """
    digits = money.minor_digits(line.currency)
    headings: dict[str, str] = {
        _("Month"): "",
        _("Up to and including"): "",
        _("Orders"): Figure(""),
        _("Sales"): Figure(""),
        _("An order, on average"): Figure(""),
        **{labelled(stage.label, _("Refunded")): Figure("") for stage in Stage},
        _("Refunded"): Figure(""),
        _("Net"): Figure(""),
        _("Change of net sales"): Figure(""),
        _("Change of net sales, per cent"): Figure(""),
        _("Cancelled orders"): Figure(""),
        _("Amount of cancelled orders"): Figure(""),
        _("Currency"): "",
    }

    def figure(value: Decimal | None) -> str:
        """The value with the currency's digits; "" for None."""
        return "" if value is None else f"{value:.{digits}f}"

    def row(one: Sums, more: Decimal | None, per_cent: Decimal | None) -> list[str]:
        """A month's row of the file; `more` and `per_cent` compare it with the month before."""
        average = one.average(line.currency)
        return [
            f"{one.start:%Y-%m}",
            f"{min(one.end - calendar.ONE_DAY, found.until)}",
            f"{one.orders}",
            figure(one.sold),
            figure(average.amount if average else None),
            *(figure(one.by_stage.get(stage, Decimal(0))) for stage in Stage),
            figure(one.refunded),
            figure(one.net),
            figure(more),
            "" if per_cent is None else f"{per_cent:.2f}",
            f"{one.cancelled_orders}",
            figure(one.cancelled),
            line.currency,
        ]

    lines = (heading_of(row(*one)) for one in found.rows)
    return Blocks(in_blocks(chain([heading_of(headings)], lines)), headings.values())


def withdrawal_sales(withdrawal: Withdrawal, receipts: Iterable[Receipt]) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of what the withdrawal paid out: a row for each receipt, in
    the order given.
    """
    zone = withdrawal.line.timezone
    digits = money.minor_digits(withdrawal.currency)
    headings: dict[str, str] = {
        _("Withdrawal"): "",
        _("Kind"): "",
        _("Order"): "",
        **instants({_("Time"): "at"}, zone),
        _("Maturing day"): "",
        _("Amount"): Figure(""),
        _("Paid out by it"): Figure(""),
        _("Currency"): "",
        **codes({_("Kind"): ""}),
    }

    def row(one: Receipt) -> list[str]:
        """A receipt's row of the file, with its instant on the merchant's clock and in UTC."""
        local, utc = one.at.astimezone(zones.zone(zone)), one.at.astimezone(UTC)
        return [
            withdrawal.reference,
            one.label,
            safe_text(one.order),
            f"{local:%Y-%m-%d %H:%M:%S}",
            f"{utc:%Y-%m-%dT%H:%M:%SZ}",
            str(one.matures_on or ""),
            f"{one.amount.amount:.{digits}f}",
            f"{one.part.amount:.{digits}f}",
            withdrawal.currency,
            one.kind,
        ]

    lines = (heading_of(row(one)) for one in receipts)
    return Blocks(in_blocks(chain([heading_of(headings)], lines)), headings.values())
