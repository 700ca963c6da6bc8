"""One merchant and a short way to send its events, for the tests."""

from typing import Any

from . import Model, Outcome
from .audit import audit
from .days import parse_instant


class Shop:
    """One merchant, `m` unless it is said, and a short way to send its events."""

    def __init__(
        self,
        joined: str,
        offset: str,
        *,
        model: Model | None = None,
        merchant: str = "m",
        **data: Any,
    ) -> None:
        self.model, self.offset, self.count = model or Model(), offset, 0
        self.merchant = merchant
        self.currency = data["currency"]
        defaults = {
            "name": "Shop",
            "language": "en",
            "credit_limit": "5000",
            "payment_days": 10,
            "settlement_days": 0,
            "billing_threshold": "200",
            "plan": "basic",
            "plan_price": "39",
            "plan_interval_days": 30,
            "payment_method": "sandbox",
        }
        self.send("merchant.joined", joined, **(defaults | data))

    def send(self, kind: str, at: str, **data: Any) -> Outcome:
        """Apply an event of the shop's at this local time: its outcome."""
        self.count += 1
        event = {
            "id": str(self.count),
            "type": kind,
            "at": at + self.offset,
            "merchant": self.merchant,
            "data": data,
        }
        return self.model.apply(event)

    def place(self, at: str, order: str, amount: Any, instalments: int = 1) -> Outcome:
        """Place an order: the outcome."""
        return self.send(
            "order.placed",
            at,
            order=order,
            buyer="b",
            amount=amount,
            currency=self.currency,
            instalments=instalments,
        )

    def pay(self, at: str, order: str, amount: str, payment: str | None = None) -> Outcome:
        """Pay so much of the order: the outcome."""
        payment = payment or f"pay-{self.count}"
        return self.send(
            "order.paid", at, order=order, payment=payment, amount=amount, currency=self.currency
        )

    def refund(self, at: str, order: str, amount: str) -> Outcome:
        """Refund so much of the order: the outcome."""
        return self.send(
            "order.refunded",
            at,
            order=order,
            refund=f"ref-{self.count}",
            amount=amount,
            currency=self.currency,
        )

    def charge(self, at: str, fee: str, amount: str) -> Outcome:
        """Charge a fee: the outcome."""
        return self.send(
            "charge.recorded",
            at,
            charge=f"c-{self.count}",
            fee=fee,
            request="r",
            quantity=1,
            amount=amount,
            currency=self.currency,
        )

    def act(self, at: str, what: str, to: Any = None) -> Outcome:
        """Have people decide this of the shop (operators.py): the outcome."""
        instant = parse_instant(at + self.offset)
        assert instant is not None
        return self.model.act(self.merchant, what, instant, to)

    def run_jobs(self, at: str) -> None:
        """Run the jobs of this local time."""
        instant = parse_instant(at + self.offset)
        assert instant is not None
        self.model.run_jobs(instant)

    def at(self, until: str) -> dict[str, Any]:
        """What the audited books say of the shop at this local time."""
        self.model.advance(until + self.offset)
        audit(self.model)
        found: dict[str, Any] = self.model.state()["merchants"][self.merchant]
        return found


def usd(joined: str = "2026-11-01T10:00:00", **data: Any) -> Shop:
    """A shop in USD and UTC."""
    return Shop(joined, "Z", currency="USD", timezone="UTC", **data)


def invoices(state: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Kind, date and total of the bills."""
    return [(invoice["kind"], invoice["date"], invoice["total"]) for invoice in state["bills"]]
