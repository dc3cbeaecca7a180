"""Settings. All that differs between places comes from the environment: docs/settings.md."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate

from flowsite.core import broker, keys, redaction, reporting
from flowsite.outbound.addresses import AddressRefused, check_spelling

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def read(name: str, kind: str = "str", **options: Any) -> Any:
    """One variable, or a start that stops and names it.

    ``NAME_FILE`` may name a file that holds the value, as container platforms hand secrets over.
    """
    if name not in os.environ and (path := os.environ.get(f"{name}_FILE")):
        try:
            os.environ[name] = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: {path} can't be read") from error
    try:
        return getattr(env, kind)(name, **options)
    except EnvError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


ENVIRONMENT = read(
    "FLOWSITE_ENV", default="development", validate=validate.OneOf(["development", "production"])
)
PRODUCTION = ENVIRONMENT == "production"
DEBUG = not PRODUCTION and read("FLOWSITE_DEBUG", "bool", default=False)
TESTING = "pytest" in sys.modules

DATA_DIR = Path(read("FLOWSITE_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = read("FLOWSITE_PORT", "int", default=8000, validate=validate.Range(min=0, max=65535))
EMULATOR_PORT = read(
    "FLOWSITE_EMULATOR_PORT", "int", default=0, validate=validate.Range(min=0, max=65535)
)

# --- Secrets -----------------------------------------------------------------------------------

_SECRETS = {
    "FLOWSITE_SECRET_KEY": "signs sessions; any long random text",
    "FLOWSITE_ENCRYPTION_KEYS": "encrypts stored secrets; Fernet keys, comma-separated",
    "FLOWSITE_ALLOWED_HOSTS": "the host names people type, comma-separated",
    "FLOWSITE_DATABASE_URL": "postgres://user:password@host/name",
    "FLOWSITE_BROKER_URL": "redis://host/0 or amqp://host//",
}
if PRODUCTION and (missing := [n for n in _SECRETS if not read(n, default="")]):
    raise ImproperlyConfigured(
        "FLOWSITE_ENV=production needs: " + "; ".join(f"{n} ({_SECRETS[n]})" for n in missing)
    )


def _kept(name: str, make: Any) -> str:
    return "" if PRODUCTION else keys.kept_key(DATA_DIR / "keys" / name, make)


SECRET_KEY = read("FLOWSITE_SECRET_KEY", default="") or _kept("secret", keys.new_secret_key)
ENCRYPTION_KEYS = read("FLOWSITE_ENCRYPTION_KEYS", "list", default=[]) or [
    _kept("fernet", keys.new_fernet_key)
]
keys.check_fernet_keys(ENCRYPTION_KEYS)
ALLOWED_HOSTS = read("FLOWSITE_ALLOWED_HOSTS", "list", default=["127.0.0.1", "localhost", "[::1]"])
#: Private hosts that the server may call, also over plain http.
INTERNAL_HOSTS = read(
    "FLOWSITE_INTERNAL_HOSTS",
    "list",
    default=[] if PRODUCTION else ["127.0.0.1", "::1", "localhost"],
)
#: "Header: value" that the proxy in front sets on requests that reached it by https.
TRUSTED_PROXY = read("FLOWSITE_TRUSTED_PROXY", default="")

# --- Applications ------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "heroicons",
    "csp",
    "axes",
    "django_structlog",
    "flowsite.core",
    "flowsite.people",
    "flowsite.credentials",
    "flowsite.drafts",
    "flowsite.runs",
    "flowsite.submissions",
    "flowsite.alerts",
    "flowsite.wizard",
    "flowsite.monitoring",
    "flowsite.operations",
]
if not PRODUCTION:
    INSTALLED_APPS += ["flowsite.emulator", "flowsite.demo"]

MIDDLEWARE = [
    "flowsite.operations.middleware.PageTimes",
    "flowsite.core.middleware.ClientAddress",
    "django.middleware.security.SecurityMiddleware",
    "flowsite.core.middleware.ExtraHeaders",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "flowsite.core.middleware.BodyLimit",
    "flowsite.core.middleware.StorableAddress",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "flowsite.core.middleware.SessionLimits",
    "flowsite.people.language.PersonLanguage",
    "flowsite.core.middleware.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "flowsite.urls"
WSGI_APPLICATION = "flowsite.wsgi.application"
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
                "flowsite.shell.shell",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = Path(read("FLOWSITE_STATIC_ROOT", default=str(DATA_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
#: The language of commands, logs and stored words; people choose theirs, or their browser does.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("sv", "Svenska")]
LOCALE_PATHS = [BASE_DIR / "flowsite" / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 31_536_000
TIME_ZONE = "UTC"
USE_TZ = True
# SQLite ignores what it can't do: covering indexes, nulls in unique constraints.
SILENCED_SYSTEM_CHECKS = ["models.W040", "models.W047"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database ----------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    found: dict[str, Any] = read(
        "FLOWSITE_DATABASE_URL", "dj_db_url", default=f"sqlite:///{DATA_DIR / 'flowsite.sqlite3'}"
    )
    if found["ENGINE"].endswith("sqlite3"):
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        # IMMEDIATE is what keeps several processes from "database is locked".
        found["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA foreign_keys=ON;",
        }
        found["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    else:
        found["CONN_MAX_AGE"] = 60
        found["CONN_HEALTH_CHECKS"] = True
    return found


DATABASES = {"default": _database()}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        "OPTIONS": {"MAX_ENTRIES": 5000},
    }
}

# --- People ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
#: How long a sign-in link lives, in seconds.
PASSWORD_RESET_TIMEOUT = 86_400
SESSION_COOKIE_AGE = (
    read("FLOWSITE_SESSION_HOURS", "int", default=12, validate=validate.Range(min=1)) * 3600
)
#: A sign-in ends after so long without a person's doing; 0: only after the hours above.
SESSION_IDLE_MIN = read(
    "FLOWSITE_SESSION_IDLE_MINUTES", "int", default=120, validate=validate.Range(min=0)
)
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

#: Sign-in through the organisation (OpenID Connect); needs the extra "sso".
OIDC_ISSUER = read("FLOWSITE_OIDC_ISSUER", default="").rstrip("/")
OIDC_CLIENT_ID = read("FLOWSITE_OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = read("FLOWSITE_OIDC_CLIENT_SECRET", default="")
OIDC_NAME = read("FLOWSITE_OIDC_NAME", default="")
#: Nobody signs in with a password any more.
OIDC_ONLY = read("FLOWSITE_OIDC_ONLY", "bool", default=False)
if OIDC_ONLY and not OIDC_ISSUER:
    raise ImproperlyConfigured("FLOWSITE_OIDC_ONLY needs FLOWSITE_OIDC_ISSUER")
if OIDC_ISSUER:
    if not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
        raise ImproperlyConfigured(
            "FLOWSITE_OIDC_ISSUER needs FLOWSITE_OIDC_CLIENT_ID and FLOWSITE_OIDC_CLIENT_SECRET"
        )
    if find_spec("authlib") is None or find_spec("requests") is None:
        raise ImproperlyConfigured(
            "FLOWSITE_OIDC_ISSUER needs packages: pip install -c constraints.txt '.[sso]'"
        )
    try:
        check_spelling(OIDC_ISSUER, allowed_hosts=INTERNAL_HOSTS)
    except AddressRefused as refusal:
        raise ImproperlyConfigured(f"FLOWSITE_OIDC_ISSUER: {refusal}") from None

# --- Hardening ---------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "flowsite.core.views.csrf_failure"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_LIMIT_BYTES = (
    read("FLOWSITE_UPLOAD_MB", "int", default=10, validate=validate.Range(min=1)) * 1024 * 1024
)
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready|full)$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    # Browsers take a cookie of such a name only from this very host, and only by https.
    SESSION_COOKIE_NAME = "__Host-session"
    if TRUSTED_PROXY:
        _header, _, _value = TRUSTED_PROXY.partition(":")
        SECURE_PROXY_SSL_HEADER = (
            "HTTP_" + _header.strip().upper().replace("-", "_"),
            _value.strip(),
        )

# --- Messages ----------------------------------------------------------------------------------

#: Where people reach Flowsite, for links in messages; empty: messages have none.
PUBLIC_URL = read(
    "FLOWSITE_PUBLIC_URL", default="" if PRODUCTION else f"http://127.0.0.1:{PORT}"
).rstrip("/")
#: Empty: no e-mail. Development writes messages into the worker's log.
EMAIL_URL = read("FLOWSITE_EMAIL_URL", default="" if PRODUCTION else "console:")
_email = read("FLOWSITE_EMAIL_URL", "dj_email_url", default=EMAIL_URL or "dummy:")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _email.get("EMAIL_HOST") or "localhost", _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS"), _email.get("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = read("FLOWSITE_EMAIL_FROM", default="flowsite@localhost")

# --- Work in the background --------------------------------------------------------------------
# Every time is a setting, so that tests can shorten it. Seconds.

LEASE_S = read("FLOWSITE_LEASE_S", "float", default=45)
LEASE_RENEW_S = read("FLOWSITE_LEASE_RENEW_S", "float", default=10)
QUIET_TIME_S = read("FLOWSITE_QUIET_TIME_S", "float", default=15)
CREATE_LIMIT_S = read("FLOWSITE_CREATE_LIMIT_S", "float", default=60)
EXPLORE_LIMIT_S = read("FLOWSITE_EXPLORE_LIMIT_S", "float", default=90)
TASK_BUDGET_S = read("FLOWSITE_TASK_BUDGET_S", "float", default=120)
SWEEP_S = read("FLOWSITE_SWEEP_S", "float", default=10)
POLL_S = read("FLOWSITE_POLL_S", "float", default=60)
POLL_OVERLAP_S = read("FLOWSITE_POLL_OVERLAP_S", "float", default=600)
#: Pause between scheduled tests of a source account; 0: none.
ACCOUNT_TEST_S = read("FLOWSITE_ACCOUNT_TEST_S", "float", default=21600)
LATE_MARGIN_S = read("FLOWSITE_LATE_MARGIN_S", "float", default=3600)

#: How often beat and the workers of each queue give a sign of life.
HEARTBEAT_S = read("FLOWSITE_HEARTBEAT_S", "float", default=15)
#: What a monitoring system sends to /metrics and /health/full; empty: this machine only.
METRICS_TOKEN = read("FLOWSITE_METRICS_TOKEN", default="")
QUEUES = ["submissions", "polling"]

BROKER_SOCKET = broker.socket_path(DATA_DIR)
CELERY_BROKER_URL = read("FLOWSITE_BROKER_URL", default="") or (
    f"redis+socket://{BROKER_SOCKET}?virtual_host=0"
)
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {}
    if CELERY_BROKER_URL.startswith("amqp")
    else {
        # Above the hard time limit: Redis starts a task again that is not acknowledged by then.
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        # Of kombu's own connecting before a message is sent: once more, at once.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    }
)
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT, CELERY_TASK_SOFT_TIME_LIMIT = 240, 210
CELERY_TASK_DEFAULT_QUEUE = "submissions"
CELERY_TASK_ROUTES = {
    "flowsite.runs.tasks.*": {"queue": "polling"},
    "flowsite.submissions.tasks.search_orphans": {"queue": "polling"},  # reads for a while
    "flowsite.core.tasks.*": {"queue": "polling"},
    "flowsite.credentials.tasks.*": {"queue": "polling"},
    "flowsite.alerts.tasks.*": {"queue": "polling"},
    "flowsite.operations.tasks.*": {"queue": "polling"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep-submissions": {
        "task": "flowsite.submissions.tasks.sweep_submissions",
        "schedule": SWEEP_S,
        "options": {"expires": SWEEP_S},
    },
    "sweep-sandboxes": {
        "task": "flowsite.runs.tasks.sweep_sandboxes",
        "schedule": min(SWEEP_S, POLL_S),
        "options": {"expires": SWEEP_S},
    },
    "sweep-accounts": {
        "task": "flowsite.credentials.tasks.sweep_accounts",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "evaluate-alerts": {
        "task": "flowsite.alerts.tasks.evaluate_alerts",
        "schedule": 60,
        "options": {"expires": 60},
    },
    "sweep-deliveries": {
        "task": "flowsite.alerts.tasks.sweep_deliveries",
        "schedule": SWEEP_S,
        "options": {"expires": SWEEP_S},
    },
    **{
        f"heartbeat-{queue}": {
            "task": "flowsite.operations.tasks.heartbeat",
            "schedule": HEARTBEAT_S,
            "args": [queue],
            "options": {"expires": HEARTBEAT_S * 2, "queue": queue},
        }
        for queue in QUEUES
    },
    "clear-sessions": {
        "task": "flowsite.operations.tasks.clear_sessions",
        "schedule": 86_400,
        "options": {"expires": 3600},
    },
    "forget-alerts": {
        "task": "flowsite.alerts.tasks.forget_alerts",
        "schedule": 86_400,
        "options": {"expires": 3600},
    },
    "purge-lookups": {
        "task": "flowsite.core.tasks.purge_expired_cache",
        "schedule": 600,
        "options": {"expires": 600},
    },
}

# --- Logs --------------------------------------------------------------------------------------

LOG_FORMAT = read(
    "FLOWSITE_LOG_FORMAT",
    default="json" if PRODUCTION else "console",
    validate=validate.OneOf(["json", "console"]),
)
#: Commands speak for themselves; servers and workers write every call.
LOG_LEVEL = read(
    "FLOWSITE_LOG_LEVEL",
    default="WARNING" if Path(sys.argv[0]).name == "manage.py" else "INFO",
    validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
)
_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redaction.redact_event,  # the last stage before rendering
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer()
                if LOG_FORMAT == "json"
                else structlog.dev.ConsoleRenderer(
                    colors=False, exception_formatter=structlog.dev.plain_traceback
                ),
            ],
            "foreign_pre_chain": _SHARED_PROCESSORS,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "authlib": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

#: Whether /events/adobe/ takes Adobe I/O Events, and where Adobe's keys lie.
EVENTS = read("FLOWSITE_EVENTS", "bool", default=False)
EVENTS_KEYS_URL = read("FLOWSITE_EVENTS_KEYS_URL", default="https://static.adobeioevents.com")

#: Where errors are reported to; needs the extra "sentry".
if SENTRY_DSN := read("FLOWSITE_SENTRY_DSN", default=""):
    if find_spec("sentry_sdk") is None:
        raise ImproperlyConfigured(
            "FLOWSITE_SENTRY_DSN needs a package: pip install -c constraints.txt '.[sentry]'"
        )
    try:
        reporting.start_sentry(SENTRY_DSN, ENVIRONMENT)
    except ValueError as error:
        raise ImproperlyConfigured(f"FLOWSITE_SENTRY_DSN: {error}") from error
