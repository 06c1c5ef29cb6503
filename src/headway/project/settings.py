"""Django's settings, read from one home folder and a handful of environment variables.

HEADWAY_HOME  folder of database, media, keys (default ./headway-data)
DATABASE_URL  postgresql://user:password@host/name puts the records into PostgreSQL instead of the home
HEADWAY_MAIL_PASSWORD the mail server's password; everything else about mail stands in mail.toml in the home
HEADWAY_HOSTS comma-separated host names the server answers to (default: this machine only)
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from headway.project import mail

HOME = Path(os.environ.get("HEADWAY_HOME", "headway-data")).resolve()
PACKAGE = Path(__file__).resolve().parents[1]


def _secret() -> str:
    path = HOME / "keys" / "secret"
    if path.exists():
        return path.read_text().strip()
    # Before `headway init` there is no home: nothing signed with this key survives the process.
    return os.environ.get("HEADWAY_SECRET") or os.urandom(32).hex()


def _database() -> dict[str, object]:
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        return {
            "ENGINE": "headway.project.sqlite",
            "NAME": HOME / "headway.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
            "CONN_MAX_AGE": None,
            "TEST": {"NAME": str(HOME / "test.sqlite3")},
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _secret()
DEBUG = False
ALLOWED_HOSTS = [
    h for h in os.environ.get("HEADWAY_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",") if h
]
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "headway",
]
AUTH_USER_MODEL = "headway.Account"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["headway.access.hashers.Argon2id"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ROOT_URLCONF = "headway.project.urls"
WSGI_APPLICATION = "headway.project.wsgi.application"
MIDDLEWARE = [
    "headway.project.middleware.measure",
    "headway.project.middleware.headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "headway.project.middleware.no_nul",
    "headway.project.middleware.viewer",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"])
            ],
            "context_processors": ["headway.pages.parts.context.page"],
            "builtins": ["headway.pages.parts.tags"],
            "libraries": {},
        },
    }
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "pages" / "static"]
STATIC_ROOT = HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
MEDIA_ROOT = HOME / "media"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("HEADWAY_HTTPS") == "1"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "headway.pages.public.errors.forbidden_form"
LOGIN_URL = "/account/sign-in"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
MAIL = mail.read(HOME)
EMAIL_BACKEND = mail.BACKENDS[MAIL.mode]
EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = MAIL.host, MAIL.port, mail.SECONDS
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.tls == "starttls", MAIL.tls == "tls"
EMAIL_FILE_PATH = HOME / "mail"
DEFAULT_FROM_EMAIL = MAIL.sender or "headway@localhost"
COPY_MARK = HOME / "restored-copy"
BENCH = os.environ.get("HEADWAY_BENCH") == "1"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # What an address refuses is no fault of the program: one line says which, and no traceback.
    "filters": {"refused": {"()": "headway.project.log.OneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["refused"]}},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING"}},
}
