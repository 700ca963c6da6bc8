"""The operators' view of people and merchants, and the ground all books' admin pages stand on."""

from merchants.admin import merchants, people
from merchants.admin.bases import (
    Bounded,
    Column,
    OfMerchant,
    ReadOnly,
    ReadOnlyInline,
    amount,
    figure,
    related,
    waiting,
)

__all__ = [
    "Bounded",
    "Column",
    "OfMerchant",
    "ReadOnly",
    "ReadOnlyInline",
    "amount",
    "figure",
    "merchants",
    "people",
    "related",
    "waiting",
]
