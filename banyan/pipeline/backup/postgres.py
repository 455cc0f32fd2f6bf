"""PostgreSQL: its own programs copy it, as it stood at one moment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import connection

from banyan.kernel.database import one_transaction
from banyan.kernel.errors import Problem
from banyan.pipeline.backup.positions import QUERY, Positions

# Everybody on the machine can read a password on a command line; one in the environment nobody.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}

_EMPTIED = """
SET lock_timeout = '30s';
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
    EXECUTE format('DROP TABLE %I CASCADE', one.tablename);
  END LOOP;
  FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
    EXECUTE 'DROP FUNCTION ' || one.name || ' CASCADE';
  END LOOP;
END $$;
"""


class NoProgram(Problem):
    """A program of PostgreSQL that is not installed."""


class Failed(Problem):
    """What a program of PostgreSQL said when it failed."""


def copy_to(file: Path) -> Positions:
    """Dump the database in pg_dump's custom form as it stands at one moment; where it stood.

    The positions are read in the very snapshot that pg_dump reads. Raises NoProgram, Failed.
    """
    program = _program("pg_dump")
    with one_transaction(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(QUERY)
        positions = Positions(*cursor.fetchone())
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()
        _run(
            [program, "--format=custom", "--no-owner", "--no-privileges",
             f"--snapshot={snapshot}", f"--file={file}"]
        )  # fmt: skip
    return positions


def load_from(file: Path) -> None:
    """Put the copy in the place of everything in the schema, in one transaction.

    Raises NoProgram, Failed; the database is then as it was.
    """
    read, write = _program("pg_restore"), _program("psql")
    script, before = file.with_name("restore.sql"), file.with_name("before.sql")
    before.write_text(_EMPTIED)
    # Through a file, not a pipe: psql would take a pipe that breaks off for the end, and commit.
    _run([read, "--no-owner", "--no-privileges", f"--file={script}", str(file)])
    _run(
        [write, "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
         "--output=/dev/null", f"--file={before}", f"--file={script}"]
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise NoProgram(
            f"{name} is not installed; backups of PostgreSQL are made with its own programs: "
            "apt-get install postgresql-client, in the server's version or a later one."
        )
    return path


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **_environment()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        raise Failed(f"{Path(command[0]).name}: {said[:1_000]}")


def _environment() -> Mapping[str, str]:
    parameters = connection.get_connection_params()
    return {
        variable: str(parameters[name])
        for name, variable in _VARIABLES.items()
        if parameters.get(name) not in (None, "")
    }
