-- What the database administrator does once: roles, access levels, tenants.
-- Names of people and addresses of messages are in the tenants' hands only.

CREATE ROLE platform LOGIN;
CREATE ROLE northside LOGIN;
CREATE ROLE brightwell LOGIN;
CREATE ROLE harbour LOGIN;
CREATE ROLE sender LOGIN;
CREATE ROLE writer LOGIN;

SELECT campaign.grant_access('platform', 'admin');
SELECT campaign.grant_access('northside', 'member');
SELECT campaign.grant_access('brightwell', 'member');
SELECT campaign.grant_access('harbour', 'member');
SELECT campaign.grant_access('sender', 'worker');
SELECT campaign.grant_access('writer', 'worker');

SET ROLE platform;
SELECT campaign.create_tenant('Northside Home Services', 'northside', 'America/Chicago', 'northside');
SELECT campaign.create_tenant('Brightwell Cleaning', 'brightwell', 'Europe/Berlin', 'brightwell');
SELECT campaign.create_tenant('Harbour Facility Care', 'harbour', 'Europe/London', 'harbour');
