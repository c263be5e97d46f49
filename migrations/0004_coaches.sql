-- A coach is an address: no account, no password. The row stands as long as somebody grants something, or the coach said
-- something that must be remembered, and some time beyond, so that the URL outlives a pause.
create table coaches (
    id uuid primary key,
    -- As the first athlete typed it: mail goes here, never to what a later one types.
    email text not null,
    -- Lower-cased, domain as punycode: lookup and uniqueness.
    email_key text not null unique,
    created_at timestamptz not null,
    -- Since when the coach takes no invites from anybody.
    refuses_all_at timestamptz
);
create index on coaches (created_at);

-- A link belongs to an account or to a coach: one table, so that one query, the same for all, tells whose a token is.
alter table links alter column account_id drop not null;
alter table links add column coach_id uuid unique references coaches on delete cascade;
alter table links add constraint links_one_owner check (num_nonnulls(account_id, coach_id) = 1);

-- What a coach may do for one athlete. An invite is a grant that was never used.
create table grants (
    id uuid primary key,
    coach_id uuid not null references coaches on delete cascade,
    -- The athlete's.
    account_id uuid not null references accounts on delete cascade,
    -- Names of tools. A tool that ships later is in no row, so it is off.
    tools text[] not null,
    -- What the athlete wrote to the coach; may be empty.
    note text not null,
    -- Raised by every edit: a form that was drawn from an older row is told so.
    version integer not null default 1,
    created_at timestamptz not null,
    -- When the athlete last invited or resent: from here on an invite that nobody uses falls asleep.
    invited_at timestamptz not null,
    expires_at timestamptz,
    first_used_at timestamptz,
    last_used_at timestamptz,
    last_client text,
    -- When the athlete was told that the invite sleeps, and when the coach that the grant has expired.
    asleep_told_at timestamptz,
    expired_told_at timestamptz,
    unique (coach_id, account_id)
);
create index on grants (account_id);
create index on grants (invited_at) where first_used_at is null;
create index on grants (expires_at) where expires_at is not null;

-- The athlete that a coach's connector selected last; a selection ends with its grant.
alter table links add column selected_grant_id uuid references grants on delete set null;
alter table links add column selected_at timestamptz;
create index on links (selected_grant_id) where selected_grant_id is not null;

-- Clients that used a coach's URL on an athlete's data, by the name without its version: the athlete is mailed once for each.
create table grant_clients (
    grant_id uuid not null references grants on delete cascade,
    client text not null,
    first_used_at timestamptz not null,
    primary key (grant_id, client)
);

-- Whose invites a coach refuses.
create table refusals (
    coach_id uuid not null references coaches on delete cascade,
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null,
    primary key (coach_id, account_id)
);
create index on refusals (account_id);

-- A coach's short visit to the own roster page, begun by the button that a mail's link leads to.
create table coach_sessions (
    hash bytea primary key,
    coach_id uuid not null references coaches on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index on coach_sessions (coach_id);
create index on coach_sessions (expires_at);

alter table mail_links drop constraint mail_links_kind_check;
alter table mail_links add constraint mail_links_kind_check
    check (kind in ('confirm', 'reset', 'resend', 'regenerate', 'roster'));

-- Which coach called: what stands in caller can be made anonymous when the coach's address is erased. No reference: the log
-- outlives the coach.
alter table activity_log add column coach_id uuid;
create index on activity_log (coach_id) where coach_id is not null;

-- SHA-256 of whom a mail tells of, when that is somebody else: the hourly share is counted for each, so that what one person
-- does never holds back the news of another.
alter table jobs add column about_hash bytea;

-- Invites that an account sent since invites_since, for the daily limit: a number, so that an invite that was withdrawn
-- counts too.
alter table accounts add column invites integer not null default 0;
alter table accounts add column invites_since timestamptz;
