"""All settings; what differs between installations comes from the environment (see .env.example).

Without any variable this is development on one machine: SQLite, no Redis, files under var/.
DEBUG=false is production: it wants a secret, hosts, a database and a broker of its own, and does
not start on less.
"""

import logging
import os
import secrets
import sys
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.conf.global_settings import LANGUAGES as DJANGO_LANGUAGES

from pmo_portal.environment import environment, refuse, without_password
from pmo_portal.logs import FORMATS, logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / environment.text("VAR_DIR", "var")

DEBUG = environment.flag("DEBUG", default=True)
IS_PRODUCTION = not DEBUG

MINIMUM_SECRET_LENGTH = 50
MINIMUM_TOKEN_LENGTH = 20
# What to type, and no secret.
A_SECRET = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"  # nosec B105
HOSTS = "host names with commas between them, such as pmo.example.com"
ORIGINS = "origins with commas between them, such as https://pmo.example.com"
PORTAL = "the address by which people reach the portal, such as https://pmo.example.com"
DATABASE = "postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:////FOLDER/FILE.sqlite3"
BROKER = "the address of a Redis, such as redis://HOST:6379/0"
MAIL = (
    "smtp://, smtp+tls://USER:PASSWORD@HOST:587, smtp+ssl://, consolemail:// to print mails,"
    " or keepmail:// to keep them on this machine"
)


def make_var_dir() -> None:
    """In production nothing is written there, but by whoever collects the static files."""
    try:
        VAR_DIR.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror
        refuse(f"VAR_DIR is {str(VAR_DIR)!r}; it takes a folder to write to ({why}).")


def development_secret() -> str:
    """The secret of this installation, made once, so that people stay signed in over a restart."""
    path = VAR_DIR / "development-secret"
    if not path.exists():
        draft = VAR_DIR / f"development-secret.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # whole or not at all: web and worker may start at the same time
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def read_secret() -> str:
    secret = environment.text("SECRET_KEY")
    if DEBUG:
        return secret or development_secret()
    if not secret:
        refuse(f"SECRET_KEY is missing; production takes a secret of its own: {A_SECRET}")
    if secret.startswith(("django-insecure-", "change-me")):
        refuse(f"SECRET_KEY is a default that anybody can read; {A_SECRET}")
    if len(secret) < MINIMUM_SECRET_LENGTH or len(set(secret)) < 5:
        refuse(
            f"SECRET_KEY has {len(secret)} characters, {len(set(secret))} of them different;"
            f" production takes {MINIMUM_SECRET_LENGTH} or more random ones: {A_SECRET}"
        )
    return secret


def read_hosts() -> list[str]:
    hosts = environment.words("ALLOWED_HOSTS")
    for host in hosts:
        is_ipv6 = host.startswith("[") and host.endswith("]")
        if "/" in host or (":" in host and not is_ipv6):
            refuse(f"ALLOWED_HOSTS has {host!r}; it takes {HOSTS}, without scheme and port.")
        if IS_PRODUCTION and not host.strip("*."):
            refuse(f"ALLOWED_HOSTS has {host!r}, which is every host; production takes {HOSTS}.")
    if IS_PRODUCTION and not hosts:
        refuse(f"ALLOWED_HOSTS is missing; production takes {HOSTS}.")
    return hosts or ["localhost", "127.0.0.1", "[::1]"]


def read_origins() -> list[str]:
    origins = environment.words("CSRF_TRUSTED_ORIGINS")
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if scheme not in ("https", "http") or not host or "/" in host:
            refuse(f"CSRF_TRUSTED_ORIGINS has {origin!r}; it takes {ORIGINS}.")
    return origins


def read_metrics_token() -> str:
    """What Prometheus says to be told anything; without one nobody is."""
    token = environment.text("METRICS_TOKEN")
    if token and len(token) < MINIMUM_TOKEN_LENGTH:
        refuse(
            f"METRICS_TOKEN has {len(token)} characters; it takes {MINIMUM_TOKEN_LENGTH} or more"
            f" random ones: {A_SECRET}"
        )
    return token


