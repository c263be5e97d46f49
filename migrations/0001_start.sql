-- What this installation is. A demo marks its database, so that `serve` and `demo` can never open each other's.
create table installation (
    only_row boolean primary key default true check (only_row),
    kind text not null check (kind in ('real', 'demo')),
    created_at timestamptz not null
);

-- A row exists only once the address is confirmed: until then the wish stands in mail_links.
create table accounts (
    id uuid primary key,
    -- As the person typed it: mail goes here.
    email text not null,
    -- Lower-cased, domain as punycode: lookup and uniqueness.
    email_key text not null unique,
    password_hash text not null,
    created_at timestamptz not null
);

create table sessions (
    hash bytea primary key,
    account_id uuid not null references accounts on delete cascade,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    user_agent text not null
);
create index on sessions (account_id);

-- One-time links that stand in mails. Only the hash is stored.
create table mail_links (
    hash bytea primary key,
    kind text not null check (kind in ('confirm', 'reset')),
    email text not null,
    email_key text not null,
    account_id uuid references accounts on delete cascade,
    -- The password chosen at sign-up, set only by the person who opens this very mail.
    password_hash text,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
-- Only the newest mail of a kind works, also when two are asked for at once.
create unique index on mail_links (email_key, kind);
create index on mail_links (account_id);

create table connections (
    id uuid primary key,
    account_id uuid not null unique references accounts on delete cascade,
    athlete_id text not null,
    athlete_name text not null,
    kind text not null check (kind in ('oauth', 'api_key')),
    status text not null check (status in ('connected', 'reconnect', 'disconnected')),
    token_sealed bytea,
    scopes text[] not null,
    -- Raised by every change made through this connection: part of the read cache's key on every instance.
    write_number bigint not null default 0,
    zone text,
    zone_source text check (zone_source in ('settings', 'activity', 'athlete')),
    imperial boolean not null default false,
    weight_in_lb boolean not null default false,
    fahrenheit boolean not null default false,
    thresholds_on date,
    created_at timestamptz not null,
    refreshed_at timestamptz,
    last_success_at timestamptz,
    marked_at timestamptz,
    check ((status = 'disconnected') = (token_sealed is null))
);
-- One athlete belongs to one account at a time.
create unique index connections_athlete on connections (athlete_id) where status <> 'disconnected';
create index on connections (marked_at) where marked_at is not null;

create table links (
    id uuid primary key,
    account_id uuid not null unique references accounts on delete cascade,
    token_hash bytea not null unique,
    -- Shown on the dashboard again and again, so a sealed copy stands beside the hash.
    token_sealed bytea not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    last_client text
);

-- State of a running OAuth connect: single use, bound to the session that began it.
create table oauth_states (
    hash bytea primary key,
    session_hash bytea not null references sessions on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

-- The queue: mails and upstream revokes, written in the transaction that they announce.
create table jobs (
    id uuid primary key,
    kind text not null check (kind in ('mail', 'revoke')),
    -- Which mail, or what is revoked.
    name text not null,
    account_id uuid,
    -- SHA-256 of the address key, for the caps on mails per address.
    recipient bytea,
    -- Sealed; erased once done or given up.
    payload bytea,
    state text not null check (state in ('pending', 'done', 'failed')),
    attempts integer not null default 0,
    created_at timestamptz not null,
    run_at timestamptz not null,
    locked_until timestamptz,
    finished_at timestamptz,
    -- Our own word for the last failure, never the other side's text.
    failure text,
    check ((state = 'pending') = (payload is not null))
);
create index on jobs (run_at) where state = 'pending';
create index on jobs (recipient, created_at);
create index on jobs (account_id, created_at);

create table activity_log (
    id uuid primary key,
    at timestamptz not null,
    account_id uuid not null references accounts on delete cascade,
    athlete_id text not null,
    -- Null: the athlete. Otherwise the name under which the caller was known then.
    caller text,
    client text not null,
    tool text not null,
    access text not null check (access in ('read', 'write')),
    outcome text not null,
    duration_ms integer not null,
    upstream_requests integer not null
);
-- Pages of the log go by id, which rises with time.
create index on activity_log (account_id, id desc);
create index on activity_log (at);
