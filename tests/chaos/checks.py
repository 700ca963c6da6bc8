"""What must be true after a run. Each check yields sentences about what is not."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from itertools import groupby
from typing import Any

from django.db.models import Count, F, Sum

from billing.models import Charge, Invoice, Payment
from credit.models import LimitEntry, Order, OrderPayment, OrderRefund, ProceedsEntry, Withdrawal
from gateway.imports.models import Import, ImportedRow
from gateway.webhooks.models import WebhookDelivery, WebhookEvent
from lib import audit, clock
from notices.models import NoticeMail
from tests.chaos.outside import Mail, Outside, Receiver, Stripe
from tests.chaos.traffic import Journal, Told
from tests.chaos.world import World
from tests.credit.payout_server import Bank

OF_A_DEATH_SECONDS = 6.0  # between a mail server's yes and the commit, on a busy machine
STEPS = {"shipment": "shipped_at", "delivery": "delivered_at", "cancellation": "cancelled_at"}


def all_of(journal: Journal, outside: Outside, bank: Bank, world: World) -> list[str]:
    """What is not as it must be, by all checks."""
    found = (
        requests(journal), nothing_from_nowhere(journal), orders(), at_stripe(outside.stripe),
        at_the_bank(bank), at_the_receiver(outside.receiver), mails(outside.mail, world), books(),
    )  # fmt: skip
    return [wrong for check in found for wrong in check]


def times_in_books(told: Told) -> int:
    """How often the books have what the request tells."""
    merchant, reference, body = told.merchant, told.reference, told.body
    of_line: dict[str, Any] = {"line__merchant__reference": merchant, "reference": reference}
    amount = Decimal(body.get("amount", 0))
    match told.kind:
        case "orders":
            return Order.objects.filter(**of_line, amount=amount).count()
        case "payments":
            return OrderPayment.objects.filter(**of_line, amount=amount).count()
        case "refunds":
            return OrderRefund.objects.filter(**of_line, amount=amount).count()
        case "charges":
            charges = Charge.objects.filter(account__merchant__reference=merchant)
            return charges.filter(reference=reference, amount=amount).count()
        case "withdrawals":
            asked = Withdrawal.objects.filter(line__merchant__reference=merchant)
            return asked.filter(request_key=reference, amount=amount).count()
        case "imports":
            digest = sha256(body["content"].encode()).hexdigest()
            return Import.objects.filter(digest=digest).count()
        case step:
            return Order.objects.filter(**of_line, **{f"{STEPS[step]}__isnull": False}).count()


def requests(journal: Journal) -> Iterator[str]:
    """Each acknowledged one is in the books once, each other at most once, each refused never."""
    for told in journal.all:
        if told.kind == "pay":  # what it did is Stripe's and the proceeds' to tell
            continue
        times = times_in_books(told)
        if told.is_acknowledged and times != 1:
            yield f"Acknowledged, and {times}× in the books: {told}"
        elif told.is_refused and told.kind in ("payments", "refunds", "charges") and times:
            yield f"Refused, and {times}× in the books: {told} {told.said.get('code')}"
        elif times > 1:
            yield f"{times}× in the books: {told}"


def nothing_from_nowhere(journal: Journal) -> Iterator[str]:
    """What is in the books, somebody has told."""
    told = {(one.kind, one.merchant, one.reference) for one in journal.all}
    rows = ImportedRow.objects.values_list("merchant", "reference")
    told |= {("orders", *row) for row in rows}
    found = {
        "orders": Order.objects.values_list("line__merchant__reference", "reference"),
        "payments": OrderPayment.objects.values_list("line__merchant__reference", "reference"),
        "refunds": OrderRefund.objects.values_list("line__merchant__reference", "reference"),
        "charges": Charge.objects.exclude(fee="plan").values_list(
            "account__merchant__reference", "reference"
        ),
        "withdrawals": Withdrawal.objects.values_list("line__merchant__reference", "request_key"),
    }
    for kind, references in found.items():
        for merchant, reference in references:
            is_of_stage = reference.startswith(("before-", "payment-"))
            if not is_of_stage and (kind, merchant, reference) not in told:
                yield f"Nobody told of {kind} {merchant} {reference}"


def orders() -> Iterator[str]:
    """Yield a sentence for each order that is held more than once, for each that is open and holds
    nothing, and for each row of an import that was applied and is not in the books once.
    """
    held = LimitEntry.objects.filter(kind="HOLD").values("order").annotate(times=Count("pk"))
    for row in held.filter(times__gt=1):
        yield f"Order {row['order']} is held {row['times']}×"
    opened = Order.objects.exclude(status="DECLINED").exclude(limitentry__kind="HOLD")
    for order in opened:
        yield f"{order} holds nothing"
    for taken in ImportedRow.objects.filter(outcome="applied"):
        known = Order.objects.filter(
            line__merchant__reference=taken.merchant, reference=taken.reference
        )
        if known.count() != 1:
            yield f"{taken} was applied, and is {known.count()}× in the books"


def at_stripe(stripe: Stripe) -> Iterator[str]:
    """Each payment there is one SUCCEEDED row here, and the other way round."""
    taken = [one for one in stripe.intents if one["status"] == "succeeded"]
    times = Counter(one["metadata"]["tael_payment"] for one in taken)
    rows = {row.idempotency_key: row
            for row in Payment.objects.filter(provider="stripe", status="SUCCEEDED")}  # fmt: skip
    for key, number in times.items():
        if number != 1:
            yield f"Stripe took {key} {number}×"
        if key not in rows:
            yield f"Stripe took {key}, and no row here says so"
    for key in rows.keys() - times.keys():
        yield f"{rows[key]} is SUCCEEDED, and Stripe never took it"
    for one in taken:
        row = rows.get(one["metadata"]["tael_payment"])
        if row is not None and int(row.amount.amount * 100) != one["amount"]:
            yield f"Stripe took {one['amount']} for {row}"
    paid = Payment.objects.filter(status="SUCCEEDED").values("invoice")
    for sums in paid.annotate(paid=Sum("amount"), total=F("invoice__total")):
        if sums["paid"] > sums["total"]:
            yield f"Bill {sums['invoice']} of {sums['total']} was paid {sums['paid']}"
    for invoice in Invoice.objects.filter(status="PAID").exclude(amount_paid=F("total")):
        yield f"{invoice} is PAID with {invoice.amount_paid}"


def at_the_bank(bank: Bank) -> Iterator[str]:
    """Each withdrawal was paid once or not at all, as the books say."""
    times = Counter(bank.paid)
    paid = set(Withdrawal.objects.filter(status="PAID").values_list("reference", flat=True))
    for reference, number in times.items():
        if number != 1:
            yield f"The bank paid {reference} {number}×"
    for reference in paid ^ times.keys():
        yield f"{reference} is paid {'here' if reference in paid else 'at the bank'} only"
    entries = ProceedsEntry.objects.filter(kind="WITHDRAWAL").values("withdrawal")
    for row in entries.annotate(times=Count("pk")).filter(times__gt=1):
        yield f"Withdrawal {row['withdrawal']} was taken {row['times']}×"


def at_the_receiver(receiver: Receiver) -> Iterator[str]:
    """Each event was taken at least once, under its one id, with one content."""
    known = {f"evt_{event.uid.hex}": event for event in WebhookEvent.objects.order_by("pk")}
    for uid in known.keys() - receiver.taken:
        yield f"Nobody took {known[uid]} of {known[uid].at}"
    for uid, bodies in receiver.told.items():
        if uid not in known:
            yield f"The receiver was told of {uid}, which is no event"
        if len(bodies) != 1:
            yield f"Event {uid} was told in {len(bodies)} ways"
    for delivery in WebhookDelivery.objects.exclude(status="DELIVERED"):
        yield f"{delivery} is {delivery.status}"
    if WebhookDelivery.objects.count() != len(known):
        yield "Some events have no delivery, or several"
    numbered = WebhookEvent.objects.order_by("merchant", "sequence")
    rows = numbered.values_list("merchant", "sequence")
    for merchant, of_merchant in groupby(rows, key=lambda row: row[0]):
        numbers = [number for _, number in of_merchant]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"Events of merchant {merchant} are not numbered 1, 2, …"


def mails(mail: Mail, world: World) -> Iterator[str]:
    """None was taken twice, but where a process died, or the server's yes was lost, between that
    yes and the commit (docs/decisions.md).
    """
    for key, instants in mail.accepted.items():
        first, *again = instants
        deaths = sum(
            any(instant - 0.5 <= death <= instant + OF_A_DEATH_SECONDS
                for death in world.kill_instants)
            for instant in instants[:-1]
        )  # fmt: skip
        if len(again) > deaths + mail.unanswered[key]:
            yield f"Mailed {len(instants)}× from {first:.1f} on: {key[:2]}"
    sent = NoticeMail.objects.filter(sent_at__isnull=False).values_list("user__email")
    taken: Counter[str] = Counter()
    for (reader, _, _), instants in mail.accepted.items():
        taken[reader] += len(instants)
    for email, number in sent.annotate(number=Count("pk")).order_by():
        if taken[email] < number:
            yield f"{email} was sent {number} mails, and the server took {taken[email]}"


def books() -> Iterator[str]:
    """Yields what the audit finds wrong."""
    for finding in audit.run(audit.registered(), now=clock.now()):
        for violation in finding.listed:
            yield f"audit: {finding.check.name}: {violation}"