def read_portal_url() -> str:
    """The address that mails lead to, without a slash at its end."""
    address = environment.address(
        "PORTAL_URL", default="http://localhost:8000", schemes=("https", "http"), takes=PORTAL
    )
    parts = urlsplit(address)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        refuse(f"PORTAL_URL is {without_password(address)!r}; it takes {PORTAL}.")
    return address.rstrip("/")


def read_database() -> dict[str, Any]:
    """A relative SQLite file is meant from the project's folder, wherever the command is typed."""
    address = environment.address(
        "DATABASE_URL", schemes=("postgres", "postgresql", "sqlite"), takes=DATABASE
    )
    max_age = environment.number("DATABASE_CONN_MAX_AGE", default=60, at_least=0, at_most=86_400)
    if IS_PRODUCTION and not address:
        refuse(f"DATABASE_URL is missing; production takes {DATABASE}.")
    database: dict[str, Any] = environ.Env.db_url_config(
        address or f"sqlite:///{VAR_DIR}/portal.sqlite3"
    )
    if not database["NAME"]:
        refuse(
            f"DATABASE_URL is {without_password(address)!r}, without a name; it takes {DATABASE}."
        )
    if database["ENGINE"] == "django.db.backends.postgresql":
        # Compiling a query takes longer than any of the portal's, and every worker would do it.
        options = {"connect_timeout": 5, "options": "-c jit=off"} | database.get("OPTIONS", {})
        return database | {
            "CONN_MAX_AGE": max_age,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    if database["NAME"] != ":memory:":
        file = BASE_DIR / database["NAME"]
        if not file.parent.is_dir():
            refuse(f"DATABASE_URL is {address!r}; there is no folder {file.parent}.")
        database["NAME"] = str(file)
    return database | {
        # Readers never wait for the writer (WAL), and a transaction that is going to write queues
        # at its start instead of failing in its middle (IMMEDIATE).
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    }


def read_instance_path() -> Path:
    """Where an installation keeps what belongs to its database: beside its file, or under var/."""
    name = DATABASES["default"]["NAME"]
    is_file = DATABASES["default"]["ENGINE"].endswith("sqlite3") and name != ":memory:"
    database = Path(name) if is_file else VAR_DIR / name.strip(":")
    return database.with_name(database.stem)


if DEBUG:
    make_var_dir()
SECRET_KEY = read_secret()
# Secrets of before: what was signed or encrypted by them is still read; new things are not.
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = read_hosts()
CSRF_TRUSTED_ORIGINS = read_origins()

INSTALLED_APPS = [
    "pmo_portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_celery_beat",
    "simple_history",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "projects",
    "metrics",
    "dashboards",
    "api",
    "accounts",
    "pmo_portal",  # last: its roles are given permissions that the others' models create
]

MIDDLEWARE = [
    "pmo_portal.health.ProbeMiddleware",  # first: probes come by bare address, without HTTPS
    "pmo_portal.request_log.RequestLogMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # A page is 100 kB of table cells. Django pads answers against BREACH, and masks CSRF tokens.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "pmo_portal.headers.HeadersMiddleware",
    "pmo_portal.access.RefusalLogMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pmo_portal.limits.SightMiddleware",  # after it nothing is read for somebody unknown
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SeenMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "pmo_portal.prometheus.ByViewMiddleware",  # last: it asks which view there is
]

ROOT_URLCONF = "pmo_portal.urls"
WSGI_APPLICATION = "pmo_portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "pmo_portal.reader_templates.ReaderTemplates",
        "NAME": "django",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.context.site",
                "pmo_portal.kept_mails.told_to_pages",
            ],
        },
    },
]

