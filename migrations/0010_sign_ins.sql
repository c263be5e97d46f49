-- A connector is what a person adds in a client: a link, or, from here on, a sign-in over OAuth. Both have an owner, groups, a
-- switch for writing and a selection, so both are rows of one table. An account and a coach have one link and any number of
-- sign-ins.
alter table links rename to connectors;
alter table connectors add column is_sign_in boolean not null default false;
-- Of a sign-in: when a call first came through it.
alter table connectors add column first_used_at timestamptz;
-- A link that its owner switched off has no token; a sign-in's tokens have a table of their own.
alter table connectors alter column token_hash drop not null;
alter table connectors alter column token_sealed drop not null;
alter table connectors add constraint connectors_token check (num_nonnulls(token_hash, token_sealed) in (0, 2));
alter table connectors add constraint connectors_sign_in check (not (is_sign_in and token_hash is not null));
alter table connectors drop constraint links_account_id_key;
alter table connectors drop constraint links_coach_id_key;
create unique index connectors_link_of_account on connectors (account_id) where not is_sign_in;
create unique index connectors_link_of_coach on connectors (coach_id) where not is_sign_in;
create index on connectors (account_id) where is_sign_in;
create index on connectors (coach_id) where is_sign_in;
alter table confirmations rename column link_id to connector_id;

-- For an instance of the version before that still runs, and goes with the next migration. Previews fail there until it ends.
create view links as
    select id, account_id, token_hash, token_sealed, created_at, last_used_at, last_client, groups_off, coach_id,
        selected_grant_id, selected_at, may_write
    from connectors where not is_sign_in;

-- Clients that registered (RFC 7591), and the last good copy of metadata documents.
create table oauth_clients (
    id uuid primary key,
    -- What the client sends: the id as text for a registration, the document's URL otherwise.
    client_id text not null unique,
    is_document boolean not null,
    -- As the client calls itself, cleaned; may be empty.
    name text not null,
    redirect_uris text[] not null,
    -- How it said that it would authenticate itself at the token endpoint.
    auth_method text not null,
    secret_hash bytea,
    -- For the same registration again within ten minutes, then erased.
    secret_sealed bytea,
    -- SHA-256 of the registration and of the network that it came from.
    registration_hash bytea,
    -- The registration as it was understood, which its answer repeats.
    registration jsonb,
    created_at timestamptz not null,
    -- When the document was fetched last.
    fetched_at timestamptz,
    -- When somebody last began to sign in with it.
    last_used_at timestamptz
);
create index on oauth_clients (registration_hash, created_at) where registration_hash is not null;
create index on oauth_clients (created_at);
create index on oauth_clients (created_at) where secret_sealed is not null;

-- A sign-in that a person agreed to: what is not in the row of its connector.
create table sign_ins (
    connector_id uuid primary key references connectors on delete cascade,
    client_id text not null,
    client_name text not null,
    -- The host that vouches for the client: of its metadata document. Null for one that registered itself.
    client_host text,
    -- Where the code went: a host, or the scheme of an app on the person's device.
    redirect_host text not null,
    -- The words of the scope that tokens are answered with.
    scope text not null,
    -- However often it is used.
    ends_at timestamptz not null
);
create index on sign_ins (client_id);
create index on sign_ins (ends_at);

