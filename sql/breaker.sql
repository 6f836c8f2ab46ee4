-- The breaker: too many bounces, complaints or failures pause a campaign, with the reason; a person resumes it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
CREATE ROLE regress_breaker_ann;
CREATE ROLE regress_breaker_worker;
CREATE ROLE regress_breaker_admin;
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
SELECT campaign.grant_access('regress_breaker_ann', 'member'), campaign.grant_access('regress_breaker_worker', 'worker'), campaign.grant_access('regress_breaker_admin', 'admin');
SELECT campaign.create_tenant('Acme', 'breaker-acme', 'UTC', 'regress_breaker_ann') AS acme \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE id = :'acme';
SELECT pg_temp.at_time('2030-01-10 12:00');
SET ROLE regress_breaker_ann;
SELECT campaign.create_campaign(:'acme', 'Mail', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS mail \gset
SELECT campaign.launch_campaign(:'mail');
RESET ROLE;
\o
-- counts n of something hours ago, and asks the breaker
CREATE FUNCTION pg_temp.count(campaign uuid, metric text, n bigint, ago interval DEFAULT '0') RETURNS text LANGUAGE sql AS $$
	SELECT campaign.count_touch_event(c.tenant_id, c.id, 1, NULL, $2, campaign.now() - ago, n) FROM campaign.campaigns c WHERE c.id = $1;
	SELECT campaign.check_breaker(c.tenant_id, c.id) FROM campaign.campaigns c WHERE c.id = $1 $$;
-- nothing was counted, and the campaign was never paused
CREATE FUNCTION pg_temp.start_again(campaign uuid) RETURNS text LANGUAGE sql AS $$
	DELETE FROM campaign.touch_count_deltas;
	DELETE FROM campaign.recent_counts;
	SELECT campaign.resume_campaign($1) WHERE EXISTS (SELECT FROM campaign.campaigns c WHERE c.id = $1 AND c.status = 'paused');
	UPDATE campaign.lanes SET resumed_at = '-infinity';
	SELECT c.status FROM campaign.campaigns c WHERE c.id = $1 $$;
CREATE FUNCTION pg_temp.status(campaign uuid) RETURNS text LANGUAGE sql AS $$ SELECT c.status FROM campaign.campaigns c WHERE c.id = $1 $$;

--
-- Hard bounces: more than 5 % of at least 100 messages
--
SELECT pg_temp.count(:'mail', 'bounced_hard', 99);
-- one short of a sample
SELECT pg_temp.count(:'mail', 'sent', 99);
SELECT pg_temp.start_again(:'mail');
-- exactly 5 % is not too many
SELECT pg_temp.count(:'mail', 'sent', 100), pg_temp.count(:'mail', 'bounced_hard', 5);
SELECT pg_temp.status(:'mail');
SELECT pg_temp.count(:'mail', 'bounced_hard', 1);
SELECT pg_temp.status(:'mail');
-- its lanes are paused like those of any paused campaign, and the log has the reason
SELECT paused FROM campaign.lanes WHERE campaign_id = :'mail';
SELECT from_state, to_state, reason FROM campaign.life_cycle_log WHERE entity_id = :'mail' ORDER BY id DESC LIMIT 1;
SELECT nullif(current_setting('campaign.transition_reason', true), '') AS left_behind;
-- it is paused once
SELECT pg_temp.count(:'mail', 'bounced_hard', 1);
-- soft bounces are no reason
SELECT pg_temp.start_again(:'mail');
SELECT pg_temp.count(:'mail', 'sent', 100), pg_temp.count(:'mail', 'bounced_soft', 100);

--
-- Complaints: more than 0.3 %
--
SELECT pg_temp.start_again(:'mail');
SELECT pg_temp.count(:'mail', 'sent', 1000), pg_temp.count(:'mail', 'complained', 3);
SELECT pg_temp.count(:'mail', 'complained', 1);
SELECT pg_temp.status(:'mail');

--
-- Failures: more than 20 % of at least 100 touches that were sent or failed
--
SELECT pg_temp.start_again(:'mail');
SELECT pg_temp.count(:'mail', 'failed', 99);
SELECT pg_temp.count(:'mail', 'skipped', 1000);
SELECT pg_temp.count(:'mail', 'failed', 1);
SELECT pg_temp.status(:'mail');
SELECT pg_temp.start_again(:'mail');
SELECT pg_temp.count(:'mail', 'sent', 400), pg_temp.count(:'mail', 'failed', 100);
SELECT pg_temp.count(:'mail', 'failed', 1);

--
-- The last 24 hours, whether folded or not
--
SELECT pg_temp.start_again(:'mail');
SELECT pg_temp.count(:'mail', 'sent', 10000, '24 hours 6 minutes'), pg_temp.count(:'mail', 'sent', 100, '23 hours 54 minutes'), pg_temp.count(:'mail', 'bounced_hard', 5, '23 hours 54 minutes');
SELECT campaign.fold_counts() > 0 AS folded;
-- what bounced yesterday is yesterday's, and what will have been sent is not sent
SELECT pg_temp.count(:'mail', 'bounced_hard', 100, '24 hours 6 minutes'), pg_temp.count(:'mail', 'sent', 1000, '-1 hour');
SELECT campaign.fold_counts() > 0 AS folded;
SELECT pg_temp.count(:'mail', 'bounced_hard', 1);

--
-- A person resumes it; from then on only what comes after counts
--
SET ROLE regress_breaker_ann;
SELECT campaign.resume_campaign(:'mail', reason => 'the list is clean now');
RESET ROLE;
SELECT resumed_at > campaign.now() - interval '1 minute' AS resumed_just_now FROM campaign.lanes WHERE campaign_id = :'mail';
SELECT campaign.check_breakers();
SELECT pg_temp.count(:'mail', 'bounced_hard', 50);
SELECT pg_temp.count(:'mail', 'sent', 100);
SELECT pg_temp.status(:'mail');

--
-- Reports ask it: after a touch that failed for good
--
SELECT pg_temp.start_again(:'mail');
SELECT pg_temp.count(:'mail', 'failed', 19), pg_temp.count(:'mail', 'sent', 79);
SET ROLE regress_breaker_ann;
INSERT INTO campaign.contacts (tenant_id, first_name, email) SELECT :'acme', 'c' || n, 'c' || n || '@x.example' FROM generate_series(1, 3) n;
SELECT (campaign.enroll(:'mail', id)).outcome FROM campaign.contacts ORDER BY first_name;
SET ROLE regress_breaker_worker;
SELECT string_agg(lease_token, ' ' ORDER BY address) AS tokens FROM campaign.claim_due_touches('worker 1') \gset
SELECT (campaign.fail_touch(split_part(:'tokens', ' ', 1), 'refused', true)).result;
SELECT campaign.begin_send(split_part(:'tokens', ' ', 3));
SELECT (campaign.fail_touch(split_part(:'tokens', ' ', 2), 'refused', true)).result;
-- 21 of 100: nothing more is begun, and what was begun is reported
SELECT (campaign.complete_touch(split_part(:'tokens', ' ', 3))).result;
SET ROLE regress_breaker_ann;
SELECT pg_temp.status(:'mail');
SELECT reason FROM campaign.life_cycle_log WHERE entity_id = :'mail' ORDER BY id DESC LIMIT 1;
RESET ROLE;

--
-- Maintenance asks for all; only campaigns that run are paused
--
SELECT pg_temp.start_again(:'mail') \g /dev/null
SELECT campaign.count_touch_event(:'acme', :'mail', 1, NULL, 'failed', campaign.now(), 100) \g /dev/null
SET ROLE regress_breaker_admin;
SELECT campaign.check_breakers();
SELECT campaign.check_breakers();
SET ROLE regress_breaker_ann;
SELECT campaign.check_breakers();
SELECT campaign.transition_campaign(:'mail', 'archived');
RESET ROLE;
SELECT pg_temp.count(:'mail', 'failed', 100);
SELECT pg_temp.count(campaign.uuid_v7(), 'failed', 100);
-- many rows that nobody has folded are folded by the check
SELECT campaign.create_campaign(:'acme', 'Second', '[{"channel": "email", "subject": "One", "body_text": "x"}]', 'contacts') AS second \gset
SELECT count(campaign.count_touch_event(:'acme', :'second', 1, NULL, 'sent', campaign.now())) FROM generate_series(1, 1001);
SELECT campaign.check_breaker(:'acme', :'second');
SELECT count(*) FROM campaign.touch_count_deltas WHERE campaign_id = :'second';
SELECT sent, unfolded FROM campaign.breaker_counts(:'acme', :'second');

RESET campaign.clock_offset;
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'breaker-acme');
SELECT campaign.revoke_access(r) FROM unnest('{regress_breaker_ann,regress_breaker_worker,regress_breaker_admin}'::name[]) r;
DELETE FROM campaign.workers;
\o
DROP ROLE regress_breaker_ann, regress_breaker_worker, regress_breaker_admin;