DATABASES = {"default": read_database()}
INSTANCE_PATH = read_instance_path()

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# First, so that what it refuses to a limited person is refused.
AUTHENTICATION_BACKENDS = ["pmo_portal.limits.PortalBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"

# Wrong passwords: after so many for one account from one address, no further one is tried for so
# long. As many times ten from one address for any accounts, or for one account from anywhere.
SIGN_IN_ATTEMPTS = environment.number("SIGN_IN_ATTEMPTS", default=5, at_least=3, at_most=100)
SIGN_IN_LOCK_MINUTES = environment.number(
    "SIGN_IN_LOCK_MINUTES", default=15, at_least=1, at_most=1_440
)
# How many proxies in front add to X-Forwarded-For; 0 = the header is not looked at.
ALLAUTH_TRUSTED_PROXY_COUNT = environment.number(
    "TRUSTED_PROXIES", default=0, at_least=0, at_most=10
)
# Who has one of these roles must have a second factor, and opens nothing until it is set up.
REQUIRE_SECOND_FACTOR_FOR = environment.some_of(
    "REQUIRE_SECOND_FACTOR_FOR",
    ["Executive", "PMO lead", "Analyst", "Administrator"],
    takes="roles with commas between them: Executive, PMO lead, Analyst, Administrator",
)
PASSWORD_RESET_TIMEOUT = 60 * environment.number(
    "PASSWORD_RESET_MINUTES", default=60, at_least=5, at_most=1_440
)

# Accounts are made by administrators: an account's mail address is the one in its row, and no page
# of django-allauth is there but those that accounts/urls.py names.
ACCOUNT_ADAPTER = "accounts.adapter.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}  # a mail address is turned into the user name by the form
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # nosec B105
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
ACCOUNT_RATE_LIMITS = {
    "login": "",  # passwords are counted by accounts.lockout
    "login_failed": f"{SIGN_IN_ATTEMPTS}/{SIGN_IN_LOCK_MINUTES}m/key",  # codes of a second factor
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",  # nosec B105
    "reset_password": "20/h/ip,3/h/key",  # nosec B105
    "reset_password_from_key": "20/m/ip",  # nosec B105
}
MFA_ADAPTER = "accounts.adapter.PortalSecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "PMO portal"
MFA_TOTP_TOLERANCE = 1  # the code before and the one to come: clocks differ, and people type
MFA_RECOVERY_CODES_SHOW_ONCE = True
USERSESSIONS_TRACK_ACTIVITY = True

LANGUAGE_CODE = environment.one_of(
    "LANGUAGE_CODE",
    [code for code, _ in DJANGO_LANGUAGES],
    default="en-gb",
    takes="a language that Django knows, such as en-gb or de",
)
TIME_ZONE = environment.one_of(
    "TIME_ZONE",
    sorted(zoneinfo.available_timezones()),
    default="UTC",
    takes="a time zone such as UTC or Europe/Berlin",
)
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "pmo_portal.formats"
NUMBER_GROUPING = 3  # for languages of which Django knows no formats
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "pmo_portal.static_files.PortalStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

SESSION_COOKIE_SECURE = environment.flag("SESSION_COOKIE_SECURE", default=IS_PRODUCTION)
CSRF_COOKIE_SECURE = environment.flag("CSRF_COOKIE_SECURE", default=IS_PRODUCTION)
if IS_PRODUCTION and not SESSION_COOKIE_SECURE:
    refuse("SESSION_COOKIE_SECURE is false; production takes true: sign-ins travel by HTTPS only.")
if IS_PRODUCTION and not CSRF_COOKIE_SECURE:
    refuse("CSRF_COOKIE_SECURE is false; production takes true: forms travel by HTTPS only.")
SECURE_SSL_REDIRECT = environment.flag("SECURE_SSL_REDIRECT", default=IS_PRODUCTION)
SECURE_HSTS_SECONDS = environment.number(
    "SECURE_HSTS_SECONDS",
    default=31_536_000 if IS_PRODUCTION else 0,
    at_least=0,
    at_most=63_072_000,
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag(
    "SECURE_HSTS_INCLUDE_SUBDOMAINS", default=IS_PRODUCTION
)
SECURE_HSTS_PRELOAD = environment.flag("SECURE_HSTS_PRELOAD", default=IS_PRODUCTION)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if environment.flag("TRUST_FORWARDED_PROTO", default=False)
    else None
)
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # links in mails lead in, forms on other sites don't
# Who does nothing for so long is signed out; the longer one is for "stay signed in".
SESSION_COOKIE_AGE = 3_600 * environment.number(
    "SESSION_IDLE_HOURS", default=12, at_least=1, at_most=720
)
ACCOUNT_SESSION_COOKIE_AGE = 86_400 * environment.number(
    "SESSION_STAY_DAYS", default=14, at_least=1, at_most=90
)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Plotly positions its drawings by style attributes; style elements stay forbidden.
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "base-uri": [SELF],
    }
}

