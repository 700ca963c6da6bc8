"""Towns of holders, and what is filled in of a destination later (rule 29.29)."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from lib.migrating import Briefly


class Migration(migrations.Migration):
    dependencies = [
        ("credit", "0006_account_types"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="payoutdestination",
            name="destination_never_changes",
        ),
        migrations.RemoveConstraint(
            model_name="payoutdestination",
            name="destination_has_a_country_exactly_when_it_is_an_account",
        ),
        migrations.AddField(
            model_name="paymentfile",
            name="edition",
            field=models.PositiveSmallIntegerField(db_default=1, default=2),
        ),
        migrations.AddField(
            model_name="payoutdestination",
            name="filled_in",
            field=models.JSONField(
                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
            ),
        ),
        migrations.AddField(
            model_name="payoutdestination",
            name="town",
            field=models.CharField(blank=True, db_default="", default="", max_length=35),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payoutdestination",
            trigger=pgtrigger.compiler.Trigger(
                name="destination_never_changes",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."line_id" IS DISTINCT FROM (NEW."line_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."holder" IS DISTINCT FROM (NEW."holder") OR OLD."bank" IS DISTINCT FROM (NEW."bank") OR OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."routing" IS DISTINCT FROM (NEW."routing") OR OLD."last_four" IS DISTINCT FROM (NEW."last_four") OR OLD."masked" IS DISTINCT FROM (NEW."masked") OR OLD."added_at" IS DISTINCT FROM (NEW."added_at") OR OLD."added_by" IS DISTINCT FROM (NEW."added_by") OR OLD."usable_from" IS DISTINCT FROM (NEW."usable_from"))',
                    func="IF TG_OP = 'UPDATE' THEN IF OLD IS DISTINCT FROM NEW AND to_jsonb(OLD) - ARRAY['added_by', 'removed_by', 'blocked_by', 'holder', 'last_four', 'masked', 'number', 'town'] = to_jsonb(NEW) - ARRAY['added_by', 'removed_by', 'blocked_by', 'holder', 'last_four', 'masked', 'number', 'town'] AND (NEW.\"added_by\" IS NOT DISTINCT FROM OLD.\"added_by\" OR (NEW.\"added_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"added_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"added_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) AND (NEW.\"removed_by\" IS NOT DISTINCT FROM OLD.\"removed_by\" OR (NEW.\"removed_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"removed_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"removed_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) AND (NEW.\"blocked_by\" IS NOT DISTINCT FROM OLD.\"blocked_by\" OR (NEW.\"blocked_by\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"blocked_by\"::text LIKE regexp_replace(regexp_replace(NEW.\"blocked_by\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) AND (NEW.\"holder\" IS NOT DISTINCT FROM OLD.\"holder\" OR (NEW.\"holder\"::text ~ 'erased-[0-9a-f]{16}' AND OLD.\"holder\"::text LIKE regexp_replace(regexp_replace(NEW.\"holder\"::text, '([\\\\%_])', '\\\\\\1', 'g'), 'erased-[0-9a-f]{16}(@erased\\.invalid)?', '_%', 'g'))) AND (NEW.\"last_four\" IS NOT DISTINCT FROM OLD.\"last_four\" OR (coalesce(NEW.\"last_four\"::text, '') IN ('', '{}', '\\x') AND true)) AND (NEW.\"masked\" IS NOT DISTINCT FROM OLD.\"masked\" OR (coalesce(NEW.\"masked\"::text, '') IN ('', '{}', '\\x') AND true)) AND (NEW.\"number\" IS NOT DISTINCT FROM OLD.\"number\" OR (coalesce(NEW.\"number\"::text, '') IN ('', '{}', '\\x') AND true)) AND (NEW.\"town\" IS NOT DISTINCT FROM OLD.\"town\" OR (coalesce(NEW.\"town\"::text, '') IN ('', '{}', '\\x') AND true)) THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="e3b885c9ba088f3c8911f8258f4d506244070dc5",
                    operation="UPDATE",
                    pgid="pgtrigger_destination_never_changes_fb8a9",
                    table="credit_payoutdestination",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payoutdestination",
            trigger=pgtrigger.compiler.Trigger(
                name="destination_is_filled_in_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.bic NOT IN ('', NEW.bic) OR OLD.account_type NOT IN ('', NEW.account_type) OR (OLD.town <> '' AND NEW.town NOT IN ('', OLD.town)))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="82b6ac062872a1dc115c3691112143fd697e6520",
                    operation="UPDATE",
                    pgid="pgtrigger_destination_is_filled_in_once_cb36b",
                    table="credit_payoutdestination",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="payoutdestination",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("country__gt", ""), ("kind", "BANK_ACCOUNT")),
                    models.Q(
                        models.Q(("kind", "BANK_ACCOUNT"), _negated=True),
                        ("account_type", ""),
                        ("bic", ""),
                        ("country", ""),
                        ("routing", ""),
                        ("town", ""),
                    ),
                    _connector="OR",
                ),
                name="destination_has_a_country_exactly_when_it_is_an_account",
            ),
        ),
    ]
    operations = [Briefly(operations)]
