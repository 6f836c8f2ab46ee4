-- PUBLIC gets nothing, not even EXECUTE; campaign.grant_access() hands out levels.
REVOKE ALL ON ALL ROUTINES IN SCHEMA campaign FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA campaign FROM PUBLIC;
