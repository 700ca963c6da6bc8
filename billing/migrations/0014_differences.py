"""What stood in plain text on a bank's lines goes; returns of money that paid no single bill, and what
operators say of differences (rule 29.16, rule 29.28).
"""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_other_sides")]

    operations = [
        migrations.RemoveConstraint(
            model_name="bankline",
            name="bank_line_is_booked_as_one_transfer_or_one_reversal",
        ),
        migrations.RemoveIndex(
            model_name="bankline",
            name="bank_lines_by_payer",
        ),
        migrations.RemoveField(
            model_name="bankline",
            name="other_account",
        ),
        migrations.RemoveField(
            model_name="bankline",
            name="other_name",
        ),
        migrations.RemoveField(
            model_name="bankline",
            name="text",
        ),
        migrations.AlterField(
            model_name="bankline",
            name="why",
            field=models.CharField(
                choices=[
                    ("NEW", "Nobody has looked at it yet."),
                    ("REFERENCE", "Its reference is the bill's, and it is what is left to pay."),
                    ("AMOUNT", "Its reference is the bill's, but it is not what is left to pay."),
                    ("WANTS_NONE", "Its reference is of a bill that wants no money."),
                    ("CURRENCY", "Its reference is of a bill in another currency."),
                    ("SEVERAL", "It has the references of several bills."),
                    (
                        "PAYER",
                        "That account paid for this merchant before; one bill has the amount.",
                    ),
                    (
                        "NAME",
                        "Somebody of that name paid for this merchant before; one bill has the amount.",
                    ),
                    (
                        "KNOWN",
                        "Only this merchant was paid for from that account; no one bill has the amount.",
                    ),
                    ("UNKNOWN", "Nothing tells whose it is."),
                    ("OURS", "A payment of ours came back."),
                    ("TAKEN_BACK", "It takes back a line that was booked."),
                    ("LESS", "It takes back less than the line that it names."),
                    ("MORE", "It takes back more than the line that it names."),
                    ("UNCLEAR", "It takes something back, and nothing tells which line."),
                    ("DEBIT", "It went out."),
                    ("BY_HAND", "An operator said so."),
                ],
                default="NEW",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="bankline",
            index=models.Index(fields=["other_account_mark"], name="bank_lines_by_other_account"),
        ),
        migrations.AddIndex(
            model_name="bankline",
            index=models.Index(fields=["other_name_mark"], name="bank_lines_by_other_name"),
        ),
        migrations.AddIndex(
            model_name="bankline",
            index=models.Index(fields=["booked_on"], name="bank_lines_by_day"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="bankline",
            trigger=pgtrigger.compiler.Trigger(
                name="bank_line_says_what_the_bank_said",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."statement_id" IS DISTINCT FROM (NEW."statement_id") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."entry" IS DISTINCT FROM (NEW."entry") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."booked_on" IS DISTINCT FROM (NEW."booked_on") OR OLD."value_on" IS DISTINCT FROM (NEW."value_on") OR OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."bank_reference" IS DISTINCT FROM (NEW."bank_reference") OR OLD."end_to_end_id" IS DISTINCT FROM (NEW."end_to_end_id") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."instructed" IS DISTINCT FROM (NEW."instructed") OR OLD."is_reversal" IS DISTINCT FROM (NEW."is_reversal") OR OLD."return_reason" IS DISTINCT FROM (NEW."return_reason"))',
                    func="IF TG_OP = 'UPDATE' THEN IF OLD IS DISTINCT FROM NEW AND to_jsonb(OLD) - ARRAY['decided_by'] = to_jsonb(NEW) - ARRAY['decided_by'] AND (NEW.\"decided_by\" IS NOT DISTINCT FROM OLD.\"decided_by\" OR (NEW.\"decided_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"decided_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"decided_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="7ead5f14647abf91306af8892e1591f0bd7ce68b",
                    operation="UPDATE",
                    pgid="pgtrigger_bank_line_says_what_the_bank_said_3e732",
                    table="billing_bankline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="bankline",
            trigger=pgtrigger.compiler.Trigger(
                name="bank_line_is_booked_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status = 'BOOKED' AND to_jsonb(OLD) - ARRAY['other_side', 'other_account_mark', 'other_name_mark'] <> to_jsonb(NEW) - ARRAY['other_side', 'other_account_mark', 'other_name_mark'])",
                    func="IF TG_OP = 'UPDATE' THEN IF OLD IS DISTINCT FROM NEW AND to_jsonb(OLD) - ARRAY['decided_by'] = to_jsonb(NEW) - ARRAY['decided_by'] AND (NEW.\"decided_by\" IS NOT DISTINCT FROM OLD.\"decided_by\" OR (NEW.\"decided_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"decided_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"decided_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="c7ab11a11c73b78eece77d320fac50b99d2398b6",
                    operation="UPDATE",
                    pgid="pgtrigger_bank_line_is_booked_once_83870",
                    table="billing_bankline",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("account__isnull", False),
                        ("amount__gt", 0),
                        ("booked_at__isnull", False),
                        ("reversal__isnull", True),
                        ("status", "BOOKED"),
                        ("transfer__isnull", False),
                    ),
                    models.Q(
                        ("account__isnull", False),
                        ("amount__lt", 0),
                        ("booked_at__isnull", False),
                        ("reversal__isnull", False),
                        ("status", "BOOKED"),
                        ("transfer__isnull", True),
                    ),
                    models.Q(
                        ("account__isnull", False),
                        ("amount__lt", 0),
                        ("booked_at__isnull", False),
                        ("returns__isnull", False),
                        ("reversal__isnull", True),
                        ("status", "BOOKED"),
                        ("transfer__isnull", True),
                    ),
                    models.Q(
                        models.Q(("status", "BOOKED"), _negated=True),
                        ("booked_at__isnull", True),
                        ("reversal__isnull", True),
                        ("transfer__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="bank_line_is_booked_as_one_transfer_or_what_takes_one_back",
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="providerdifference",
            name="provider_difference_never_changes",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="providerdifference",
            name="provider_difference_ends_once",
        ),
        migrations.AddField(
            model_name="providerdifference",
            name="closed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="providerdifference",
            name="closed_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=254),
        ),
        migrations.AddField(
            model_name="providerdifference",
            name="reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddIndex(
            model_name="providerdifference",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True), ("ended_at__isnull", True)),
                fields=["found_at"],
                name="differences_to_decide",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="providerdifference",
            trigger=pgtrigger.compiler.Trigger(
                name="provider_difference_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."provider" IS DISTINCT FROM (NEW."provider") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."payout_id" IS DISTINCT FROM (NEW."payout_id") OR OLD."payment_id" IS DISTINCT FROM (NEW."payment_id") OR OLD."found_at" IS DISTINCT FROM (NEW."found_at"))',
                    func="IF TG_OP = 'UPDATE' THEN IF OLD IS DISTINCT FROM NEW AND to_jsonb(OLD) - ARRAY['closed_by'] = to_jsonb(NEW) - ARRAY['closed_by'] AND (NEW.\"closed_by\" IS NOT DISTINCT FROM OLD.\"closed_by\" OR (NEW.\"closed_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"closed_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"closed_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="12aee97ca4ea2aed70d1cc8e97c7a69ad6c2f60f",
                    operation="UPDATE",
                    pgid="pgtrigger_provider_difference_never_changes_dd8f6",
                    table="billing_providerdifference",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="providerdifference",
            trigger=pgtrigger.compiler.Trigger(
                name="provider_difference_ends_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."ended_at" IS NOT NULL)',
                    func="IF TG_OP = 'UPDATE' THEN IF OLD IS DISTINCT FROM NEW AND to_jsonb(OLD) - ARRAY['closed_by'] = to_jsonb(NEW) - ARRAY['closed_by'] AND (NEW.\"closed_by\" IS NOT DISTINCT FROM OLD.\"closed_by\" OR (NEW.\"closed_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"closed_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"closed_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="419bf3cef19b9143be5d1699ce5a5c089c5f0087",
                    operation="UPDATE",
                    pgid="pgtrigger_provider_difference_ends_once_fff93",
                    table="billing_providerdifference",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="providerdifference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_by", ""), ("reason", "")),
                    models.Q(
                        ("closed_at__gte", models.F("found_at")),
                        ("closed_by__gt", ""),
                        ("reason__gt", ""),
                    ),
                    _connector="OR",
                ),
                name="difference_is_closed_by_somebody_with_a_reason",
            ),
        ),
    ]
