-- 0007 left these for instances of the previous version, which no longer run: the view of changes of address, and the passwords
-- chosen at sign-up. The last of those was deleted with its link, a day after the upgrade.
drop view address_changes;
alter table mail_links drop column password_hash;
