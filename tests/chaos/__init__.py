"""Whole servers under traffic while things die: `make chaos`, `python -m tests.chaos --seed 1`.

    __main__    a run from its command line to its report
    plan        which fault when, from the seed alone
    world       the processes, with a data folder, a disk and ports of their own
    faults      what each kind of fault does to them
    outside     who is asked and told: Stripe, a bank, a receiver of webhooks, a mail server
    stage       the merchants and people that there are before the traffic
    traffic     clients of the API, of pages and of imports, and the journal of what they were told
    draining    that what was under way comes to its end by itself
    checks      what must be true of books, journal and outside afterwards
    settings, apps, quick_beat   Tael as it runs in here: mails, the bank, a quick heartbeat

Nothing but loopback is spoken to. Only processes that a run has started are ended, each by its id.
"""
