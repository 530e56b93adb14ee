-- Every table, column, view and function has a comment that explains it, for readers with any tool.
BEGIN;
SELECT *
FROM no_plan();

-- schema_migrations belongs to the migrator; partitions are checked like other tables.
CREATE VIEW pg_temp.documented AS
SELECT relation.oid, relation.relname
FROM pg_class AS relation
WHERE relation.relnamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
    AND relation.relkind IN ('r', 'p', 'v', 'm')
    AND relation.relname <> 'schema_migrations';

SELECT cmp_ok(count(*), '>=', 14::bigint, 'there are tables to check')
FROM pg_temp.documented;

SELECT is_empty(
    $$
    SELECT relname
    FROM pg_temp.documented
    WHERE obj_description(oid, 'pg_class') IS NULL
    $$,
    'every table and view has a comment'
);

SELECT is_empty(
    $$
    SELECT documented.relname, attribute.attname
    FROM pg_temp.documented
    JOIN pg_attribute AS attribute
        ON attribute.attrelid = documented.oid
    WHERE attribute.attnum > 0
        AND NOT attribute.attisdropped
        AND col_description(documented.oid, attribute.attnum) IS NULL
    $$,
    'every column has a comment'
);

SELECT is_empty(
    $$
    SELECT routine.oid::regprocedure
    FROM pg_proc AS routine
    WHERE routine.pronamespace IN (to_regnamespace('connvo'), to_regnamespace('reporting'))
        AND obj_description(routine.oid, 'pg_proc') IS NULL
    $$,
    'every function has a comment'
);

SELECT isnt(obj_description('connvo'::regnamespace, 'pg_namespace'), NULL, 'the schema has a comment');

SELECT *
FROM finish();
ROLLBACK;
