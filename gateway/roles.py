"""Which operators may bring in what, whatever brings it: a file, or an event that is sent again."""

from typing import Any

from lib import events
from lib.refusals import Refused

BY_CREDIT_OFFICERS = "credit.change_creditline"
BY_BILLING_OFFICERS = "billing.change_billingaccount"
# By the scope of event types, the permission for those that are not about the credit book.
OF_SCOPE = {"charges": BY_BILLING_OFFICERS}


class NotTheirs(Refused):
    """The operator's role may not decide about rows or events of this kind."""

    code = "forbidden"


def permission_for(event_type: str) -> str:
    """The permission that an operator needs to have events of this type applied: those that bring
    charges are for billing officers, all others for credit officers, also those of an unknown type.
    """
    found = events.type_named(event_type)
    return OF_SCOPE.get(found.scope, BY_CREDIT_OFFICERS) if found else BY_CREDIT_OFFICERS


def check_event(user: Any, event_type: str) -> None:
    """Raise NotTheirs if the operator may not have events of this type applied (permission_for)."""
    if not user.has_perm(permission_for(event_type)):
        raise NotTheirs(f"type: events of the type {event_type} are not for your role to send")
