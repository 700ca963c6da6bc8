from gateway import admin
from jobs import admin  # noqa: F401 - register their pages
