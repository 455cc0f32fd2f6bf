"""The deployments we ship keep to the rules of those who know them."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from banyan.doors.cli.main import COMMANDS
from tests.shape.repository import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
HADOLINT = Path(sys.executable).with_name("hadolint")
# Without these a unit may do what a web server never needs.
HARDENED = (
    "CapabilityBoundingSet=",
    "NoNewPrivileges=yes",
    "PrivateDevices=yes",
    "PrivateTmp=yes",
    "ProtectHome=yes",
    "ProtectSystem=strict",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "SystemCallFilter=@system-service",
    "UMask=0077",
    "User=banyan",
)


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )


def test_hadolint_finds_nothing_and_nothing_is_hidden_from_it(tmp_path: Path) -> None:
    assert "hadolint ignore" not in DOCKERFILE
    done = _run(HADOLINT, "--no-color", DEPLOY / "Dockerfile")
    assert (done.stdout, done.returncode) == ("", 0)
    worse = tmp_path / "Dockerfile"
    worse.write_text(DOCKERFILE.replace("python:3.11.14-slim-bookworm", "python:latest"))
    assert "DL3007" in _run(HADOLINT, worse).stdout


def test_the_image_is_pinned_unprivileged_and_watched() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.M)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\S+)", last, flags=re.M) == ["10001"]
    assert re.search(r"^HEALTHCHECK .*\n.*/healthz", last, flags=re.M)
    assert DOCKERFILE.count("--require-hashes") == 3
    assert "SECRET" not in DOCKERFILE


def test_what_is_copied_into_the_image_is_let_through_and_nothing_else() -> None:
    rules = [
        line
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.M)
        for source in line.split()[:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in allowed)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_gets_no_more_than_it_needs(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert [rule for rule in HARDENED if rule not in lines] == []
    if shutil.which("systemd-analyze"):
        done = _run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_there_is(unit: Path, tmp_path: Path) -> None:
    [started] = re.findall(r"^ExecStart=.*/opt/banyan/bin/banyan (\w+)", unit.read_text(), re.M)
    assert started in COMMANDS
    if not shutil.which("systemd-analyze"):
        return
    # As it will be read, but for the program, which is not installed here.
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("=/opt/banyan/bin/banyan", "=/bin/true"))
    for timer in unit.parent.glob("*.timer"):
        shutil.copy(timer, tmp_path)
    done = _run("systemd-analyze", "verify", "--man=no", copy)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


def test_the_composition_has_no_secret_and_no_privileges() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    ours = {name: service for name, service in services.items() if service["image"] == "banyan"}
    assert sorted(ours) == ["migrate", "web", "worker"]
    for service in ours.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["command"][0] in COMMANDS
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert fnmatch(services["db"]["image"], "postgres:15.*")
    for secret in ("POSTGRES_PASSWORD", "BANYAN_SECRET_KEY"):
        given = re.findall(rf"{secret}: (.*)", text) + re.findall(rf"\$\{{({secret}.*?)\}}", text)
        assert all(":?" in value for value in given), given


def test_the_client_programs_in_the_image_are_of_the_servers_version() -> None:
    [client] = re.findall(r"postgresql-client=(\d+)", DOCKERFILE)
    [server] = re.findall(r"image: postgres:(\d+)", (DEPLOY / "compose.yaml").read_text())
    assert client == server


def test_proxies_keep_the_figures_inside_and_say_whom_they_speak_for() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert re.search(r"location ~ \^/\(metrics\|readyz\)\$ \{\s+return 404;", nginx)
    assert re.search(r"path /metrics /readyz\s+respond @inside 404", _caddyfile())


def _caddyfile() -> str:
    return (DEPLOY / "Caddyfile").read_text()


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_reads_its_file(tmp_path: Path) -> None:
    key, cert = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    _run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
         "-subj", "/CN=localhost").check_returncode()  # fmt: skip
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("/etc/letsencrypt/live/refer.example.com", str(tmp_path))
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {text} }}\n"
    )
    done = _run("nginx", "-t", "-p", tmp_path, "-c", whole)
    assert done.returncode == 0, done.stderr