create table access_tokens (
    hash bytea primary key,
    connector_id uuid not null references sign_ins on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index on access_tokens (connector_id);
create index on access_tokens (expires_at);

-- Each is good for one refresh. The newest one's age tells how long a sign-in was not used.
create table refresh_tokens (
    id uuid primary key,
    hash bytea not null unique,
    connector_id uuid not null references sign_ins on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    -- The tokens that its use gave: given again to whoever asks at the same time, then erased.
    answer_sealed bytea
);
create index on refresh_tokens (connector_id);
create index on refresh_tokens (expires_at);
create index on refresh_tokens (used_at) where answer_sealed is not null;

-- Every token of a connector that is in use.
create view connector_tokens as
    select token_hash as hash, id as connector_id, 'infinity'::timestamptz as expires_at
    from connectors where token_hash is not null
    union all
    select hash, connector_id, expires_at from access_tokens;

-- From the moment when a client sends a person here until its code is spent: what was asked for, who answered, and the code.
create table sign_in_requests (
    -- Stands in URLs.
    id uuid primary key,
    -- Of the cookie of the browser that began it: nobody else can see or finish it.
    browser_hash bytea not null,
    network_hash bytea not null,
    client_id text not null,
    client_name text not null,
    client_host text,
    redirect_uri text not null,
    -- The client's, sent back with every answer.
    client_state text,
    code_challenge text not null,
    scope text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- When a browser first opened its page: some clients ask for it themselves first.
    opened_at timestamptz,
    -- The coach who typed the mailed code.
    coach_id uuid references coaches on delete cascade,
    -- Who agreed, to what.
    agreed_account_id uuid references accounts on delete cascade,
    agreed_coach_id uuid references coaches on delete cascade,
    groups_off text[],
    may_write boolean,
    code_hash bytea unique,
    -- For a second press of the button, until the code expires or is spent.
    code_sealed bytea,
    code_expires_at timestamptz,
    code_used_at timestamptz,
    -- What the code was spent for; ended if the code comes again.
    connector_id uuid references connectors on delete set null,
    check (num_nonnulls(agreed_account_id, agreed_coach_id) = case when code_hash is null then 0 else 1 end)
);
create index on sign_in_requests (network_hash, expires_at);
create index on sign_in_requests (browser_hash);
create index on sign_in_requests (expires_at);
create index on sign_in_requests (client_id);
create index on sign_in_requests (coach_id) where coach_id is not null;
create index on sign_in_requests (agreed_account_id) where agreed_account_id is not null;
create index on sign_in_requests (agreed_coach_id) where agreed_coach_id is not null;
create index on sign_in_requests (connector_id) where connector_id is not null;

-- Codes mailed to coaches. A row stands for every address that was typed, so that none can be told from another.
create table sign_in_codes (
    id uuid primary key,
    request_id uuid not null references sign_in_requests on delete cascade,
    email text not null,
    -- Null for an address without a grant.
    coach_id uuid references coaches on delete cascade,
    -- HMAC-SHA-256: there are few enough codes to try them all on a plain hash.
    code_hash bytea not null,
    tries integer not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index on sign_in_codes (request_id);
create index on sign_in_codes (expires_at);
create index on sign_in_codes (coach_id) where coach_id is not null;

-- What a person chose last for a client, offered again at the next sign-in. Also tells whether a client is new.
create table sign_in_choices (
    account_id uuid references accounts on delete cascade,
    coach_id uuid references coaches on delete cascade,
    -- A document's URL, or the name and the redirect's host of a registered client.
    client text not null,
    groups_off text[] not null,
    may_write boolean not null,
    chosen_at timestamptz not null,
    check (num_nonnulls(account_id, coach_id) = 1),
    unique nulls not distinct (account_id, coach_id, client)
);
create index on sign_in_choices (coach_id) where coach_id is not null;
create index on sign_in_choices (chosen_at);

-- Who signed in, and who was refused and why.
create table sign_in_log (
    id uuid primary key,
    at timestamptz not null,
    account_id uuid references accounts on delete cascade,
    coach_id uuid references coaches on delete cascade,
    -- Null for the dashboard.
    client text,
    outcome text not null,
    -- Such as 203.0.113.0/24 and Firefox on Windows.
    network text not null,
    browser text not null,
    -- What had not been seen in the rows before: client, network, browser.
    news text[] not null,
    check (num_nonnulls(account_id, coach_id) = 1)
);
create index on sign_in_log (account_id, id desc) where account_id is not null;
create index on sign_in_log (coach_id, id desc) where coach_id is not null;
create index on sign_in_log (at);

-- The sign-in to go back to when connecting intervals.icu, confirming an address or choosing a new password is done.
alter table oauth_states add column request_id uuid references sign_in_requests on delete set null;
create index on oauth_states (request_id) where request_id is not null;
alter table mail_links add column request_id uuid references sign_in_requests on delete set null;
create index on mail_links (request_id) where request_id is not null;
