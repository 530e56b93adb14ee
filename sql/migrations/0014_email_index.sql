-- 0014: an e-mail address is unique by a rule that no locale changes.
-- Why: lower() follows the database's locale: with tr-TR, INFO@ and info@ were two addresses. Of the 26 letters of ASCII
--   it is the same everywhere; other letters count as written (docs/seeding.md). If two users have one address by this
--   rule, the index cannot be built, and the error names the address: give one of them another, and run it again.
-- Lock: SHARE UPDATE EXCLUSIVE on users while the index is built; readers and writers go on.
-- connvo: no-transaction

CREATE UNIQUE INDEX CONCURRENTLY users_email_ascii_key
    ON connvo.users (lower(email COLLATE "C"));
