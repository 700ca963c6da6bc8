"""The operators' view of people and merchants."""

from merchants.admin import installation, merchants, people, proposals, sign_ins

__all__ = ["installation", "merchants", "people", "proposals", "sign_ins"]
