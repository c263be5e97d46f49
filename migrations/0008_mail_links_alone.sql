-- What 0007 left for an instance of the version before, which no longer runs: the changes of address as a table of their own,
-- and the passwords chosen at sign-up. The last of those went with its link long ago.
drop view address_changes;
alter table mail_links drop column password_hash;
