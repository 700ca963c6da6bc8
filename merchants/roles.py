"""The roles of our own people, which are the names of their groups.

The permissions of a role are written by config/migrations/0001_roles.py and nowhere else;
docs/operations.md has the table.
"""

from django.db.models import TextChoices


class Role(TextChoices):
    CREDIT_OFFICER = "Credit officer", "Credit officer"
    BILLING_OFFICER = "Billing officer", "Billing officer"
    AUDITOR = "Auditor", "Auditor"
    ADMINISTRATOR = "Administrator", "Administrator"


# Roles that move money. Nobody has one of them and also decides who has which.
OF_MONEY = (Role.CREDIT_OFFICER, Role.BILLING_OFFICER)

MANAGES_PEOPLE = "merchants.change_user"  # what an administrator may and others may not
MANAGES_MEMBERS = "merchants.change_membership"
