-- Groups of tools that the athlete's own connector does not offer. What is off is kept and not what is on, so that a
-- group that comes with a later version is on.
alter table links add column groups_off text[] not null default '{}';
