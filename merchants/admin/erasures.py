"""The admin page of erased people, and administrators' decisions to take a person's data as a file
and to erase a person.
"""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from backoffice.decision_pages import Deciding
from backoffice.decisions import Act, Call, Decision, Download, File, Reasoned
from backoffice.list_pages import ReadOnly
from lib import erasing
from lib.text_fields import LineField
from merchants.models import Erasure, Merchant, Profile, User
from merchants.operations import erasures
from merchants.personal_rows import OF_PROFILE
from merchants.roles import MANAGES_PEOPLE

STAYS = (
    " The rows and figures of the books stay, under a pseudonym that is one for all of them; so do"
    " documents as they were issued, and words that people wrote: do not name the person in the"
    " reason. It cannot be taken back: take the data as a file before, if it is asked"
    " for."
)
ON_TRAIL = " That you took it, and why, is on the trail."


class Buyer(Reasoned):
    buyer = LineField(
        label="Buyer",
        help_text="Exactly as the platform names it.",
        widget=UnfoldAdminTextInputWidget,
    )
    field_order: tuple[str, ...] = ("buyer", "reason")


class Payer(Reasoned):
    payer = LineField(
        label="Account number or name",
        help_text="The number of the account as the bank writes it, or the exact name. Of several"
        " people of one name take the number.",
        widget=UnfoldAdminTextInputWidget,
    )
    field_order: tuple[str, ...] = ("payer", "reason")


class Address(Reasoned):
    email = forms.EmailField(
        max_length=254, label="E-mail address", widget=UnfoldAdminEmailInputWidget
    )
    field_order: tuple[str, ...] = ("email", "reason")


def _of(operation: Any, key: str) -> Any:
    """The function that gives a Download its file: it calls the operation with the row's key as the
    argument `key`, the reason, the operator and the instant.
    """

    def content(act: Act) -> tuple[str, bytes]:
        """Name and bytes of the file that the operation makes of the row, in the operator's
        name.
        """
        file: tuple[str, bytes] = operation(
            **{key: act.row.pk}, reason=act.reason, actor=act.user, now=act.now
        )
        return file

    return content


def _file(operation: Any) -> Any:
    """The function that carries out a decision about no row which gives a file: it calls the
    operation with the form's fields, the operator and the instant.
    """
    return lambda act: File(*operation(**act.cleaned_data, actor=act.user, now=act.now))


def _is_erased(user: User) -> bool:
    """Whether the person was erased: the address is a pseudonym."""
    return erasing.is_erased(user.email)


def _kept_of(merchant: Merchant) -> list[str]:
    """The texts of the merchant's contacts and licence that are filled in; none without a
    profile.
    """
    profile = Profile.objects.filter(merchant=merchant).defer("licence_document").first()
    return [str(getattr(profile, name)) for name in OF_PROFILE if getattr(profile, name, "")]


