"""environment: settings as environment variables, read once and loudly."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from banyan.growth.journeys.providers import (
    SMS,
    WECHAT,
    BadProvider,
    Provider,
    http_provider,
    mail_provider,
)
from banyan.growth.payouts import providers as payouts
from banyan.kernel.errors import Problem
from banyan.kernel.times import zone_names

SHORTEST_SECRET = 16


class BadSetting(Problem):
    """A setting that is missing or wrong, and what would mend it."""


@dataclass(frozen=True)
class Environment:
    """What this installation was told about itself."""

    home: Path
    database_url: str
    secret_key: str
    base_url: str
    allowed_hosts: tuple[str, ...]
    default_landing_url: str
    behind_proxy: bool
    log_level: str
    timezone: str
    lag_limit_s: int
    unconfirmed_days: int
    events_per_minute: int
    metrics_token: str
    webhooks_allow_http: bool
    webhooks_allow_private: bool
    test_clock: bool
    two_factor: str
    company: str
    language: str
    email: Provider | None
    email_from: str
    sms: Provider | None
    wechat: Provider | None
    payouts: payouts.Provider | None
    owner_email: str
    notices_a_day: int
    notices_a_week: int
    quiet_hours: tuple[time, time]

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the file in `home`."""
        return self.database_url.startswith("sqlite:")


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """The settings of this process. Raises BadSetting with the variable's name and the cure."""
    home = _home(variables)
    database_url = variables.get("DATABASE_URL", "") or f"sqlite:///{home / 'banyan.sqlite3'}"
    _check_database(database_url)
    base_url = _url(variables, "BANYAN_BASE_URL", "http://localhost:8000")
    return Environment(
        home=home,
        database_url=database_url,
        secret_key=_secret(variables, home, is_alone=database_url.startswith("sqlite:")),
        base_url=base_url,
        allowed_hosts=_hosts(variables, base_url),
        default_landing_url=_url(variables, "BANYAN_DEFAULT_LANDING_URL", base_url + "/i/"),
        behind_proxy=_switch(variables, "BANYAN_BEHIND_PROXY"),
        log_level=_level(variables),
        timezone=_timezone(variables),
        lag_limit_s=_whole(variables, "BANYAN_LAG_LIMIT", 60, least=1, most=86_400),
        unconfirmed_days=_whole(variables, "BANYAN_UNCONFIRMED_DAYS", 14, least=1, most=90),
        events_per_minute=_whole(
            variables, "BANYAN_EVENTS_PER_MINUTE", 3_000_000, least=1, most=2**31 - 1
        ),
        metrics_token=_metrics_token(variables),
        webhooks_allow_http=_switch(variables, "BANYAN_WEBHOOKS_ALLOW_HTTP"),
        webhooks_allow_private=_switch(variables, "BANYAN_WEBHOOKS_ALLOW_PRIVATE"),
        test_clock=_switch(variables, "BANYAN_TEST_CLOCK"),
        two_factor=_two_factor(variables),
        company=variables.get("BANYAN_COMPANY", "").strip() or urlsplit(base_url).hostname or "",
        language=_language(variables),
        email=_provider(variables, "BANYAN_EMAIL_URL", mail_provider),
        email_from=_sender(variables, base_url),
        sms=_provider(variables, "BANYAN_SMS_URL", lambda url: http_provider(url, SMS)),
        wechat=_provider(variables, "BANYAN_WECHAT_URL", lambda url: http_provider(url, WECHAT)),
        payouts=_payouts(variables),
        owner_email=variables.get("BANYAN_OWNER_EMAIL", "").strip(),
        notices_a_day=_whole(variables, "BANYAN_NOTICES_A_DAY", 2, least=0, most=1_000),
        notices_a_week=_whole(variables, "BANYAN_NOTICES_A_WEEK", 5, least=0, most=1_000),
        quiet_hours=_hours(variables, "BANYAN_QUIET_HOURS", "21:00-09:00"),
    )


def _home(variables: Mapping[str, str]) -> Path:
    home = Path(variables.get("BANYAN_HOME") or "~/.local/share/banyan").expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as failed:
        raise BadSetting(
            f"BANYAN_HOME: {home} cannot be made a folder ({failed.strerror}); "
            "name a folder this user may write to"
        ) from None
    if not os.access(home, os.W_OK):
        raise BadSetting(f"BANYAN_HOME: this user may not write to {home}; name another folder")
    return home


