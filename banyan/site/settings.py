"""Django's settings, from the environment alone."""

from __future__ import annotations

from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from banyan.doors.console import look
from banyan.doors.portal.files import is_stamped
from banyan.site.catalogue import compiled
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
UNCONFIRMED_DAYS = ENVIRONMENT.unconfirmed_days
EVENTS_PER_MINUTE = ENVIRONMENT.events_per_minute
METRICS_TOKEN = ENVIRONMENT.metrics_token
WEBHOOKS_ALLOW_HTTP = ENVIRONMENT.webhooks_allow_http
WEBHOOKS_ALLOW_PRIVATE = ENVIRONMENT.webhooks_allow_private
COMPANY = ENVIRONMENT.company
EMAIL_PROVIDER = ENVIRONMENT.email
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from
SMS_PROVIDER = ENVIRONMENT.sms
WECHAT_PROVIDER = ENVIRONMENT.wechat
PAYOUT_PROVIDER = ENVIRONMENT.payouts
OWNER_EMAIL = ENVIRONMENT.owner_email
NOTICES_A_DAY = ENVIRONMENT.notices_a_day
NOTICES_A_WEEK = ENVIRONMENT.notices_a_week
QUIET_HOURS = ENVIRONMENT.quiet_hours
TEST_CLOCK = ENVIRONMENT.test_clock
TWO_FACTOR = ENVIRONMENT.two_factor

INSTALLED_APPS = [
    # Templates of the console stand before Unfold's, and Unfold's before those of Django's admin.
    "banyan.doors.console.apps.ConsoleConfig",
    "unfold.apps.BasicAppConfig",
    "banyan.doors.console.apps.AdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_ace",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
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
    "banyan.trust.staff",
    "banyan.growth.journeys",
    "banyan.growth.feedback",
    "banyan.growth.leads",
    "banyan.growth.planning",
    "banyan.growth.amends",
    "banyan.growth.payouts",
    "banyan.growth.tasks",
    "banyan.growth.toolkit",
    "banyan.insight.experiments",
    "banyan.insight.exposure",
    "banyan.insight.metrics",
    "banyan.insight.segments",
    "banyan.pipeline",
    "banyan.pipeline.importing",
    "banyan.pipeline.outbox",
    "banyan.pipeline.schedule",
    "banyan.pipeline.approving",
    "banyan.pipeline.comparing",
    "banyan.doors.portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "banyan.site.pages.AroundPages",
    "django.middleware.common.CommonMiddleware",
]

# They stand inside `AroundPages`, where Django's checks do not look for them.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]

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
LANGUAGE_CODE = ENVIRONMENT.language
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [compiled(BANYAN_HOME)]
LANGUAGE_COOKIE_NAME = "banyan_language"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "banyan.doors.portal.frame.frame",
            ]
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
OTP_TOTP_ISSUER = COMPANY or "Banyan"
# Wrong codes are counted in trust/staff/entering.py, which can say so; these would call a right one
# wrong for some seconds.
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
UNFOLD = {
    "SITE_TITLE": "Banyan",
    "SITE_HEADER": "Banyan 榕荐",
    "SITE_SUBHEADER": COMPANY,
    "SITE_URL": "/",
    "SITE_ICON": look.icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": look.icon}],
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "STYLES": [look.style, look.frame],
    "SCRIPTS": [look.script],
    "COLORS": look.COLORS,
    "BORDER_RADIUS": "10px",
    "ACCOUNT": {"navigation": "banyan.doors.console.menu.account"},
    "SIDEBAR": {"navigation": "banyan.doors.console.menu.navigation"},
}

STATIC_URL = "/static/"
STORAGES = {"staticfiles": {"BACKEND": "banyan.doors.portal.files.Stamped"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_IMMUTABLE_FILE_TEST = is_stamped

# Whoever is signed in stays so for two weeks on the device, and the server can end it at any time.
IS_SECURE = BASE_URL.startswith("https:")
SESSION_COOKIE_NAME = "banyan_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
CSRF_COOKIE_NAME = "banyan_csrf"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "banyan.doors.portal.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "manifest-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if ENVIRONMENT.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
BEHIND_PROXY = ENVIRONMENT.behind_proxy
LOGGING_CONFIG = "banyan.site.logging.configure"
LOGGING = {"level": ENVIRONMENT.log_level}
