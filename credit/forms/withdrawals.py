"""The forms about proceeds: filters, withdrawals, destinations."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from credit import bank_accounts, thai_banks
from credit.models import CreditLine, PayoutDestination, ProceedsEntry
from credit.queries import destinations, withdrawals
from lib import formats, money
from lib.amount_fields import AmountField, OneCurrencyField, in_currency
from lib.form_keys import LONGEST_KEY, new_key
from lib.list_forms import Amounts, choice, text
from lib.lists import Filter
from lib.spans import Dates
from lib.text_fields import LineField

KINDS = [("", _("All")), *ProceedsEntry.Kind.choices]
STANDINGS = [
    ("", _("All")),
    (withdrawals.UNDER_WAY, _("On its way")),
    (withdrawals.PAID, pgettext_lazy("withdrawal", "Paid")),
    (withdrawals.KEPT, _("Paid or on its way")),
    (withdrawals.RETURNED, _("Came back")),
]


class EntryFilter(Filter):
    LIST = "credit:proceeds_entries"
    SORTS = ("-id", "id")
    SEARCH = "reference"
    FINDS_PARTS = False
    DATES = Dates("at", _("When"))
    AMOUNTS = Amounts(["amount"], with_signs=True)
    SUMS: ClassVar = {"amount": _("Total")}

    reference = text(label=_("Order or withdrawal"))
    kind = choice(KINDS, _("Kind of entry"))


class DayFilter(Filter):
    """Filters the entries that mature on one day."""

    SORTS = ("-id", "id")
    AMOUNTS = Amounts(["amount"], with_signs=True)
    SUMS: ClassVar = {"amount": _("Total")}


class WithdrawalFilter(Filter):
    # People make withdrawals one by one: there are never so many that sorting them takes long.
    LIST = "credit:withdrawals"
    SORTS = ("-requested_at", "requested_at", "-amount", "amount")
    SEARCH = "reference"
    DATES = Dates("requested_at", pgettext_lazy("time", "Requested"))
    AMOUNTS = Amounts(["amount"])
    SUMS: ClassVar = {"kept": _("Paid or on its way"), "not_kept": _("Came back")}
    SUMMED: ClassVar = {
        "kept": {"standing": withdrawals.KEPT},
        "not_kept": {"standing": withdrawals.RETURNED},
    }

    reference = text(label=_("Withdrawal contains"))
    standing = choice(STANDINGS, _("Status"))


class WithdrawnAmount(forms.Form):
    """How much is to be withdrawn."""

    amount = AmountField()

    def __init__(self, *args: Any, line: CreditLine, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        in_currency(self, line.currency)
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": line.currency}


class Withdrawing(WithdrawnAmount):
    """The form for a withdrawal: how much, and to which destination."""

    destination = forms.TypedChoiceField(
        label=_("To"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of your destinations.")},
    )
    # Made with the first form, so that however often the second is sent, it is one withdrawal.
    request_key = LineField(
        max_length=None, widget=forms.HiddenInput, required=False, initial=new_key
    )

    def __init__(self, *args: Any, line: CreditLine, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, line=line, **kwargs)
        self.now = now
        self.destinations = {str(one.pk): one for one in destinations.of_line(line)}
        destination = self.fields["destination"]
        destination.coerce = self.destinations.__getitem__  # type: ignore[attr-defined]
        destination.choices = [  # type: ignore[attr-defined]
            (key, destination_label(one, now)) for key, one in self.destinations.items()
        ]
        usable = (key for key, one in self.destinations.items() if now >= one.usable_from)
        destination.initial = next(usable, None)

    def clean_destination(self) -> PayoutDestination:
        """Return the chosen destination. Raises ValidationError if it cannot be used yet."""
        destination: PayoutDestination = self.cleaned_data["destination"]
        if self.now < destination.usable_from:
            sentence = _("This destination can be used from %(at)s. Choose another one, or wait.")
            raise forms.ValidationError(_usable_from(destination, sentence))
        return destination

    def clean_request_key(self) -> str:
        """Return the key that the form carried, or a new one if it is missing or too long."""
        key: str = self.cleaned_data["request_key"]
        return key if 0 < len(key) <= LONGEST_KEY else new_key()

    @property
    def content(self) -> dict[str, str]:
        """What was filled in, as texts that another form or an address can carry."""
        return {
            "amount": money.text(self.cleaned_data["amount"]),
            "destination": str(self.cleaned_data["destination"].pk),
            "request_key": self.cleaned_data["request_key"],
        }


def destination_label(destination: PayoutDestination, now: datetime) -> str:
    """The destination's name, bank and holder for a menu. If it cannot be used yet, the label says
    when it can.
    """
    shown = formats.unbroken(destination)
    name = formats.listed(filter(None, [shown, destination.bank, destination.holder]))
    if now >= destination.usable_from:
        return name
    return _usable_from(destination, _("%(name)s (can be used from %(at)s)"), name=name)


class ConfirmedWithdrawal(Withdrawing):
    """The form that confirms a withdrawal. Its `fee` is the one that the merchant was shown, or
    None if the form did not carry it.
    """

    fee = OneCurrencyField(decimal_places=None, widget=forms.HiddenInput, required=False)


def _usable_from(destination: PayoutDestination, sentence: Any, **more: str) -> str:
    """The sentence with its placeholders filled in: `at`, the instant from which the destination
    can be used, and those of `more`.
    """
    return str(sentence % {"at": formats.instant_text(destination.usable_from), **more})


class NewDestination(forms.Form):
    """The form for a new destination: its kind, its holder, and its number, which is never shown
    again.
    """

    kind = forms.ChoiceField(
        label=_("Kind"), choices=PayoutDestination.Kind.choices, widget=forms.RadioSelect
    )
    holder = LineField(label=_("Holder"), help_text=_("As the bank or Alipay knows it."))
    number = LineField(
        label=_("Number"),
        help_text=_(
            "The 12 to 19 digits of a card, the e-mail address or mobile number of an Alipay"
            " account, or the IBAN or number of a bank account."
        ),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bank = LineField(
        label=_("Bank"), help_text=_("Only for a bank card or a bank account."), required=False
    )
    country = forms.ChoiceField(
        label=_("Country of the account"), help_text=_("Only for a bank account."), required=False
    )
    routing = LineField(
        label=_("Code of the bank or branch"),
        help_text=_(
            "Only for a bank account without an IBAN: routing number, branch, bank or IFSC code,"
            " BSB or CNAPS; for one in Brazil, bank and agency (7 digits)."
        ),
        max_length=20,
        required=False,
    )
    bic = LineField(
        label=_("BIC of the bank"),
        help_text=_(
            "Only for a bank account, and needed where money comes from abroad: 8 or 11 letters and"
            " digits, such as DEUTDEFF."
        ),
        max_length=20,
        required=False,
    )

    account_type = forms.ChoiceField(
        label=_("Type of the account"),
        help_text=_("Only for a bank account in Japan."),
        choices=[("", "–"), *PayoutDestination.AccountType.choices],
        required=False,
    )
    town = LineField(
        label=_("Town of the holder"),
        help_text=_(
            "Only for a bank account, and wanted by many banks where money comes from abroad."
        ),
        max_length=bank_accounts.LONGEST_TOWN,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"label_suffix": ""})
        names = sorted((formats.country(code), code) for code in bank_accounts.COUNTRIES)
        country = self.fields["country"]
        country.choices = [("", "–"), *((code, name) for name, code in names)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Require a bank of cards and bank accounts, a country of bank accounts, and a type where
        that country's banks tell types apart. A country of anything but a bank account is left out,
        and so is a type of an account elsewhere; whatever else the chosen kind does not have is an
        error of its field. Where no code is given for an account in Thailand, it follows from the
        bank's name (rule 10.21).
        """
        kind, said = self.cleaned_data.get("kind"), self.cleaned_data
        is_account = kind == PayoutDestination.Kind.BANK_ACCOUNT
        has_bank = is_account or kind == PayoutDestination.Kind.BANK_CARD
        if has_bank and said.get("bank") == "":
            self.add_error("bank", _("Name the bank."))
        if kind == PayoutDestination.Kind.ALIPAY and said.get("bank"):
            self.add_error("bank", _("Only a bank card or account has a bank. Leave this empty."))
        if is_account and said.get("country") == "":
            self.add_error("country", _("Choose the country of the account."))
        if kind and not is_account:
            said["country"] = ""  # the form proposes the merchant's
            for name in ("routing", *bank_accounts.LATER):
                if said.get(name):
                    self.add_error(name, _("Only a bank account has one. Leave this empty."))
        if is_account and said.get("country"):
            needs_type = bool(bank_accounts.rules_of(said["country"]).types)
            if needs_type and not said.get("account_type"):
                self.add_error("account_type", _("Choose the type of the account."))
            if not needs_type:
                said["account_type"] = ""  # it means nothing there
        if said.get("country") == "TH" and said.get("routing") == "":
            said["routing"] = thai_banks.code_of(said.get("bank", ""))
        return said