email_address = environment.address(
    "EMAIL_URL",
    default="keepmail://" if DEBUG else "smtp://localhost:25",
    schemes=("smtp", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "dummymail", "keepmail"),
    takes=MAIL,
)
# Development sends nothing: mails are kept beside the database, for administrators to look at.
KEPT_MAILS = INSTANCE_PATH.with_name(f"{INSTANCE_PATH.name}.mails")
are_mails_kept = email_address.startswith("keepmail:")
email = environ.Env.email_url_config("dummymail://" if are_mails_kept else email_address)
EMAIL_BACKEND = "pmo_portal.kept_mails.KeepingBackend" if are_mails_kept else email["EMAIL_BACKEND"]
EMAIL_HOST = email["EMAIL_HOST"] or "localhost"
EMAIL_PORT = email["EMAIL_PORT"] or 25
EMAIL_HOST_USER = email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = email.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = email["EMAIL_FILE_PATH"] or None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", "pmo-portal@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

PORTAL_URL = read_portal_url()
# Who enters a metric is told so many days before its values fall due, and once they are overdue.
REMIND_BEFORE_DAYS = environment.number("REMIND_BEFORE_DAYS", default=3, at_least=0, at_most=60)
# PMO leads are told of what is overdue by more days than this.
ESCALATE_AFTER_DAYS = environment.number("ESCALATE_AFTER_DAYS", default=10, at_least=0, at_most=366)
# A mail whose worker has not come back for so long is sent by another one.
REMINDER_STALE_SECONDS = environment.number(
    "REMINDER_STALE_SECONDS", default=600, at_least=5, at_most=86_400
)
SEND_REMINDERS_EVERY_SECONDS = 60

# A run whose worker has given no sign of life for so long is taken to be dead and is reopened.
SCORE_RUN_STALE_SECONDS = environment.number(
    "SCORE_RUN_STALE_SECONDS", default=60, at_least=5, at_most=86_400
)
# How often the scheduler looks for changes whose scores are still to be brought up to date.
ANSWER_NEEDS_EVERY_SECONDS = environment.number(
    "ANSWER_NEEDS_EVERY_SECONDS", default=3, at_least=1, at_most=3_600
)
REOPEN_DEAD_RUNS_EVERY_SECONDS = 15

# The effective weights of the latest months follow their scores this often.
WEIGH_EVERY_SECONDS = 60

# The audit log: so many days are kept, whatever else happens; what is older goes at night.
AUDIT_KEEP_DAYS = environment.number("AUDIT_KEEP_DAYS", default=400, at_least=30, at_most=36_500)

