#!/usr/bin/env bash
# Makes the logins of docs/logins.md that do not exist, and gives each the password of its file. Runs after each
# `migrate up`, as a superuser, in the database that PGDATABASE names.
set -euo pipefail
export SECRETS=${SECRETS:-/run/secrets}
PGPASSWORD=$(<"$SECRETS/postgres-password")
export PGPASSWORD

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
-- Read here, so that no list of processes has them.
\set server `cat "$SECRETS/connvo-server-password"`
\set cron `cat "$SECRETS/connvo-cron-password"`
\set seeder `cat "$SECRETS/connvo-seeder-password"`
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
BEGIN;
-- connvo_deploy stays a member of connvo_owner, which is enough for every later `migrate up`.
ALTER ROLE connvo_deploy NOCREATEROLE;
GRANT CONNECT ON DATABASE connvo TO connvo_owner, connvo_app, connvo_admin, connvo_reporter, connvo_maintainer;
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', login, role)
FROM (VALUES ('connvo_server', 'connvo_app'), ('connvo_cron', 'connvo_maintainer'), ('connvo_seeder', 'connvo_admin'))
    AS wanted (login, role)
WHERE to_regrole(login) IS NULL
\gexec
ALTER ROLE connvo_server PASSWORD :'server';
ALTER ROLE connvo_cron PASSWORD :'cron';
ALTER ROLE connvo_seeder PASSWORD :'seeder';
COMMIT;
SQL
