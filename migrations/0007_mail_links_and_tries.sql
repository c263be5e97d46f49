-- Each mailed link works until one of its kind is spent or its time is over, so several may live for one address. An instance
-- of the version before, which names this index, cannot ask for a mail any more; whatever was mailed works on both.
drop index mail_links_email_key_kind_idx;
create index on mail_links (email_key, kind);

-- A change of address is a mail link like the others. What is open goes on; the view is for an instance of the version before
-- that still runs, and goes with the next migration.
alter table mail_links drop constraint mail_links_kind_check;
alter table mail_links add constraint mail_links_kind_check
    check (kind in ('confirm', 'reset', 'address', 'resend', 'regenerate', 'roster'));
insert into mail_links (hash, kind, email, email_key, account_id, created_at, expires_at)
    select hash, 'address', email, email_key, account_id, created_at, expires_at from address_changes;
drop table address_changes;
create view address_changes as
    select account_id, hash, email, email_key, created_at, expires_at from mail_links where kind = 'address';

-- A reference is looked up only where there is one, and whether an address has an account is nobody's business to time. The
-- account's end takes its links along.
alter table mail_links drop constraint mail_links_account_id_fkey;

-- Nothing writes mail_links.password_hash any more: the password is chosen behind the link. An instance of the version before
-- still reads it, so the column goes with the next migration; the hashes in it go with their links, within a day.

-- SHA-256 of the address key without its +tag: what is asked for by typing an address counts for the mailbox. For an address
-- without a tag that is the hash that stands there already. One with a tag starts at none: within the first hour it may get
-- its share once more.
alter table jobs add column mailbox_hash bytea;
update jobs set mailbox_hash = recipient where kind = 'mail';
create index on jobs (mailbox_hash, created_at);

-- Wrong passwords, and mails to strangers, of the last hour: a row for each and whatever it counts for. What a subject is
-- (an address and a network, a session …) stands only as a SHA-256.
create table tries (
    id uuid not null,
    subject_hash bytea not null,
    at timestamptz not null,
    -- Whether it is still being hashed, so that it may turn out right.
    hashed boolean not null,
    primary key (id, subject_hash)
);
create index on tries (subject_hash, at);
create index on tries (at);
