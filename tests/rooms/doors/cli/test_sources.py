"""`banyan sources`: an address for each shop, the secret shown once or never."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from banyan.trust.audit.read import entries
from banyan.trust.sources import models
from banyan.trust.sources.read import secret
from tests.installation import Installation

pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True)


def run(
    installation: Installation, *arguments: str, stdin: str = "", **variables: str
) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "banyan", "sources", *arguments],
        env=dict(installation.environment) | variables,
        input=stdin,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_source_from_its_making_to_its_end(installation: Installation) -> None:
    code, out, err = run(
        installation, "create", "stripe", "--secret", "-", "--name", "Web",
        "--option", "orders=checkout renewals", stdin="whsec_0123456789\n",
    )  # fmt: skip
    assert (code, err) == (0, "")
    [source_id] = re.findall(r"^http://localhost:8000/v1/inbound/stripe/([0-9a-f]{16})\n$", out)
    assert secret(source_id) == "whsec_0123456789"
    assert b"whsec" not in bytes(models.Source.objects.get().secret_sealed)
    [listed] = json.loads(run(installation, "list", "--json")[1])
    assert (
        listed.items()
        >= {
            "id": source_id,
            "kind": "stripe",
            "name": "Web",
            "options": "orders=checkout renewals",
            "revoked": "",
        }.items()
    )
    code, out, _ = run(installation, "rotate", source_id, BANYAN_SOURCE_SECRET="whsec_another_one")
    assert (code, out) == (0, f"Source {source_id} has a new secret.\n")
    assert secret(source_id) == "whsec_another_one"
    assert run(installation, "revoke", source_id)[:2] == (
        0,
        f"Source {source_id} (stripe Web) is revoked.\n",
    )
    assert json.loads(run(installation, "list", "--json")[1])[0]["revoked"] != ""
    assert run(installation, "revoke", source_id) == (
        1,
        "",
        f"Source {source_id} was revoked already.\n",
    )
    verbs = [entry.verb for entry in entries() if entry.verb.startswith("source.")]
    assert sorted(verbs) == ["source.change_secret", "source.create", "source.revoke"]


def test_woocommerce_gets_a_secret_that_is_shown_once(installation: Installation) -> None:
    code, out, err = run(installation, "create", "woocommerce")
    assert code == 0
    [made] = re.findall(r"^Secret: (\S{43})$", out, flags=re.M)
    assert err == "Put it into the shop's webhook; it is not shown again.\n"
    assert made not in run(installation, "list")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("create", "stripe"), 2, "A stripe source needs the secret"),
        (("create", "paypal"), 2, "'paypal' is not one of"),
        (("create", "shopify", "--secret", "short"), 1, "has at least 8 characters"),
        (("create", "woocommerce", "--currency", "DOGE"), 1, "'DOGE' is no ISO 4217"),
        (("create", "woocommerce", "--option", "orders=all"), 1, "has no option 'orders'"),
        (("create", "woocommerce", "--option", "x"), 2, "is not NAME=VALUE"),
        (("revoke", "nope"), 1, "There is no source nope"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    installation: Installation, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    ended, out, err = run(installation, *arguments)
    assert (ended, out) == (code, "")
    assert sentence in err
    assert "Traceback" not in err
    assert models.Source.objects.count() == 0
