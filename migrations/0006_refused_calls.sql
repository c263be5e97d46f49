-- Calls that a row of the log stands for. What the rate limit refuses is one row a minute and link, everything else one a
-- call. Instances of the version before write rows without it.
alter table activity_log add column calls integer not null default 1 check (calls > 0);
