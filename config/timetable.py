"""The one timetable: Celery beat and `manage.py replay` both follow it."""

from datetime import timedelta

from jobs.definitions import Job

# Jobs of one instant run in this order in a replay. In production they may overlap: each finds its
# own due rows, and operations work off day-ends themselves where they depend on them.
TIMETABLE = (
    Job(
        "billing-day-ends",
        due="billing.queries.accounts_with_a_day_to_work_off",
        work="billing.tasks.work_off_day_ends",
        every=timedelta(hours=1),
        model="billing.BillingAccount",
        merchant="merchant",
        is_set_based=True,
    ),
    Job(
        "credit-day-ends",
        due="credit.queries.lines_with_a_day_to_work_off",
        work="credit.tasks.work_off_day_ends",
        every=timedelta(hours=1),
        model="credit.CreditLine",
        merchant="merchant",
        is_set_based=True,
    ),
    Job(
        "collect-payments",
        due="billing.queries.bills_to_collect",
        work="billing.tasks.collect_payments",
        every=timedelta(hours=1),
        model="billing.Invoice",
        merchant="account__merchant",
        asks_providers=True,
    ),
    Job(
        "reconcile-payments",
        due="billing.queries.payments_to_reconcile",
        work="billing.tasks.reconcile_payments",
        every=timedelta(minutes=5),
        model="billing.Payment",
        merchant="invoice__account__merchant",
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "look-for-reversals",
        due="billing.queries.reversals.providers_to_look_at",
        work="billing.tasks.look_for_reversals",
        every=timedelta(days=1),
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "order-flags",
        due="credit.queries.flags.lines_with_orders_to_flag",
        work="credit.tasks.flag_orders",
        every=timedelta(days=1),
        model="credit.CreditLine",
        merchant="merchant",
        is_set_based=True,
    ),
    Job(
        "automatic-withdrawals",
        due="credit.queries.automatic.to_run",
        work="credit.tasks.run_automatic_withdrawals",
        every=timedelta(hours=1),
        model="credit.PayoutSchedule",
        merchant="line__merchant",
        in_replay=False,
    ),
    Job(
        "send-withdrawals",
        due="credit.queries.withdrawals.to_send",
        work="credit.tasks.send_withdrawals",
        every=timedelta(minutes=5),
        model="credit.Withdrawal",
        merchant="line__merchant",
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "reconcile-withdrawals",
        due="credit.queries.withdrawals.to_reconcile",
        work="credit.tasks.reconcile_withdrawals",
        every=timedelta(minutes=5),
        model="credit.Withdrawal",
        merchant="line__merchant",
        in_replay=False,
        asks_providers=True,
    ),
    Job(
        "bank-answers",
        due="credit.queries.withdrawals.payout_answers_to_take",
        work="credit.tasks.take_payout_answers",
        every=timedelta(minutes=1),
        model="credit.PayoutAnswer",
        in_replay=False,
    ),
    Job(
        "late-withdrawals",
        due="credit.queries.withdrawals.to_flag_as_late",
        work="credit.tasks.flag_late_withdrawals",
        every=timedelta(hours=1),
        model="credit.Withdrawal",
        merchant="line__merchant",
        is_set_based=True,
        in_replay=False,
    ),
    Job(
        "notice-mails",
        due="notices.queries.notices_to_mail",
        work="notices.tasks.send_notice_mails",
        every=timedelta(minutes=5),
        model="notices.Notice",
        merchant="merchant",
        in_replay=False,
    ),
    Job(
        "security-mails",
        due="merchants.queries.security_mails_to_send",
        work="merchants.tasks.send_security_mails",
        every=timedelta(minutes=1),
        model="merchants.SecurityMail",
        merchant="merchant",
        in_replay=False,
    ),
    Job(
        "old-sign-ins",
        due="merchants.queries.old_sign_ins",
        work="merchants.tasks.forget_sign_ins",
        every=timedelta(hours=6),
        model="merchants.SignIn",
        is_set_based=True,
        in_replay=False,
    ),
    Job(
        "old-runs",
        due="jobs.queries.old_runs",
        work="jobs.runs.forget",
        every=timedelta(hours=6),
        model="jobs.JobRun",
        is_set_based=True,
        in_replay=False,
    ),
    Job(
        "lapse-proposals",
        due="merchants.operations.proposals.to_lapse",
        work="merchants.operations.proposals.lapse",
        every=timedelta(hours=1),
        model="merchants.Proposal",
        merchant="merchant",
        in_replay=False,
    ),
    Job(
        "old-sessions",
        due="merchants.sign_in.sessions.expired",
        work="merchants.sign_in.sessions.forget",
        every=timedelta(hours=1),
        in_replay=False,
    ),
)


def job_named(name: str) -> Job:
    """Raises LookupError."""
    for job in TIMETABLE:
        if job.name == name:
            return job
    raise LookupError(f"there is no job {name}")
