"""Keeps what members ask their lists for, under names of their own (rule 23.19).

A view is private to one person at one merchant, and moves nothing, so that it is on no trail.
"""

from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from lib import lists
from lib.refusals import Refused
from merchants.models import Membership, SavedView

MOST = 12  # views of one list


class UnknownList(Refused):
    """There is no such list."""

    code = "unknown_list"
    sentence = _("This list has no views.")


class TooManyViews(Refused):
    """The member has as many views of the list as there may be."""

    code = "too_many_views"
    sentence = _("You have 12 views of this list. Delete one before you save another.")


class UnknownView(Refused):
    """The member has no such view; it may have been deleted in another tab."""

    code = "unknown_view"
    sentence = _("You have no such view any more.")


def save(*, membership_id: int, page: str, name: str, query: str, now: datetime) -> SavedView:
    """Keep what `query`, a query string, asks the list of this page for, under this `name`: what
    the list does not understand of it is left out. The member's view of the same list and name is
    replaced.

    Raises UnknownList, TooManyViews if the member has MOST other views of the list,
    Membership.DoesNotExist. It locks the membership's row.
    """
    asked = lists.OF_PAGES.get(page)
    if asked is None:
        raise UnknownList(f"{page!r} is no list of which there are views")
    understood = urlencode(asked(QueryDict(query)).asked)
    with transaction.atomic():
        member = Membership.objects.select_for_update(no_key=True).get(pk=membership_id)
        others = member.views.filter(page=page).exclude(name=name)
        if others.count() >= MOST:
            raise TooManyViews(f"there are {MOST} views of {page}")
        view, _is_new = member.views.update_or_create(
            page=page, name=name, defaults={"query": understood, "saved_at": now}
        )
        return view


def remove(*, membership_id: int, view_id: int) -> SavedView:
    """Delete one of the member's own views, and return it. Raises UnknownView."""
    view = SavedView.objects.filter(membership=membership_id, pk=view_id).first()
    if view is None:
        raise UnknownView("the member has no such view")
    SavedView.objects.filter(pk=view.pk).delete()
    return view