OF_PERSON = Decision(
    "erase",
    "Erase",
    takes_second_factor=True,
    form=Reasoned,
    effect=lambda user: (
        f"{user} is erased: the account cannot be signed in to any more, sessions, second factors"
        " and mails are gone, invitations are revoked, and the address becomes a pseudonym wherever"
        f" it stands.{STAYS}"
    ),
    shown=lambda user: {"E-mail address": user.email},
    is_so=lambda act: _is_erased(act.row),
    carry_out=Call(erasures.erase_person, "user_id", takes_person=True),
    done=lambda erasure: f"The person is erased, and known as {erasure} from now on.",
    is_open=lambda user: not _is_erased(user),
)
DATA_OF_PERSON = Download(
    "data",
    "Take the data",
    is_there=lambda user: not _is_erased(user),
    effect=lambda user: f"All that is kept of {user}, as a JSON file.{ON_TRAIL}",
    content=_of(erasures.data_of_person, "user_id"),
)
OF_CONTACTS = Decision(
    "erase-contacts",
    "Erase contacts and licence",
    takes_second_factor=True,
    form=Reasoned,
    effect=lambda merchant: (
        f"The contacts and the licence of {merchant} are erased, also from the trail, and removed"
        " destinations that nothing was paid to. Its next review counts the profile as empty, until"
        f" the merchant fills it in again.{STAYS}"
    ),
    shown=lambda merchant: {"Contacts and licence": _kept_of(merchant)},
    is_so=lambda act: not _kept_of(act.row),
    carry_out=Call(erasures.erase_contacts, "merchant_id", takes_person=True),
    done="The contacts and the licence are erased.",
    is_open=lambda merchant: bool(_kept_of(merchant)),
    permission=MANAGES_PEOPLE,
)
DATA_OF_CONTACTS = Download(
    "contacts-data",
    "Take contacts' data",
    is_there=lambda merchant: Profile.objects.filter(merchant=merchant).exists(),
    effect=lambda merchant: (
        f"The contacts and the licence of {merchant}, present and former, as a JSON file.{ON_TRAIL}"
    ),
    content=_of(erasures.data_of_contacts, "merchant_id"),
    permission=MANAGES_PEOPLE,
)


@admin.register(Erasure)
class ErasureAdmin(Deciding, ReadOnly):
    """The admin page of erased people, by their pseudonyms, and of people without an account."""

    list_display = ("pseudonym", "kind", "merchant", "reason", "erased_at", "erased_by")
    list_filter = ("kind",)
    list_select_related = ("merchant",)
    search_fields = ("pseudonym__exact",)
    list_decisions = (
        Decision(
            "buyer",
            "Erase a buyer",
            takes_second_factor=True,
            form=Buyer,
            effect=lambda row: (
                "The buyer becomes a pseudonym in all rows and flags of all merchants, in what"
                " came in, and in what webhooks tell. A buyer who owes something is not erased."
                f"{STAYS}"
            ),
            carry_out=Call(erasures.erase_buyer, takes_person=True),
            done=lambda erasure: f"The buyer is erased, and known as {erasure} from now on.",
        ),
        Decision(
            "buyer-data",
            "Take a buyer's data",
            form=Buyer,
            effect=lambda row: f"All that is kept of a buyer, as a JSON file.{ON_TRAIL}",
            carry_out=_file(erasures.data_of_buyer),
        ),
        Decision(
            "payer",
            "Erase a payer",
            takes_second_factor=True,
            form=Payer,
            effect=lambda row: (
                "Name, account and words of whoever has this account or name become a pseudonym on"
                " lines from our bank that were never booked. Who paid what was booked has to"
                " be known as long as the books are kept (TAEL_BANK_LINES_KEPT_DAYS): that stays,"
                f" encrypted, and goes by itself then.{STAYS}"
            ),
            carry_out=Call(erasures.erase_payer, takes_person=True),
            done=lambda erasure: f"The payer is erased, and known as {erasure} from now on.",
        ),
        Decision(
            "payer-data",
            "Take a payer's data",
            form=Payer,
            effect=lambda row: (
                "All lines from our bank with this account or name, as a JSON file. Of several"
                f" people of one name it has all: give it to nobody who is one of them.{ON_TRAIL}"
            ),
            carry_out=_file(erasures.data_of_payer),
        ),
        Decision(
            "address",
            "Erase an address",
            takes_second_factor=True,
            form=Address,
            effect=lambda row: (
                "For somebody who has no account, such as one who was invited. Open invitations are"
                f" revoked, and the address becomes a pseudonym wherever it stands.{STAYS}"
            ),
            carry_out=Call(erasures.erase_address, takes_person=True),
            done=lambda erasure: f"The address is erased, and known as {erasure} from now on.",
        ),
        Decision(
            "address-data",
            "Take an address's data",
            form=Address,
            effect=lambda row: (
                "All that is kept of somebody who has no account, as a JSON file." + ON_TRAIL
            ),
            carry_out=_file(erasures.data_of_address),
        ),
    )
