from django.contrib.admin.apps import AdminConfig


class OperatorsAdmin(AdminConfig):
    """The admin's app configuration, with a site that lets nobody in by a password alone."""

    default_site = "merchants.sign_in.admin_site.OperatorsSite"
