-- A grant belongs to the athlete who gave it, not to whoever is connected to the account: another athlete on the same account
-- leaves it asleep, and it wakes when its own athlete is connected again. An instance of the version before can read grants and
-- end them, but not invite, and still takes them for the account's: start no such instance beside one of this version for long.
alter table grants add column athlete_id text;
-- The athlete's name and zone as they were when another athlete took the place, so that nobody's mail or list speaks of that
-- other one. While the athlete is connected, the connection's row tells both.
alter table grants add column athlete_name text;
alter table grants add column athlete_zone text;
update grants g set athlete_id = c.athlete_id, athlete_name = c.athlete_name, athlete_zone = c.zone
    from connections c where c.account_id = g.account_id;
-- An invite takes a connection, and a connection's row outlives its end: there are none of these.
delete from grants where athlete_id is null;
alter table grants alter column athlete_id set not null;
alter table grants alter column athlete_name set not null;
alter table grants drop constraint grants_coach_id_account_id_key;
alter table grants add unique (coach_id, account_id, athlete_id);

-- Whom the coach knew when refusing an account, for the same reason.
alter table refusals add column athlete_name text;
update refusals r set athlete_name = c.athlete_name from connections c where c.account_id = r.account_id;