# Files that people send: the largest that is taken, and nothing beyond it is ever held.
IMPORT_MAX_BYTES = environment.number(
    "IMPORT_MAX_BYTES", default=32 * 1024**2, at_least=1024, at_most=1024**3
)
FILE_UPLOAD_HANDLERS = ["dashboards.uploads.LimitedUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = 1
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # a choice for each column and each unknown name

# Why a definition was changed is kept whole, however much there is to say.
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

CELERY_BROKER_URL = environment.address(
    "CELERY_BROKER_URL", schemes=("redis", "rediss"), takes=BROKER
)
IS_EMBEDDED = not CELERY_BROKER_URL
if IS_PRODUCTION and IS_EMBEDDED:
    refuse(f"CELERY_BROKER_URL is missing; production takes {BROKER}.")
if IS_EMBEDDED:
    BROKER_FOLDER = INSTANCE_PATH.with_name(f"{INSTANCE_PATH.name}.broker")
    CELERY_BROKER_URL = "filesystem://localhost"
    CELERY_BROKER_TRANSPORT = "pmo_portal.folder_broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_FOLDER / "messages"),
        "data_folder_out": str(BROKER_FOLDER / "messages"),
        "control_folder": str(BROKER_FOLDER / "control"),
        "polling_interval": 0.2,
    }
else:
    # Redis hands an unacknowledged task out again after this long: longer than the longest run.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600, "socket_connect_timeout": 5}
# How far a worker is, where the portal can see it while the worker's transaction hides it
# (metrics.batches.progress): it goes the way the tasks go.
CACHES: dict[str, dict[str, Any]] = {
    # Tries of passwords and codes, which all web processes count together.
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "accounts",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # so that nobody pushes a count out by making others
    }
    if IS_EMBEDDED
    else {
        "BACKEND": "accounts.shared_cache.SharedCache",
        "LOCATION": CELERY_BROKER_URL,
        "KEY_PREFIX": "accounts",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    },
    "progress": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(INSTANCE_PATH.with_name(f"{INSTANCE_PATH.name}.progress")),
    }
    if IS_EMBEDDED
    else {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CELERY_BROKER_URL,
        "KEY_PREFIX": "progress",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    },
}
# How often is asked is counted by all web processes together, where there are several.
CACHES["limits"] = (
    {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "limits"}
    if IS_EMBEDDED
    else CACHES["progress"] | {"KEY_PREFIX": "limits"}
)
CELERY_WORKER_CONCURRENCY = environment.number(
    "CELERY_WORKER_CONCURRENCY", default=2, at_least=1, at_most=64
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # no result backend, so nothing to clean up
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# What must tick for the portal to work at all; what people may move is in pmo_portal.schedules.
# A tick that found no worker is dropped when the next one is due, so that they do not pile up.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "answer rescoring needs": {
        "task": "metrics.tasks.answer_needs_task",
        "schedule": timedelta(seconds=ANSWER_NEEDS_EVERY_SECONDS),
        "options": {"expire_seconds": ANSWER_NEEDS_EVERY_SECONDS},
    },
    "answer imports": {
        "task": "metrics.tasks.answer_imports_task",
        "schedule": timedelta(seconds=ANSWER_NEEDS_EVERY_SECONDS),
        "options": {"expire_seconds": ANSWER_NEEDS_EVERY_SECONDS},
    },
    "send what people subscribed to": {
        "task": "dashboards.tasks.send_subscriptions_task",
        "schedule": timedelta(seconds=SEND_REMINDERS_EVERY_SECONDS),
        "options": {"expire_seconds": SEND_REMINDERS_EVERY_SECONDS},
    },
    "send reminders that wait": {
        "task": "metrics.tasks.send_reminders_task",
        "schedule": timedelta(seconds=SEND_REMINDERS_EVERY_SECONDS),
        "options": {"expire_seconds": SEND_REMINDERS_EVERY_SECONDS},
    },
    "weigh the latest months": {
        "task": "metrics.tasks.weigh_latest_months_task",
        "schedule": timedelta(seconds=WEIGH_EVERY_SECONDS),
        "options": {"expire_seconds": WEIGH_EVERY_SECONDS},
    },
    "reopen runs of dead workers": {
        "task": "metrics.tasks.reopen_dead_runs_task",
        "schedule": timedelta(seconds=REOPEN_DEAD_RUNS_EVERY_SECONDS),
        "options": {"expire_seconds": REOPEN_DEAD_RUNS_EVERY_SECONDS},
    },
}

