-- 0015: the index of e-mail addresses that follows the locale goes.
-- Why: 0014 has made the one that takes its place.
-- Lock: SHARE UPDATE EXCLUSIVE on users, after sessions that use the index have ended; readers and writers go on.
-- connvo: no-transaction

DROP INDEX CONCURRENTLY IF EXISTS connvo.users_email_key;
