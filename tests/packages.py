"""The packages of the product, from the lowest up."""

APPS = ("trail", "jobs", "merchants", "notices", "credit", "billing", "gateway")  # with models
PACKAGES = ("lib", "backoffice", *APPS, "pages", "config")
