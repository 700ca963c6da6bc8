from config import job_admin, replay_admin  # noqa: F401 - register their pages
