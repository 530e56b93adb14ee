-- 0019: records are found by their time.
-- Why: a control of one day read a whole month.
-- Lock: SHARE on issued_tokens and token_refusals: readers go on, and issuance waits while the index of the current month
--   is built, about 0.1 s for a million records. 0018 has built those of the months that are over. Where the current month
--   holds more than ten million, build its index first, by hand, and this file attaches it:
--     CREATE INDEX CONCURRENTLY ON connvo.issued_tokens_YYYY_MM USING brin (issued_at);
--     CREATE INDEX CONCURRENTLY ON connvo.token_refusals_YYYY_MM USING brin (refused_at);
--
-- squawk-ignore-file require-concurrent-index-creation

-- Partitions that are made later get theirs with the other indexes (connvo.create_partition).
CREATE INDEX issued_tokens_issued_at_idx
    ON connvo.issued_tokens USING brin (issued_at);
CREATE INDEX token_refusals_refused_at_idx
    ON connvo.token_refusals USING brin (refused_at);
