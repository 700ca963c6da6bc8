"""The admin pages of people, merchants, sign-ins, proposals and the installation."""

from merchants.admin import installation, merchants, people, policies, proposals, sign_ins

__all__ = ["installation", "merchants", "people", "policies", "proposals", "sign_ins"]
