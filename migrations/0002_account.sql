-- The name of a session on its owner's page: the hash stays between cookie and row. Made by the database, so that an
-- instance of the version before can still sign people in while a new one starts.
alter table sessions add column id uuid not null default gen_random_uuid();
create unique index on sessions (id);

-- A wish to change the address, until the mail to the new one is answered: one for each account, and another account's wish
-- for the same address is nobody's business.
create table address_changes (
    account_id uuid primary key references accounts on delete cascade,
    hash bytea not null unique,
    email text not null,
    email_key text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

-- For the purges, each of which reads what is past its time and nothing else. last_seen_at stays out of every index: it
-- changes with each use, and a session cannot have been unused for longer than it exists.
create index on sessions (created_at);
create index on mail_links (expires_at);
create index on address_changes (expires_at);
create index on oauth_states (expires_at);
create index on jobs (finished_at) where finished_at is not null;