def _check_database(url: str) -> None:
    scheme = url.split(":", 1)[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        raise BadSetting(
            f"DATABASE_URL: expected postgresql://USER:PASSWORD@HOST:PORT/NAME, found {scheme}:…; "
            "leave it out to use SQLite in BANYAN_HOME"
        )


def _secret(variables: Mapping[str, str], home: Path, *, is_alone: bool) -> str:
    """The given secret; an installation on one SQLite file makes its own beside that file.

    Several nodes over one PostgreSQL must share theirs, so there it has to be given.
    """
    given = variables.get("BANYAN_SECRET_KEY")
    if given is not None:
        if len(given) < SHORTEST_SECRET:
            raise BadSetting(
                f"BANYAN_SECRET_KEY: needs at least {SHORTEST_SECRET} characters; make one: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return given
    if not is_alone:
        raise BadSetting(
            "BANYAN_SECRET_KEY: missing; all nodes over one database need the same. Make one: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return _kept_secret(home / "secret_key")


def _kept_secret(file: Path) -> str:
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        kept = file.read_text().strip()
        if len(kept) < SHORTEST_SECRET:
            raise BadSetting(
                f"{file}: holds no secret key; restore it from a backup, or set BANYAN_SECRET_KEY"
            ) from None
        return kept
    with os.fdopen(handle, "w") as opened:
        made = secrets.token_urlsafe(48)
        opened.write(made + "\n")
    return made


def _url(variables: Mapping[str, str], name: str, default: str) -> str:
    url = variables.get(name) or default
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadSetting(
            f"{name}: expected an address such as https://refer.example.com, found {url}"
        )
    return url if name != "BANYAN_BASE_URL" else url.rstrip("/")


def _hosts(variables: Mapping[str, str], base_url: str) -> tuple[str, ...]:
    given = variables.get("BANYAN_ALLOWED_HOSTS", "")
    named = tuple(host.strip() for host in given.split(",") if host.strip())
    host = urlsplit(base_url).hostname or ""
    return (*dict.fromkeys((*named, host, "localhost", "127.0.0.1", "[::1]")),)


def _switch(variables: Mapping[str, str], name: str) -> bool:
    value = variables.get(name, "").strip().lower()
    if value in ("", "0", "no", "false", "off"):
        return False
    if value in ("1", "yes", "true", "on"):
        return True
    raise BadSetting(f"{name}: expected 1 or 0, found {variables[name]}")


def _level(variables: Mapping[str, str]) -> str:
    level = (variables.get("BANYAN_LOG_LEVEL") or "INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise BadSetting(f"BANYAN_LOG_LEVEL: expected debug, info, warning or error, found {level}")
    return level


def _timezone(variables: Mapping[str, str]) -> str:
    name = variables.get("BANYAN_TIMEZONE") or "UTC"
    if name not in zone_names():
        raise BadSetting(
            f"BANYAN_TIMEZONE: {name} is no IANA time zone; write one such as Asia/Shanghai"
        )
    return name


def _whole(variables: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    given = variables.get(name) or str(default)
    if not (given.isascii() and given.isdigit() and least <= int(given) <= most):
        raise BadSetting(f"{name}: expected a whole number from {least} to {most}, found {given}")
    return int(given)


def _metrics_token(variables: Mapping[str, str]) -> str:
    token = variables.get("BANYAN_METRICS_TOKEN", "")
    if token and len(token) < SHORTEST_SECRET:
        raise BadSetting(
            f"BANYAN_METRICS_TOKEN: needs at least {SHORTEST_SECRET} characters; make one: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(24))"'
        )
    return token


def _language(variables: Mapping[str, str]) -> str:
    language = variables.get("BANYAN_LANGUAGE", "").strip().lower() or "en"
    if language not in ("en", "zh-hans"):
        raise BadSetting(f"BANYAN_LANGUAGE: expected en or zh-hans, found {language}")
    return language


def _two_factor(variables: Mapping[str, str]) -> str:
    said = variables.get("BANYAN_TWO_FACTOR", "").strip().lower() or "optional"
    if said not in ("optional", "required"):
        raise BadSetting(f"BANYAN_TWO_FACTOR: expected optional or required, found {said}")
    return said


def _provider(
    variables: Mapping[str, str], name: str, of: Callable[[str], Provider | None]
) -> Provider | None:
    try:
        return of(variables.get(name, "").strip())
    except BadProvider as bad:
        # The address itself holds a secret, so it is not repeated.
        raise BadSetting(f"{name}: {bad.sentence}") from None


def _payouts(variables: Mapping[str, str]) -> payouts.Provider | None:
    try:
        return payouts.provider(variables.get("BANYAN_PAYOUT_URL", "").strip())
    except payouts.BadProvider as bad:
        raise BadSetting(f"BANYAN_PAYOUT_URL: {bad.sentence}") from None


def _sender(variables: Mapping[str, str], base_url: str) -> str:
    host = urlsplit(base_url).hostname or "localhost"
    given = variables.get("BANYAN_EMAIL_FROM", "").strip() or f"no-reply@{host}"
    if "@" not in parseaddr(given)[1] or "\n" in given:
        raise BadSetting(
            f"BANYAN_EMAIL_FROM: expected an address such as Green Leaf <hello@example.com>, "
            f"found {given}"
        )
    return given


def _hours(variables: Mapping[str, str], name: str, default: str) -> tuple[time, time]:
    given = variables.get(name, "").strip() or default
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", given)
    if found is None:
        raise BadSetting(f"{name}: expected hours such as 21:00-09:00, found {given}")
    return time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
