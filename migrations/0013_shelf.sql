-- Groups of tools that are off until somebody switches them on. What is off is kept and not what is on, so every connector, every
-- answer that waits to be spent and every choice to be offered again has their words, also those of groups that come later.
alter table connectors alter column groups_off set default '{library,gear,fields,files,records}';
update connectors set groups_off = groups_off || '{library,gear,fields,files,records}';
update sign_in_requests set groups_off = groups_off || '{library,gear,fields,files,records}' where groups_off is not null;
update sign_in_choices set groups_off = groups_off || '{library,gear,fields,files,records}';
