"""The timetable: every job that Celery beat and `manage.py replay` run."""

from billing import jobs as billing
from credit import jobs as credit
from gateway.imports import jobs as imports
from gateway.webhooks import jobs as webhooks
from jobs import retention
from merchants import jobs as merchants
from notices import jobs as notices

# Jobs of one instant run in this order in a replay. In production they may overlap: each finds its
# own due rows, and operations work off day-ends themselves where they depend on them.
TIMETABLE = (
    billing.DAY_ENDS,
    credit.DAY_ENDS,
    billing.COLLECT_PAYMENTS,
    billing.RECONCILE_PAYMENTS,
    billing.LOOK_FOR_REVERSALS,
    billing.LOOK_AT_DAYS,
    billing.LOOK_AT_PAYOUTS,
    billing.TAKE_UP_DOCUMENTS,
    billing.CLEAR_DOCUMENTS,
    billing.TAKE_BANK_FILES,
    billing.MATCH_BANK_LINES,
    billing.BUILD_ARCHIVES,
    billing.DOCUMENT_MAILS,
    credit.ORDER_FLAGS,
    credit.AUTOMATIC_WITHDRAWALS,
    credit.SEND_WITHDRAWALS,
    credit.RECONCILE_WITHDRAWALS,
    credit.BANK_ANSWERS,
    credit.LATE_WITHDRAWALS,
    notices.NOTICE_MAILS,
    imports.TAKE_IN,
    webhooks.DELIVER,
    merchants.SECURITY_MAILS,
    merchants.LAPSE_PROPOSALS,
    retention.RETENTION,
)
