"""Django's settings, all from the environment; docs/operations.md lists the variables.

With none set, Tael is a demonstration on one machine: it runs its own PostgreSQL and Redis, speaks
plain HTTP, and makes up its secret key. Given a DATABASE_URL it takes itself for a deployment that
speaks HTTPS only and needs a SECRET_KEY; TAEL_SANDBOX=1 makes it a demonstration again.
"""

import os
import ssl
from typing import Any

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from config import (
    addresses,
    admin_menu,
    currencies,
    databases,
    deployment,
    installation,
    issuer,
    keys,
    redis_servers,
    waits,
)
from config.local import datafolder, embedded
from config.monitoring import logs
from credit.payment_files import accounts as payout_accounts
from lib import retention
from merchants.sign_in import settings

# Lets classes name their types (`ModelAdmin[Order]`) where Django's own cannot at run time.
django_stubs_ext.monkeypatch()


def flag(name: str, *, default: bool = False) -> bool:
    """Whether the environment variable `name` says yes: 1, true, yes or on, in either case.
    `default` if it is not set or empty.
    """
    value = os.environ.get(name, "").strip().lower()
    return default if not value else value in {"1", "true", "yes", "on"}


def words(name: str, default: str = "") -> list[str]:
    """The words in the environment variable `name`, or in `default` if it is not set, separated by
    commas or blanks.
    """
    return os.environ.get(name, default).replace(",", " ").split()


BASE_DIR = datafolder.BASE_DIR
TESTING = datafolder.TESTING
DEBUG = flag("TAEL_DEBUG")

# Makes it a demonstration: its payment provider says yes without moving money. Embedded servers
# imply it, as nobody runs a marketplace on them; tests say it themselves.
TAEL_SANDBOX = flag("TAEL_SANDBOX", default=embedded.runs_postgres() and not TESTING)

DEPLOYED = not (embedded.runs_postgres() or TAEL_SANDBOX or TESTING)
HTTPS = flag("TAEL_HTTPS", default=DEPLOYED)
if DEBUG and DEPLOYED:
    raise ImproperlyConfigured(
        "Unset TAEL_DEBUG: DATABASE_URL is set, so this is a deployment, and its error pages would"
        " show secrets to anybody."
    )

# The file with a clock that tests and simulations move (lib.clock); none: this machine's clock.
TAEL_CLOCK = os.environ.get("TAEL_CLOCK", "")
if TAEL_CLOCK and DEPLOYED:
    raise ImproperlyConfigured(
        "Unset TAEL_CLOCK: DATABASE_URL is set, so this is a deployment, whose clock nobody moves."
    )

SECRET_KEY = os.environ.get("SECRET_KEY", "")
if not SECRET_KEY:
    if DEPLOYED:
        raise ImproperlyConfigured("Set SECRET_KEY: DATABASE_URL is set, so this is a deployment.")
    SECRET_KEY = datafolder.secret_key()

if DEPLOYED:
    deployment.check()

# What may never be read from the database alone: the first encrypts, all decrypt.
TAEL_ENCRYPTION_KEYS = keys.encryption_keys(deployed=DEPLOYED)

TAEL_FONT_PATHS = words("TAEL_FONT_PATHS")  # folders of documents' fonts; the system's if empty
TAEL_ISSUER = issuer.lines("TAEL_ISSUER")  # name and address, on documents
TAEL_BANK_DETAILS = issuer.lines("TAEL_BANK_DETAILS")  # on bills that are paid by bank transfer
# A folder into which a bank's statements are put; none without it (docs/operations.md).
TAEL_BANK_FOLDER = os.environ.get("TAEL_BANK_FOLDER", "")
# The journal of both books for accountants, its pages, its command and its checks; off until set.
TAEL_JOURNAL = flag("TAEL_JOURNAL", default=TESTING)
# Our accounts that files for the bank pay withdrawals from, by currency; no pain.001 without any.
TAEL_PAYOUT_ACCOUNTS = payout_accounts.read(os.environ.get("TAEL_PAYOUT_ACCOUNTS", ""))
TAEL_PAYOUT_PROVIDER = os.environ.get("TAEL_PAYOUT_PROVIDER", "")  # credit.providers has a default

# Card payments; none without a key. The time-out is in seconds, of each of up to three requests.
STRIPE_API_KEY = os.environ.get("STRIPE_API_KEY", "")
STRIPE_PUBLISHABLE_KEY = os.environ.get("STRIPE_PUBLISHABLE_KEY", "")
STRIPE_WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE") or "https://api.stripe.com"
# Whether Stripe's payouts to our bank, and its fees, are kept beside our own payments.
TAEL_STRIPE_PAYOUTS = flag("TAEL_STRIPE_PAYOUTS")
STRIPE_TIMEOUT = float(os.environ.get("STRIPE_TIMEOUT") or 15)

