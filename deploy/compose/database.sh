#!/usr/bin/env bash
# Makes the login that migrates, and its database (docs/logins.md). The image of PostgreSQL runs it once, when its
# volume is empty; Tests/Container/run does so, too.
set -euo pipefail
export SECRETS=${SECRETS:-/run/secrets}

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
-- Read here, so that no list of processes has it.
\set password `cat "$SECRETS/connvo-deploy-password"`
-- A statement that fails or is logged would show the password.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
CREATE ROLE connvo_deploy LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE connvo OWNER connvo_deploy;
\connect connvo
REVOKE ALL ON DATABASE connvo FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
