-- 0017: the times that are there already are ones that a file can hold, too.
-- Why: 0016 has constraints of new rows. Where an older row breaks one, the error names the constraint: correct the row,
--   and run it again.
-- Lock: SHARE UPDATE EXCLUSIVE on subscriptions, meetings and meeting_participants while their rows are read; readers
--   and writers go on.

ALTER TABLE connvo.subscriptions VALIDATE CONSTRAINT subscriptions_times_writable;
ALTER TABLE connvo.meetings VALIDATE CONSTRAINT meetings_times_writable;
ALTER TABLE connvo.meeting_participants VALIDATE CONSTRAINT meeting_participants_times_writable;
