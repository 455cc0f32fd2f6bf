"""Django's settings, from the environment alone."""

from __future__ import annotations

from typing import Any

import dj_database_url

from banyan.site.environment import read_environment

ENVIRONMENT = read_environment()

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = False
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
BASE_URL = ENVIRONMENT.base_url
DEFAULT_LANDING_URL = ENVIRONMENT.default_landing_url
BANYAN_HOME = ENVIRONMENT.home
OPERATOR_TIME_ZONE = ENVIRONMENT.timezone
LAG_LIMIT_S = ENVIRONMENT.lag_limit_s
EVENTS_PER_MINUTE = ENVIRONMENT.events_per_minute
METRICS_TOKEN = ENVIRONMENT.metrics_token
WEBHOOKS_ALLOW_HTTP = ENVIRONMENT.webhooks_allow_http
WEBHOOKS_ALLOW_PRIVATE = ENVIRONMENT.webhooks_allow_private

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "ninja",
    "banyan.core.people",
    "banyan.core.programs",
    "banyan.core.events",
    "banyan.core.referrals",
    "banyan.core.ledger",
    "banyan.trust.access",
    "banyan.trust.audit",
    "banyan.trust.privacy",
    "banyan.trust.sources",
    "banyan.pipeline",
    "banyan.pipeline.outbox",
    "banyan.pipeline.schedule",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]

ROOT_URLCONF = "banyan.site.urls"
WSGI_APPLICATION = None


def database_settings(url: str) -> dict[str, Any]:
    """Django's settings of the database at that address."""
    found: dict[str, Any] = dict(dj_database_url.parse(url))
    if url.startswith("sqlite:"):
        # IMMEDIATE: a transaction that will write takes its place in the queue when it begins, so
        # that it never has to be thrown away half-way. NORMAL would lose the last commits when the
        # power goes; what was acknowledged must not be lost.
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456;",
        }
    else:
        found["CONN_HEALTH_CHECKS"] = True
        found["OPTIONS"] = found.get("OPTIONS", {}) | {"application_name": "banyan"}
    found["CONN_MAX_AGE"] = None
    return found


DATABASES = {"default": database_settings(ENVIRONMENT.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if ENVIRONMENT.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
BEHIND_PROXY = ENVIRONMENT.behind_proxy
LOGGING_CONFIG = "banyan.site.logging.configure"
LOGGING = {"level": ENVIRONMENT.log_level}
