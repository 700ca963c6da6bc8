"""The group of billing's notices, for choosing e-mails and for filtering notices."""

from django.utils.translation import gettext_lazy as _

from notices.kinds import Group

BILLING = Group("billing", _("Billing"))