# The API. So many requests in a minute from each token, or from each person in a browser; 0 = any.
API_READS_PER_MINUTE = environment.number(
    "API_READS_PER_MINUTE", default=600, at_least=0, at_most=1_000_000
)
API_WRITES_PER_MINUTE = environment.number(
    "API_WRITES_PER_MINUTE", default=120, at_least=0, at_most=1_000_000
)
# The largest request: 10,000 values with notes are some megabytes.
API_MAX_BYTES = environment.number(
    "API_MAX_BYTES", default=16 * 1024**2, at_least=1024, at_most=1024**3
)
# How long the answer to an Idempotency-Key is kept.
API_KEEP_ANSWERS_HOURS = environment.number(
    "API_KEEP_ANSWERS_HOURS", default=24, at_least=1, at_most=8_760
)
# How long a program waits for a scoring run that is going on when it closes a month.
API_PATIENCE_SECONDS = 10.0

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "api.authentication.TokenAuthentication",
        "api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.AsTheOperationSays"],
    "DEFAULT_THROTTLE_CLASSES": [
        "api.throttling.ReadsPerMinute",
        "api.throttling.WritesPerMinute",
    ],
    "DEFAULT_PARSER_CLASSES": ["api.parsing.LimitedJSONParser", "api.parsing.FileParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.parsing.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "api.documentation.OperationSchema",
    "EXCEPTION_HANDLER": "api.errors.answer_to",
}
KEY = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
SPECTACULAR_SETTINGS = {
    "TITLE": "PMO portal",
    "VERSION": "1",
    "DESCRIPTION": (
        "Everything in the portal that is data. See docs/api.md for how to begin."
        " Every refusal has the shape `Problem`."
    ),
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [],  # vocabularies stand where they are used
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # what may be left out of a change says api.fields.changes_of
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PATH_CONVERTER_OVERRIDES": {
        "code": {"type": "string", "pattern": r"^[A-Za-z0-9_.@-]{1,129}$"},
        "month": {"type": "string", "pattern": r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"},
        "period": {"type": "string", "pattern": r"^[0-9]{4}(-[0-9QW][0-9-]{0,4})?$"},
        "key": KEY,
    },
}

# What is told to whoever watches: when the portal is late. The scheduler's last tick, the oldest
# change that waits for its scores, and the last run over all open months (0 = never late).
BEAT_LATE_SECONDS = environment.number("BEAT_LATE_SECONDS", default=60, at_least=5, at_most=86_400)
SCORES_LATE_SECONDS = environment.number(
    "SCORES_LATE_SECONDS", default=900, at_least=10, at_most=604_800
)
FULL_RUN_LATE_HOURS = environment.number(
    "FULL_RUN_LATE_HOURS", default=36, at_least=0, at_most=8_760
)
METRICS_TOKEN = read_metrics_token()
PROMETHEUS_LATENCY_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, float("inf"))

# Whoever types a command reads what it says itself; what is served goes on telling everything.
IS_TYPED = Path(sys.argv[0]).name == "manage.py" and sys.argv[1:2] != ["runserver"]
LOG_LEVEL = environment.one_of(
    "LOG_LEVEL",
    ["DEBUG", "INFO", "WARNING", "ERROR"],
    default="WARNING" if IS_TYPED else "INFO",
    takes="DEBUG, INFO, WARNING or ERROR",
)
LOG_FORMAT = environment.one_of(
    "LOG_FORMAT",
    FORMATS,
    default="json" if IS_PRODUCTION else "text",
    takes="json or text",
)
LOGGING = logging_settings(LOG_LEVEL, LOG_FORMAT)
logging.captureWarnings(LOG_FORMAT == "json")  # or a library's would be no JSON
# The request's name goes with the tasks that it sends.
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# A proxy in front gives each request a name of its own, in X-Request-ID, whatever visitors sent.
TRUST_REQUEST_ID = environment.flag("TRUST_REQUEST_ID", default=False)

environment.refuse_misspelt()
