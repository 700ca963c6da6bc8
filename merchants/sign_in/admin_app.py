"""Puts our site in the place of Django's admin."""

from django.contrib.admin.apps import AdminConfig


class OperatorsAdmin(AdminConfig):
    """The admin's app configuration, with a site that requires a second factor."""

    default_site = "merchants.sign_in.admin_site.OperatorsSite"
