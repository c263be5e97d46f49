-- An account can also be entered by an identity of the outside provider or by a passkey, which have tables of their own. That one
-- way in is left is checked where one is taken off, with the account locked.
alter table accounts drop constraint accounts_way_in;
-- Since when the address is confirmed (null: since the account began), and the address before: a lost factor is recovered at
-- both while the new one is young.
alter table accounts add column address_since timestamptz;
alter table accounts add column address_before text;
create index on accounts (address_since) where address_before is not null;

-- Who may come in, by which way: the text of the file that was applied. The newest row counts.
create table policies (
    version bigint generated always as identity primary key,
    text text not null,
    applied_at timestamptz not null
);

-- A person as the outside identity provider knows them (OpenID Connect Core section 2: iss and sub), bound to an account or a coach.
create table identities (
    id uuid primary key,
    issuer text not null,
    subject text not null,
    account_id uuid references accounts on delete cascade,
    coach_id uuid references coaches on delete cascade,
    -- The verified address by which it was bound. A later one changes nothing.
    email text not null,
    -- The later one of which its owner was told last, so that one address is one email.
    other_email text,
    -- Of the claims that the policy names: each with its values. A claim that the provider does not send has none.
    claims jsonb not null,
    -- What the provider gave to be asked again with.
    tokens_sealed bytea,
    -- When the provider last said so; null if it must be asked before the next call.
    claims_at timestamptz,
    -- When the provider refused to say it again: the person has to sign in there.
    refused_at timestamptz,
    -- Somebody asks the provider now: nobody else does until then.
    asking_until timestamptz,
    -- When the provider last gave no answer: it is not asked again at once.
    away_at timestamptz,
    -- The provider's own name for its session (sid) at the last sign-in, by which a logout that names nobody finds the identity.
    provider_session text,
    -- The account has a second factor that was not shown since this was bound: until then the provider's own counts for nothing.
    factor_due boolean not null default false,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    check (num_nonnulls(account_id, coach_id) = 1)
);
create unique index identities_as_athlete on identities (issuer, subject) where account_id is not null;
create unique index identities_as_coach on identities (issuer, subject) where coach_id is not null;
create unique index identities_of_account on identities (account_id, issuer) where account_id is not null;
create unique index identities_of_coach on identities (coach_id, issuer) where coach_id is not null;

-- From the button that leads to the provider until its answer: bound to the browser, single use.
create table provider_states (
    -- Of the state.
    hash bytea primary key,
    browser_hash bytea not null,
    -- athlete, coach, add, prove
    purpose text not null,
    -- The session that adds the identity or proves who is there.
    session_hash bytea references sessions on delete cascade,
    -- The nonce and the PKCE verifier. A key that goes is a sign-in to begin again.
    sealed bytea not null,
    next text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    id uuid not null unique
);
create index on provider_states (expires_at);
create index on provider_states (session_hash) where session_hash is not null;

-- An identity that came back and may not be bound by its address alone: until somebody proves in the same browser, by a mailed code
-- or the password, that the account or the coach's address is theirs.
create table identity_offers (
    id uuid primary key,
    -- Of the cookie of the browser.
    hash bytea not null unique,
    account_id uuid references accounts on delete cascade,
    coach_id uuid references coaches on delete cascade,
    -- As in identities: the provider ends what waits when it says that somebody signed out.
    issuer text not null,
    subject text not null,
    provider_session text,
    -- The identity with its claims and tokens.
    sealed bytea not null,
    -- HMAC-SHA-256 of the mailed code: there are few enough codes to try them all on a plain hash.
    code_hash bytea,
    tries integer not null default 0,
    mailed_at timestamptz,
    next text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    check (num_nonnulls(account_id, coach_id) = 1)
);
create index on identity_offers (expires_at);
create index on identity_offers (issuer, subject);
create index on identity_offers (account_id) where account_id is not null;
create index on identity_offers (coach_id) where coach_id is not null;

-- How somebody came in, what factor was asked for, and when one was last shown. Null for sessions from before.
alter table sessions add column way text;
alter table sessions add column factor text;
alter table sessions add column factor_at timestamptz;
alter table sessions add column identity_id uuid references identities on delete cascade;
-- The provider's own name for its session (sid), by which it ends ours.
alter table sessions add column provider_session text;
create index on sessions (identity_id) where identity_id is not null;
alter table coach_sessions add column identity_id uuid references identities on delete cascade;
alter table coach_sessions add column provider_session text;
create index on coach_sessions (identity_id) where identity_id is not null;
-- The identity by which a coach signs in for a client.
alter table sign_in_requests add column identity_id uuid references identities on delete set null;
create index on sign_in_requests (identity_id) where identity_id is not null;

-- Passkeys (WebAuthn Level 3): public keys only.
create table passkeys (
    id uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    name text not null,
    credential_id bytea not null unique,
    -- Public key, counter and flags, as the library keeps them.
    credential jsonb not null,
    -- Whether it can sign in without an address, as the browser said. Null if it did not say.
    is_discoverable boolean,
    created_at timestamptz not null,
    last_used_at timestamptz
);
create index on passkeys (account_id);

-- One-time codes of an app (RFC 6238).
create table totp (
    id uuid primary key,
    account_id uuid not null unique references accounts on delete cascade,
    secret_sealed bytea not null,
    -- The session that began it and alone can confirm it.
    session_hash bytea not null,
    -- Null until a code has shown that the app has the secret.
    confirmed_at timestamptz,
    -- The step of the last code that was used: it and those before are spent.
    last_step bigint not null default 0,
    created_at timestamptz not null
);
create index on totp (created_at) where confirmed_at is null;

-- What stands in for a factor that is lost, once each.
create table recovery_codes (
    account_id uuid not null references accounts on delete cascade,
    hash bytea not null,
    primary key (account_id, hash)
);

-- Somebody who showed the first factor and still has to show the second: no session yet.
create table sign_in_steps (
    -- Of the cookie of the browser.
    hash bytea primary key,
    account_id uuid not null references accounts on delete cascade,
    way text not null,
    identity_id uuid references identities on delete cascade,
    provider_session text,
    -- Whether the way in also proved who is there, as a consent at intervals.icu does.
    is_proof boolean not null,
    -- Where to go on to: a path of ours.
    next_path text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index on sign_in_steps (account_id);
create index on sign_in_steps (expires_at);
create index on sign_in_steps (identity_id) where identity_id is not null;

-- Somebody lost every factor: 48 hours in which the owner can say no.
create table recoveries (
    account_id uuid primary key references accounts on delete cascade,
    begun_at timestamptz not null,
    ready_at timestamptz not null,
    -- When the link was mailed that ends it.
    mailed_at timestamptz
);
create index on recoveries (ready_at) where mailed_at is null;
create index on recoveries (mailed_at) where mailed_at is not null;

alter table mail_links drop constraint mail_links_kind_check;
alter table mail_links add constraint mail_links_kind_check
    check (kind in ('confirm', 'reset', 'address', 'release', 'resend', 'regenerate', 'roster', 'recover'));

-- What counts once: the challenge of a passkey, the jti of a logout token.
create table spent (
    hash bytea primary key,
    expires_at timestamptz not null
);
create index on spent (expires_at);

-- By which way, and with which factor. Null where neither has a meaning.
alter table sign_in_log add column way text;
alter table sign_in_log add column factor text;
