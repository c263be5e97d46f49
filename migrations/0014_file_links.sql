-- Download links: each is good once, for ten minutes, as long as whoever asked for it may read the athlete's data.
create table file_links (
    id uuid primary key,
    -- SHA-256 of the token in the URL.
    hash bytea not null unique,
    -- Through which it was asked for.
    connector_id uuid not null references connectors on delete cascade,
    -- The link's token then: a new one ends it. Null of a sign-in, whose tokens change by themselves.
    token_hash bytea,
    -- Whose data it is, and by which grant if not by their own.
    account_id uuid not null references accounts on delete cascade,
    grant_id uuid references grants on delete cascade,
    connection_id uuid not null references connections on delete cascade,
    athlete_id text not null,
    -- The client's own name for itself.
    client text not null,
    -- What is downloaded and how the page calls it.
    sealed bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    -- While its file is on its way.
    running_until timestamptz
);
create index on file_links (expires_at);
create index on file_links (athlete_id) where running_until is not null;
create index on file_links (connector_id);
create index on file_links (account_id);
create index on file_links (grant_id);
create index on file_links (connection_id);