ALLOWED_HOSTS = words("ALLOWED_HOSTS", default="" if DEPLOYED else "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
# Tael is at the root of its host, whatever a header or a variable says of a folder above it.
FORCE_SCRIPT_NAME = ""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "unfold.contrib.filters",
    "merchants.sign_in.admin_app.OperatorsAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "djmoney",
    "ninja",
    "pgtrigger",
    "backoffice",
    "trail",
    "jobs",
    "merchants",
    "notices",
    "credit",
    "billing",
    "gateway",
    "pages",
    "config",
]

MIDDLEWARE = [
    "config.monitoring.health.Health",
    "config.monitoring.middleware.RequestLog",
    "gateway.api.headers.Answers",
    "django.middleware.security.SecurityMiddleware",
    "config.monitoring.middleware.PageHeaders",
    "config.monitoring.middleware.ReferrerPolicy",
    "config.bounds.Bounded",
    "config.static_files.Served",
    "config.short_path.ShortPath",  # what stands below is for pages
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.monitoring.middleware.LanguageOfUser",
    "lib.live.OnlyParts",  # above whatever sends somebody to sign in
    "merchants.sign_in.admin_door.AdminDoor",
    "merchants.sign_in.time_zones.TimeZoneOfOperator",
    "config.monitoring.middleware.ClockIsRight",
    "allauth.account.middleware.AccountMiddleware",
    "config.monitoring.outages.Outages",
    "config.bounds.StatementTimeouts",
    "config.replicas.ReadsFromReplica",
    "config.cells.pages.EntersCells",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"formats": "lib.formats", "i18n": "lib.i18n_tags"},
        },
    }
]

# --- PostgreSQL, Redis, Celery ------------------------------------------------------------------

if embedded.runs_postgres():
    DATABASES = {"default": embedded.database() | databases.kept()}
else:
    DATABASES = {"default": databases.primary()}
TAEL_REPLICA = databases.replica()
# Whether the books are in cells (lib.cells, docs/scaling.md).
TAEL_CELLS = flag("TAEL_CELLS")
if TAEL_CELLS:
    for server in filter(None, (DATABASES["default"], TAEL_REPLICA)):
        server["ENGINE"] = databases.with_cells(server["ENGINE"])
    DATABASE_ROUTERS = ["config.cells.migrating.OneSide"]

# A task that nobody acknowledged is handed out again after this, which outlasts its time limit.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 30 * 60, **waits.BROKER}
if embedded.runs_redis():
    CELERY_BROKER_URL = embedded.broker_url()
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "config.local.ondemand.cache.RedisCache",
            "LOCATION": embedded.cache_url(),
            "OPTIONS": waits.REDIS,
        }
    }
else:
    CELERY_BROKER_URL, broker_options = redis_servers.broker()
    CELERY_BROKER_TRANSPORT_OPTIONS |= broker_options
    if redis_servers.is_encrypted():
        CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    CACHES = {"default": redis_servers.cache()}

