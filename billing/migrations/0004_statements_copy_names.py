import pgtrigger
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery

from billing import issuer


def copy_names(apps, schema_editor):
    """Statements that have closed already get today's names, as their PDFs had said so far."""
    Merchant = apps.get_model("merchants", "Merchant")
    merchant = Merchant.objects.filter(pk=OuterRef("account_id"))
    closed = apps.get_model("billing", "Statement").objects.filter(closed_at__isnull=False)
    with pgtrigger.ignore("billing.Statement:closed_statement_never_changes"):
        closed.update(
            **issuer.now_in_force(),
            merchant_name=Subquery(merchant.values("name")),
            merchant_reference=Subquery(merchant.values("reference")),
            language=Subquery(merchant.values("language")),
        )


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_fees"), ("merchants", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="statement",
            name="issuer_name",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="statement",
            name="issuer_address",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="statement",
            name="merchant_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="statement",
            name="merchant_reference",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="statement",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.RunPython(copy_names, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=Q(closed_at__isnull=True, merchant_reference="")
                | (Q(closed_at__isnull=False) & ~Q(merchant_reference="")),
                name="statement_names_its_merchant_exactly_once_closed",
            ),
        ),
    ]
