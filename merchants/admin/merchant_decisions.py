"""What administrators decide about what a merchant is called and whom it is reached by, and notes
about it.
"""

from typing import Any

from django.urls import reverse

from backoffice.decisions import Act, Call, Decision, Reasoned, Report
from merchants.admin.forms import ContactsChange, MerchantChange, NoteWritten
from merchants.models import Merchant, Profile
from merchants.operations import looks, merchants, notes, profiles
from merchants.queries import LOOKS_AT_MERCHANTS
from merchants.roles import MANAGES_MEMBERS, WRITES_NOTES

CONTACTS = ("contact_name", "contact_email", "contact_phone")


def _contacts(merchant: Merchant) -> dict[str, Any]:
    """The merchant's contacts by the names of the form's fields, as its initial values; an empty
    dict without a profile.
    """
    profile = Profile.objects.filter(merchant=merchant).only(*CONTACTS).first()
    return {name: getattr(profile, name) for name in CONTACTS} if profile else {}


def _shown_contacts(merchant: Merchant) -> dict[str, Any]:
    """The merchant's contacts by their labels, as the page shows and compares them; "" for each
    that is not filled in, and for all of them without a profile.
    """
    found = _contacts(merchant)
    return {name.replace("_", " ").capitalize(): found.get(name, "") for name in CONTACTS}


def _are_the_contacts(act: Act) -> bool:
    """Whether the merchant's contacts are those of the form already; False for a merchant without a
    profile.
    """
    return {name: act.cleaned_data[name] for name in CONTACTS} == _contacts(act.row)


def _look(act: Act) -> Report:
    """Let the operator look at the merchant's pages for half an hour, which a trail row says with
    the reason, and report until when, with a link to them. A look of theirs that goes on is
    reported instead, and not made longer.
    """
    look = looks.start(merchant_id=act.row.pk, reason=act.reason, actor=act.user, now=act.now)
    return Report(
        f"You can look at these pages until {look.ends_at:%H:%M} UTC.",
        link=reverse("overview", args=[look.merchant.reference]),
        link_text=f"To {look.merchant.name}'s pages",
    )


# A note and a look change nothing that their pages show.
OF_MERCHANT = (
    Decision(
        "look",
        "See its pages",
        form=Reasoned,
        effect=lambda merchant: (
            f"You see the pages of {merchant} as its people do, for half an hour at most, and can"
            " change nothing there. That you looked, why, and each file that you take is on the"
            " trail."
        ),
        carry_out=_look,
        permission=LOOKS_AT_MERCHANTS,
    ),
    Decision(
        "note",
        "Write a note",
        form=NoteWritten,
        effect=lambda merchant: (
            "Colleagues read it on the merchant's page; the merchant never does. It stays as it is."
        ),
        carry_out=Call(notes.add, "merchant_id"),
        done="The note is kept.",
        permission=WRITES_NOTES,
    ),
    Decision(
        "details",
        "Change name or language",
        form=MerchantChange,
        effect=lambda merchant: (
            "Pages and documents that are made from now on have the new name and language."
            " Documents that are there stay as they are."
        ),
        initial=lambda merchant: {"name": merchant.name, "language": merchant.language},
        shown=lambda merchant: {"Name": merchant.name, "Language": merchant.language},
        carry_out=Call(merchants.change, "merchant_id"),
        done="The merchant is changed.",
        permission=MANAGES_MEMBERS,
    ),
    Decision(
        "contacts",
        "Change contacts",
        form=ContactsChange,
        effect=lambda merchant: (
            "The merchant sees the new contacts in its settings. Contacts that change count as not"
            " confirmed, until an officer confirms them."
        ),
        initial=_contacts,
        shown=_shown_contacts,
        is_so=_are_the_contacts,
        carry_out=Call(profiles.change_contacts, "merchant_id"),
        done="The contacts are changed.",
        permission=MANAGES_MEMBERS,
    ),
)
