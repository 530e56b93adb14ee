-- Every function of ours has no finding: plpgsql_check reads PL/pgSQL bodies, parsing reads SQL ones, and each trigger
-- function is read once for every table it is a trigger of.
BEGIN;
SELECT *
FROM no_plan();

-- Compiled for one major version: servers of scripts/install-postgres have none.
SELECT count(*) > 0 AS has_check
FROM pg_available_extensions
WHERE name = 'plpgsql_check' \gset
\if :has_check
CREATE EXTENSION plpgsql_check;
\endif

CREATE TEMPORARY VIEW routine AS
SELECT routine.oid, routine.oid::regprocedure::text AS signature, language.lanname AS language,
    routine.prorettype = 'trigger'::regtype AS is_trigger
FROM pg_proc AS routine
JOIN pg_language AS language
    ON language.oid = routine.prolang
WHERE routine.pronamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
    AND routine.prokind = 'f';

-- What is checked: the function, and for a trigger function each table that has it, partitions included, with the names
-- of its transition tables.
CREATE TEMPORARY VIEW subject AS
SELECT routine.oid, routine.signature, 0::regclass AS relation, NULL::name AS old_table, NULL::name AS new_table
FROM routine
WHERE routine.language = 'plpgsql'
    AND NOT routine.is_trigger
UNION
SELECT routine.oid, routine.signature, trigger.tgrelid::regclass, trigger.tgoldtable, trigger.tgnewtable
FROM routine
JOIN pg_trigger AS trigger
    ON trigger.tgfoid = routine.oid
WHERE routine.language = 'plpgsql'
    AND routine.is_trigger;

SELECT cmp_ok(count(*), '>=', 15::bigint, 'there are functions to check')
FROM subject;

\if :has_check
SELECT is(finding.text, NULL, subject.signature || ' for ' || subject.relation || ' is sound')
FROM subject
LEFT JOIN LATERAL (
    SELECT string_agg(concat_ws(' ', found.level, found.lineno, found.message, found.detail), E'\n') AS text
    FROM plpgsql_check_function_tb(
        subject.oid, subject.relation, security_warnings => true,
        oldtable => subject.old_table, newtable => subject.new_table
    ) AS found
) AS finding
    ON true
ORDER BY subject.signature, subject.relation::text;
\else
SELECT skip('this server has no plpgsql_check', 1);
\endif

SELECT is_empty(
    $$
    SELECT signature
    FROM routine
    WHERE is_trigger
        AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgfoid = routine.oid)
    $$,
    'every trigger function is a trigger of something'
);
SELECT is_empty(
    $$ SELECT signature FROM routine WHERE language NOT IN ('plpgsql', 'sql') $$,
    'and there is no function in another language, which no check covers'
);

-- PostgreSQL parses the body of an SQL function when it is created, but not again when a table changes under it.
SELECT lives_ok(pg_get_functiondef(oid), signature || ' still parses')
FROM routine
WHERE language = 'sql';

SELECT *
FROM finish();
ROLLBACK;
