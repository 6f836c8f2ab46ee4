-- The days of a warm-up, and what they come to beside a limit of the tenant's.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE FUNCTION pg_temp.at_time(at timestamptz) RETURNS void LANGUAGE sql
	AS $$ SELECT set_config('campaign.clock_offset', extract(epoch FROM at - clock_timestamp()) || ' seconds', false) $$;
\o /dev/null
CREATE ROLE regress_warmup_ann;
SELECT campaign.grant_access('regress_warmup_ann', 'member');
SELECT campaign.create_tenant('Acme', 'warmup-acme', 'UTC', 'regress_warmup_ann') AS acme \gset
SELECT pg_temp.at_time('2030-03-01 12:00');
SET ROLE regress_warmup_ann;
SELECT campaign.set_send_limit(:'acme', 'email', NULL), campaign.start_warmup(:'acme', 'email');
SELECT campaign.set_send_limit(:'acme', 'sms', NULL, 60), campaign.start_warmup(:'acme', 'sms');
RESET ROLE;
\o
-- sms is limited to 60 a day besides
CREATE FUNCTION pg_temp.days(VARIADIC days integer[]) RETURNS TABLE (day integer, email bigint, sms bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH day IN ARRAY days LOOP
		PERFORM pg_temp.at_time('2030-03-01 12:00'::timestamptz + (day - 1) * interval '1 day');
		SELECT max(u.remaining) FILTER (WHERE u.channel = 'email'), max(u.remaining) FILTER (WHERE u.channel = 'sms') INTO email, sms
		FROM campaign.send_limit_usage u JOIN campaign.tenants t ON t.id = u.tenant_id WHERE t.slug = 'warmup-acme';
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM pg_temp.days(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 29, 30, 31, 400);
\o /dev/null
SELECT campaign.delete_tenant(id, slug) FROM campaign.tenants WHERE slug = 'warmup-acme';
SELECT campaign.revoke_access('regress_warmup_ann');
DROP ROLE regress_warmup_ann;
\o
