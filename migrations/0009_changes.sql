-- What was changed through IcuSync, so that it can be listed and taken back. Day, sport and name of an entry are training data:
-- they are in sealed and nowhere else, and go with it.
create table changes (
    id uuid primary key,
    -- The call's row in the activity log. No reference: the log is purged by its own time.
    log_id uuid not null,
    account_id uuid not null references accounts on delete cascade,
    athlete_id text not null,
    -- What people and models call it, counted for each account.
    number integer not null,
    -- Null for the athlete; no reference, because a change outlives the coach.
    coach_id uuid,
    -- The coach's name at the time; null for the athlete.
    caller text,
    tool text not null,
    -- The tools of which a coach must have all to see it and take it back: its own, or those of what it took back.
    needs text[] not null,
    -- The changes that it takes back, which are marked as such as soon as it is known to have ended well.
    undoes uuid[] not null,
    state text not null check (state in ('sent', 'held', 'refused', 'undone', 'lost')),
    -- The entry at intervals.icu, as far as it is known; a restored entry has a new id, which its changes follow.
    event_id bigint,
    -- Ours, for a new entry.
    external_id text unique,
    -- Of what was asked for, which finds the same call again: HMAC-SHA-256, so that nobody who has only the table can guess it.
    fingerprint bytea,
    -- The entry before and after, sealed; null once it is erased.
    sealed bytea,
    created_at timestamptz not null,
    -- When it was sent last: later than created_at if the same call sent it again.
    sent_at timestamptz not null,
    ended_at timestamptz,
    kept_until timestamptz not null,
    unique (account_id, number)
);
create index on changes (account_id, fingerprint) where fingerprint is not null;
create index on changes (account_id, event_id) where event_id is not null;
create index on changes (account_id, log_id);
create index on changes (account_id) where state = 'sent';
create index on changes (kept_until) where sealed is not null;
create index on changes (created_at);
create index on changes (coach_id) where coach_id is not null;

-- The number of the account's last change.
alter table accounts add column last_change integer not null default 0;

-- One change at a time for an athlete, on every instance, by the clock of the database. A holder that ends without giving it
-- back loses it by itself.
create table write_leases (
    athlete_id text primary key,
    holder uuid not null,
    until timestamptz not null
);
create index on write_leases (until);

-- What a caller must repeat to confirm a preview.
create table confirmations (
    hash bytea primary key,
    link_id uuid not null references links on delete cascade,
    -- SHA-256 of the arguments and the athletes.
    what_hash bytea not null,
    -- What the preview was made from, as hashes.
    seen bytea not null,
    expires_at timestamptz not null
);
create index on confirmations (expires_at);
create index on confirmations (link_id);

-- Whether an athlete's own connector may change the calendar; null, which means no, until the athlete has answered.
alter table links add column may_write boolean;
-- What the athlete chose before leaving for intervals.icu; null without a choice.
alter table oauth_states add column may_write boolean;
