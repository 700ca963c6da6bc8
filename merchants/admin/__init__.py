"""The operators' view of people and merchants, and the ground all books' admin pages stand on."""

from backoffice.list_pages import (
    Bounded,
    Column,
    FoundByKeys,
    OfMerchant,
    ReadOnly,
    ReadOnlyInline,
    amount,
    figure,
    one_of,
    related,
    waiting,
)
from merchants.admin import installation, merchants, people, proposals, sign_ins
from trail import admin as trail

__all__ = [
    "Bounded",
    "Column",
    "FoundByKeys",
    "OfMerchant",
    "ReadOnly",
    "ReadOnlyInline",
    "amount",
    "figure",
    "installation",
    "merchants",
    "one_of",
    "people",
    "proposals",
    "related",
    "sign_ins",
    "trail",
    "waiting",
]
