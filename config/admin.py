from jobs import admin  # noqa: F401 - register their pages
from gateway import admin