# --- people -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "merchants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = settings.PASSWORD_VALIDATORS
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "merchants.sign_in.accounts.InvitationOnly"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Nobody signs in whose address is not proved: by an invitation, by the link with which an operator
# sets a password, or else by one that is sent at the first sign-in.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True  # one address at a time; a new one counts once its link was followed
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS, MFA_FORMS = settings.ACCOUNT_FORMS, settings.MFA_FORMS
ACCOUNT_RATE_LIMITS = settings.RATE_LIMITS
# How many proxies stand in front, each of which adds to X-Forwarded-For; without any, it is what
# the client says, and not looked at.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TAEL_TRUSTED_PROXIES") or 0)
SESSION_ENGINE = "merchants.sign_in.sessions"
# A working day from the sign-in, whatever is done meanwhile; without "remember me" less.
SESSION_COOKIE_AGE = 12 * 60 * 60
# Operators who do nothing for so long sign in anew (0: never); and from where they come (anywhere).
TAEL_ADMIN_IDLE_MINUTES = int(os.environ.get("TAEL_ADMIN_IDLE_MINUTES") or 30)
TAEL_ADMIN_NETWORKS = addresses.networks(words("TAEL_ADMIN_NETWORKS"))
# Networks that webhooks may be sent to though they are private, and without encryption.
TAEL_WEBHOOK_NETWORKS = addresses.networks(
    words("TAEL_WEBHOOK_NETWORKS"), setting="TAEL_WEBHOOK_NETWORKS"
)
# How people who found a weakness reach whoever runs this, for /.well-known/security.txt.
TAEL_SECURITY_CONTACT = addresses.contact(os.environ.get("TAEL_SECURITY_CONTACT", ""))
# For how long sign-ins are on their log.
TAEL_SIGN_INS_KEPT_DAYS = retention.days(
    "TAEL_SIGN_INS_KEPT_DAYS", 365, least=settings.LEAST_KEPT_DAYS
)
# For how long is kept what is only kept for a while (docs/operations.md), and for how long after
# somebody was an operator that person is not erased.
TAEL_RECEIVED_KEPT_DAYS = retention.days("TAEL_RECEIVED_KEPT_DAYS", 30)
TAEL_WEBHOOKS_KEPT_DAYS = retention.days("TAEL_WEBHOOKS_KEPT_DAYS", 90, least=7)
TAEL_IMPORTS_KEPT_DAYS = retention.days("TAEL_IMPORTS_KEPT_DAYS", 365)
TAEL_MAILS_KEPT_DAYS = retention.days("TAEL_MAILS_KEPT_DAYS", 365, least=7)
TAEL_INVITATIONS_KEPT_DAYS = retention.days("TAEL_INVITATIONS_KEPT_DAYS", 90, least=7)
TAEL_JOB_RUNS_KEPT_DAYS = retention.days("TAEL_JOB_RUNS_KEPT_DAYS", 90, least=2)
TAEL_OPERATORS_KEPT_DAYS = retention.days("TAEL_OPERATORS_KEPT_DAYS", 3650)
# Ten years from the end of a booking's year, as laws about books have it, are eleven at most.
TAEL_BANK_LINES_KEPT_DAYS = retention.days("TAEL_BANK_LINES_KEPT_DAYS", 4018, least=365)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tael"
MFA_ADAPTER = "merchants.sign_in.factors.EncryptedFactors"
# The bar is against strangers who sign up with somebody's address; nobody signs up here.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# --- what leaves the server ---------------------------------------------------------------------

# Behind a proxy, gunicorn trusts X-Forwarded-Proto from the addresses in FORWARDED_ALLOW_IPS.
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "pages.errors.not_from_here"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
if HTTPS:  # browsers take these names from this very host only, and not from its neighbours
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
# Browsers' preload list binds a whole domain for good: its owner's decision, not an application's;
# and lib.i18n_tags takes the place of Django's "i18n" on purpose.
SILENCED_SYSTEM_CHECKS = ["security.W021", "templates.W003"]

DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # 1,000 events fit
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
LARGEST_REQUEST = 6 * 1024 * 1024  # of bytes, whatever it brings; nginx has the same bound

STATIC_URL = "/static/"
collected = DEPLOYED and datafolder.root() / "static"
STATIC_ROOT = os.environ.get("TAEL_STATIC_ROOT") or collected or None
STATICFILES_DIRS = [BASE_DIR / "static"]
manifest = "config.static_files.Collected"
plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": manifest if DEPLOYED else plain},
}
# Where nobody ran collectstatic, serve the files from where they lie; look anew at each request
# only where they change, or where many short-lived clients would each list them all.
WHITENOISE_USE_FINDERS = not DEPLOYED
WHITENOISE_AUTOREFRESH = DEBUG or TESTING

# Where people reach Tael, for links in e-mails.
TAEL_BASE_URL = os.environ.get(
    "TAEL_BASE_URL", f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
).rstrip("/")
if DEPLOYED:
    deployment.check_host(TAEL_BASE_URL, ALLOWED_HOSTS)
# What others know this installation by, and where it is (merchants.installation).
TAEL_PREFIX = os.environ.get("TAEL_PREFIX", "")
TAEL_FIRST_PREFIX = installation.first_prefix(deployed=DEPLOYED)
TAEL_PLACE = installation.place(TAEL_BASE_URL)

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if DEPLOYED
    else "config.local.console_mails.EmailBackend"
)
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "tael@localhost")

# --- language, time, money ----------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("th", "ไทย")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

CURRENCIES = currencies.CODES
CURRENCY_CHOICES = [(code, code) for code in CURRENCIES]  # their names change with a package

LOGGING = logs.logging_settings(deployed=DEPLOYED)
UNFOLD = admin_menu.UNFOLD
