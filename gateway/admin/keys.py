"""Keys of the API, which administrators make, rotate and revoke."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backoffice.briefs import Brief
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Reasoned, Report
from backoffice.list_pages import FoundByKeys
from gateway.admin.forms import NewKey, NewKeyOfMerchant, Rotation
from gateway.models import ApiKey
from gateway.operations import keys as operations
from gateway.queries import briefs
from gateway.queries.keys import BRAND
from merchants.admin.merchants import ROW_DECISIONS

SHOWN_ONCE = "Whoever has a key can do all that it is for: hand it on as you would a password."


def _make(act: Act) -> Report:
    """Make a key of the API as the operator's form says, for one merchant or, if it names none, for
    all of them, with a trail row; returns the report that shows its text this once. Raises
    KeyWasShown for a form that is sent a second time, and Invalid.
    """
    said = act.cleaned_data
    days = said["valid_for_days"]
    key, text = operations.make(
        name=said["name"],
        scopes=said["scopes"],
        merchant=said["merchant"],
        networks=said["networks"].replace(",", " ").split(),
        requests_per_minute=said["requests_per_minute"],
        expires_at=days and act.now + timedelta(days=days),
        reason=act.reason,
        request_key=said["request_key"],
        actor=act.actor,
        now=act.now,
    )
    return _shown(key, text)


def _make_for_merchant(act: Act) -> Report:
    """Make a key of the API, as the operator's form says, for the merchant of the page, with a
    trail row; returns the report that shows its text this once. Raises KeyWasShown for a form that
    is sent a second time, and Invalid.
    """
    return _make(replace(act, cleaned_data={**act.cleaned_data, "merchant": act.row}))


# A key more changes none that is there.
ROW_DECISIONS.append(
    Decision(
        "key",
        "Make its key",
        takes_second_factor=True,
        form=NewKeyOfMerchant,
        effect=lambda merchant: f"It reaches the books of {merchant} alone. {SHOWN_ONCE}",
        initial=lambda merchant: {"name": merchant.name},
        carry_out=_make_for_merchant,
        permission="gateway.change_apikey",
    )
)


def _rotate(act: Act) -> Report:
    """Replace the key by a new one, and let it end after the hours of the form, with a trail row;
    returns the report that shows the new one's text this once. Raises KeyIsOver for a key that is
    revoked, expired or replaced already, and Invalid.
    """
    key, text = operations.rotate(
        key_id=act.row.pk,
        overlap=timedelta(hours=act.cleaned_data["overlap_hours"]),
        reason=act.reason,
        actor=act.actor,
        now=act.now,
    )
    return _shown(key, text)


def _shown(key: ApiKey, text: str) -> Report:
    """The report that shows the text of a new key."""
    return Report(f"The key of {key.name} is shown this once, and kept nowhere:", secret=text)


def _is_in_use(key: ApiKey) -> bool:
    """Whether the key was not revoked, so that it can be: True also for one that has expired or was
    replaced.
    """
    return key.revoked_at is None


def _standing(key: ApiKey) -> dict[str, Any]:
    """What a page of decisions shows of a key, and compares when the form comes back: whether it
    was revoked, and the key that replaced it.
    """
    return {"Revoked": key.revoked_at is not None, "Replaced by": key.replaced_by}


@admin.register(ApiKey)
class ApiKeyAdmin(Deciding, FoundByKeys):
    keys = ("prefix", "name", "merchant__reference")
    search_help_text = "The key's prefix or name, or a merchant's reference."
    list_display = (
        *("name", "prefix", "merchant", "scopes", "expires_at", "revoked_at", "last_used_at"),
    )
    list_select_related = ("merchant",)
    list_decisions = (
        Decision(
            "make",
            "Make a key",
            takes_second_factor=True,
            form=NewKey,
            effect=lambda row: SHOWN_ONCE,
            initial=lambda row: {},
            carry_out=_make,
        ),
    )
    decisions = (
        Decision(
            "rotate",
            "Rotate",
            takes_second_factor=True,
            form=Rotation,
            effect=lambda key: (
                f"A new key that may do what {key.name} may; the old one ends after the overlap."
                f" {SHOWN_ONCE}"
            ),
            shown=_standing,
            carry_out=_rotate,
            is_open=lambda key: _is_in_use(key) and key.replaced_by_id is None,
        ),
        Decision(
            "revoke",
            "Revoke",
            form=Reasoned,
            effect=lambda key: f"The next request with {key} is refused, wherever it is in use.",
            shown=_standing,
            carry_out=Call(operations.revoke, "key_id"),
            done="The key is revoked.",
            is_open=_is_in_use,
        ),
    )

    def brief(self, row: Any, name: str) -> Brief | None:
        """What an operator reads before the decision called `name` about this key: what it opens,
        and what has come in with it (briefs.of_key). It is never None.
        """
        return briefs.of_key(row, name)

    def asked_as(self, term: str) -> str:
        """The search term without the brand that keys begin with, so that the start of a key may be
        pasted as it is.
        """
        return term.removeprefix(f"{BRAND}_")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """All fields but the key's digest."""
        return [field for field in super().get_fields(request, obj) if field != "digest"]
