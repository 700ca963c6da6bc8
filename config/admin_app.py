from django.contrib.admin.apps import AdminConfig


class OperatorsAdmin(AdminConfig):
    """The admin, with a site that lets nobody in by a password alone."""

    default_site = "config.admin_site.OperatorsSite"
