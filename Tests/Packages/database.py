"""The PostgreSQL that PGHOST names, as docs/logins.md sets one up."""

import re
import subprocess

import machine


def sql(text, database="connvo"):
    command = ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "--dbname", database]
    return subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=60).stdout.strip()


def dump():
    """Everything that the database holds."""
    text = subprocess.run(["pg_dump", "connvo"], check=True, capture_output=True, timeout=60).stdout
    roles = sql("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles")
    # Newer ones have a key in it that is another one each time.
    return re.sub(rb"^\\(un)?restrict .*$", b"", text, flags=re.M), roles


def login(name):
    return f"postgresql://{name}@/connvo?host={machine.DATABASE}"


def prepare_database():
    """docs/logins.md, "From nothing"."""
    sql("CREATE ROLE connvo_deploy LOGIN CREATEROLE", "postgres")
    sql("CREATE DATABASE connvo OWNER connvo_deploy", "postgres")
    sql("REVOKE ALL ON DATABASE connvo FROM PUBLIC; REVOKE CREATE ON SCHEMA public FROM PUBLIC")


LOGINS = """
    ALTER ROLE connvo_deploy NOCREATEROLE;
    GRANT CONNECT ON DATABASE connvo TO connvo_owner, connvo_app, connvo_admin, connvo_reporter, connvo_maintainer;
    CREATE ROLE connvo_server LOGIN IN ROLE connvo_app;
    CREATE ROLE connvo_cron LOGIN IN ROLE connvo_maintainer;
    CREATE ROLE connvo_seeder LOGIN IN ROLE connvo_admin;
"""
