-- An account has one or two ways in: an address with its password, and intervals.icu. An instance of the version before cannot
-- sign in an account without an address, and gives everyone else what it did.
alter table accounts alter column email drop not null;
alter table accounts alter column email_key drop not null;
alter table accounts alter column password_hash drop not null;
-- The athlete who signs in with intervals.icu. Not the connection: that can be ended, and be made again with an API key.
alter table accounts add column athlete_id text unique;
alter table accounts add constraint accounts_address check (num_nonnulls(email, email_key) in (0, 2));
alter table accounts add constraint accounts_password check (password_hash is null or email is not null);
alter table accounts add constraint accounts_way_in check (num_nonnulls(password_hash, athlete_id) > 0);

-- When the athlete last gave a consent at intervals.icu in this session: what stands for the password of an account without one.
alter table sessions add column proved_at timestamptz;

-- A consent can begin before anybody is signed in: then it is bound to the browser.
alter table oauth_states alter column session_hash drop not null;
alter table oauth_states add column browser_hash bytea;
alter table oauth_states add constraint oauth_states_bound check (num_nonnulls(session_hash, browser_hash) = 1);
-- Whether it connects the account, signs in, or makes intervals.icu a way into the account.
alter table oauth_states add column purpose text not null default 'connect'
    check (purpose in ('connect', 'sign_in', 'add_way'));
-- The page to go on to, by its word; null for the dashboard.
alter table oauth_states add column next text;

-- What the athlete shared before a consent that shares less, until it is shared again or the athlete leaves it at that.
alter table connections add column scopes_before text[];

-- A consent whose athlete is known but not yet whose account it is for: bound to the browser in which it was given. The token is
-- in the payload of a job that revokes it when the time is over.
create table consents (
    hash bytea primary key,
    athlete_id text not null,
    athlete_name text not null,
    scopes text[] not null,
    job_id uuid not null references jobs on delete cascade,
    -- The session that wanted to connect; null for somebody who wanted to sign in.
    session_hash bytea references sessions on delete cascade,
    -- The page to go on to, by its word; null for the dashboard.
    next text,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index on consents (job_id);
create index on consents (session_hash) where session_hash is not null;
create index on consents (expires_at);

alter table mail_links drop constraint mail_links_kind_check;
alter table mail_links add constraint mail_links_kind_check
    check (kind in ('confirm', 'reset', 'address', 'release', 'resend', 'regenerate', 'roster'));

-- For an instance of the version before 10, of which none runs any more.
drop view links;
