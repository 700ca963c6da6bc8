"""The roles of our own people, as groups. What no role is given here, nobody may.

Administrators decide no money, and a superuser may what an administrator may (merchants.User).

Permissions are made after all migrations have run, which is too late for us: we make those we give.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

OURS = ("trail", "jobs", "merchants", "notices", "credit", "billing", "gateway")
LABELS = ("auth", "account", "mfa", *OURS)

# What officers may look at besides all of credit and billing.
MERCHANTS = (
    "merchants.merchant",
    "merchants.timezoneperiod",
    "merchants.profile",
    "merchants.profilestep",
    "merchants.operatordecision",
    "merchants.operatorpolicy",
    "merchants.proposal",
    "notices.notice",
    "merchants.look",
    "merchants.note",
    "notices.noticemail",
    "merchants.user",
    "merchants.membership",
    "merchants.invitation",
    "account.emailaddress",
    "gateway.import",
    "gateway.importedrow",
    "gateway.receivedevent",
)
# What auditors and administrators may look at besides all of ours.
SIGN_IN = ("auth.group", "account.emailaddress", "mfa.authenticator")

CREDIT = (
    "credit.creditline",
    "credit.freeze",
    "credit.limitreview",
    "credit.limitrequest",
    "credit.orderflag",
    "credit.order",
    "credit.orderpayment",
    "credit.refusedcash",
    "credit.withdrawal",
    "credit.payoutdestination",
    "credit.proceedscorrection",
    "notices.notice",
    "notices.noticemail",
    "merchants.note",
    "merchants.merchant",
    "merchants.profile",
    "merchants.proposal",
    "gateway.import",
    "gateway.receivedevent",
)
BILLING = (
    "billing.billingaccount",
    "billing.card",
    "billing.charge",
    "billing.billingcredit",
    "billing.billingdetails",
    "billing.thresholdrequest",
    "billing.billingquestion",
    "billing.invoice",
    "billing.payment",
    "billing.reversal",
    "billing.banktransfer",
    "billing.fee",
    "billing.feeprice",
    "notices.notice",
    "notices.noticemail",
    "merchants.note",
    "merchants.proposal",
    "gateway.import",
    "gateway.receivedevent",
)
RUNNING = (
    "notices.notice",
    "notices.noticemail",
    "merchants.note",
    "merchants.user",
    "merchants.membership",
    "merchants.invitation",
    "merchants.operatorpolicy",
    "merchants.proposal",
    "merchants.erasure",
    "credit.creditpolicy",
    "billing.issuer",
    "jobs.jobrun",
    "jobs.jobfailure",
    "gateway.apikey",
    "gateway.webhookendpoint",
    "gateway.webhookdelivery",
)

# By role: packages and models that are looked at, and models that are decided about.
ROLES = {
    "Credit officer": (("credit", "billing"), MERCHANTS, CREDIT),
    "Billing officer": (("credit", "billing"), MERCHANTS, BILLING),
    "Auditor": (OURS, SIGN_IN, ()),
    "Administrator": (
        OURS,
        SIGN_IN,
        RUNNING,
    ),
}


def add_roles(apps, schema_editor):
    for label in LABELS:
        _make_permissions(apps, label)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for role, (packages, seen, decided) in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        wanted = {
            permission.pk
            for permission in Permission.objects.select_related("content_type")
            if _is_wanted(permission, packages, seen, decided)
        }
        group.permissions.set(wanted)


def _is_wanted(permission, packages, seen, decided):
    what = permission.content_type
    model = f"{what.app_label}.{what.model}"
    if permission.codename == f"view_{what.model}":
        return what.app_label in packages or model in seen
    return permission.codename == f"change_{what.model}" and model in decided


def _make_permissions(apps, label):
    app = apps.get_app_config(label)
    if not getattr(app, "models_module", None):
        app.models_module = True  # that of a migration's state would be passed over for lack of it
    create_permissions(app, apps=apps, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("account", "0001_initial"),
        ("mfa", "0001_initial"),
        ("merchants", "0001_initial"),
        ("credit", "0002_policies"),
        ("billing", "0004_parties"),
        ("trail", "0001_initial"),
        ("jobs", "0002_initial"),
        ("notices", "0001_initial"),
        ("gateway", "0002_initial"),
    ]

    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
