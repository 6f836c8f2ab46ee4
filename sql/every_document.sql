-- Every document of 1 to 50 steps that the validator accepts is projected and runs to its end, or is refused for
-- the reasons that are documented: a text that its channel does not take (CP003 when the campaign is made), an
-- email with a body of its own and no subject (CP002 when it is launched).
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
\set SHOW_CONTEXT never
CREATE ROLE regress_ed_ann;
SELECT campaign.add_channel('x_ed_fax', 'Fax', 'phone', true, 500);
SELECT campaign.add_channel('x_ed_ping', 'Ping', 'email', body_limit => NULL);
SELECT campaign.create_tenant('Ann', 'ed-ann', 'UTC', 'regress_ed_ann') AS ann \gset
SELECT campaign.grant_access('regress_ed_ann', 'member');

--
-- Documents out of a number: the same ones for the same number, on every server
--
CREATE FUNCTION pg_temp.pick(seed text, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
	$$ SELECT (('x' || left(md5(seed), 8))::bit(32)::bigint % n)::integer $$;
CREATE FUNCTION pg_temp.text_of(seed text, most integer) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE pg_temp.pick(seed, 12)
		WHEN 0 THEN repeat('x', most) WHEN 1 THEN repeat('é', most) WHEN 2 THEN repeat('{', 1) || repeat('字', most - 1)
		WHEN 3 THEN '' WHEN 4 THEN 'Hi {{contact.first_name|there}}, {{link.review}}'
		WHEN 5 THEN 'x' ELSE 'How are you, {{ contact.name }}? {{tenant.name}} }}' END $$;
-- over: one character more than the channel takes
CREATE FUNCTION pg_temp.step_of(seed text, number integer, steps integer, over boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'channel', c.name,
		'step', CASE WHEN pg_temp.pick(split_part(seed, '.', 1) || 'n', 3) = 0 THEN number END,
		'label', CASE pg_temp.pick(seed || 'l', 6) WHEN 0 THEN repeat('é', 255) WHEN 1 THEN 'Step' END,
		'enabled', CASE pg_temp.pick(seed || 'e', 8) WHEN 0 THEN to_jsonb(false) WHEN 1 THEN to_jsonb(true) WHEN 2 THEN to_jsonb(false) END,
		'needs_pdf', CASE pg_temp.pick(seed || 'p', 4) WHEN 0 THEN true END,
		'variant_count', CASE WHEN pg_temp.pick(seed || 'v', 2) = 0 THEN 1 + pg_temp.pick(seed || 'w', 3) END,
		-- all of them end within 300 days
		'delay_hours', CASE WHEN t.kind < 3 THEN CASE WHEN steps = 1 THEN 8784 ELSE round(300 * 24.0 / steps * pg_temp.pick(seed || 'h', 1001) / 1000, t.kind * 3) END END,
		'day_offset', CASE WHEN t.kind = 3 THEN pg_temp.pick(seed || 'd', 300 / steps + 1) END,
		'use_service_delay', CASE WHEN number = 1 AND pg_temp.pick(seed || 's', 3) = 0 THEN to_jsonb(true) WHEN pg_temp.pick(seed || 's', 9) = 1 THEN to_jsonb(false) END,
		'condition', ('{always,no_response,opened_not_replied}'::text[])[1 + pg_temp.pick(seed || 'c', 8)],
		'on_failure', ('{advance,stop}'::text[])[1 + pg_temp.pick(seed || 'f', 5)],
		'max_lateness_hours', CASE WHEN l.late < 4 THEN ('[0.000001, 0.5, 24, 8784]'::jsonb) -> l.late END,
		'late', CASE WHEN l.late < 4 THEN ('{send,skip,reschedule}'::text[])[1 + pg_temp.pick(seed || 'm', 4)] END,
		'template_id', CASE WHEN pg_temp.pick(seed || 't', 6) = 0 THEN (SELECT upper(m.id::text) FROM campaign.message_templates m
			WHERE m.channel = replace(c.name, 'call_script', 'call') ORDER BY m.tenant_id DESC, m.name LIMIT 1) END,
		-- every fifth document may leave subjects out, or empty
		'subject', CASE WHEN h.has_subject AND split_part(seed, '.', 1)::integer % 5 = 3 AND pg_temp.pick(seed || 'u', 2) = 0 THEN substr('', 1, nullif(pg_temp.pick(seed || 'r', 2), 0))
			WHEN h.has_subject THEN CASE pg_temp.pick(seed || 'u', 5) WHEN 0 THEN repeat('é', 998) ELSE 'Hi {{contact.name|you}}' END
			WHEN over AND pg_temp.pick(seed || 'o', 2) = 0 THEN 'Hi' WHEN NOT over AND pg_temp.pick(seed || 'o', 9) = 0 THEN '' END,
		'body_text', CASE WHEN over AND h.body_limit < 100000 THEN repeat('x', h.body_limit + 1) WHEN b.kind IN (0, 1) AND h.has_body THEN pg_temp.text_of(seed || 'b', h.body_limit) END,
		'body_html', CASE WHEN b.kind IN (1, 2) AND h.has_body THEN pg_temp.text_of(seed || 'i', h.body_limit) WHEN over AND NOT h.has_body THEN 'x' END,
		'attachments', CASE WHEN pg_temp.pick(seed || 'a', 5) = 0 THEN (SELECT jsonb_agg(upper(md5(seed || n)::uuid::text)) FROM generate_series(1, 10) n) END,
		'config', CASE WHEN pg_temp.pick(seed || 'g', 3) = 0 THEN jsonb_build_object('tone', 'friendly', 'language', 'de', 'max_length', 100000) END))
	FROM (SELECT ('{email,email,sms,linkedin_connect,linkedin_message,call,call_script,x_ed_fax,x_ed_ping}'::text[])[1 + pg_temp.pick(seed || 'channel', 9)]) c(name)
		JOIN campaign.channels h ON h.channel = replace(c.name, 'call_script', 'call'),
		(SELECT pg_temp.pick(seed || 'delay', 5)) t(kind), (SELECT pg_temp.pick(seed || 'late', 12)) l(late), (SELECT pg_temp.pick(seed || 'body', 6)) b(kind)
	$$;
CREATE FUNCTION pg_temp.document_of(seed integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN d.document @> '[{}]' AND NOT EXISTS (SELECT FROM jsonb_array_elements(d.document) s WHERE s -> 'enabled' IS DISTINCT FROM 'false')
		THEN d.document #- '{0,enabled}' ELSE d.document END
	FROM (SELECT jsonb_agg(pg_temp.step_of(seed || '.' || n, n, k.steps, seed % 8 = 7 AND n = k.steps) ORDER BY n) AS document
		FROM (SELECT CASE seed % 10 WHEN 0 THEN 50 WHEN 1 THEN 1 ELSE 1 + pg_temp.pick(seed || 'steps', 9) END) k(steps), generate_series(1, k.steps) n) d
	$$;

-- What is to come of a document, and what comes of it.
CREATE FUNCTION pg_temp.expected(document jsonb) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN bool_or(s.has_subject AND NOT h.has_subject OR s.longest > coalesce(h.body_limit, 0)) THEN 'refused by the channel'
		WHEN bool_or(s.enabled AND h.has_subject AND s.longest > 0 AND NOT s.has_subject) THEN 'refused without a subject' ELSE 'ran to its end' END
	FROM jsonb_array_elements(document) e,
		LATERAL (SELECT replace(e ->> 'channel', 'call_script', 'call') AS channel, e -> 'enabled' IS DISTINCT FROM 'false' AS enabled, coalesce(e ->> 'subject', '') <> '' AS has_subject,
			greatest(length(e ->> 'body_text'), length(e ->> 'body_html'), 0) AS longest) s
		JOIN campaign.channels h USING (channel) $$;
CREATE FUNCTION pg_temp.outcome(tenant uuid, contact uuid, name text, document jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	made uuid := campaign.create_campaign(tenant, name, document, 'contacts');
	touches bigint;
	events record;
BEGIN
	-- the plan is the enabled steps, with their channels and delays
	SELECT count(*) FILTER (WHERE (t.touch_number, t.channel, t.delay, t.variant_count, coalesce(t.body, '') || coalesce(t.body_html, ''), cardinality(t.attachments))
			IS NOT DISTINCT FROM (d.touch, d.channel, d.delay, d.variants, d.texts, d.attachments)) INTO touches
	FROM (SELECT * FROM campaign.campaign_touches c WHERE c.campaign_id = made) t FULL JOIN (
		SELECT row_number() OVER (ORDER BY n) AS touch, n AS step, replace(s ->> 'channel', 'call_script', 'call') AS channel,
			make_interval(secs => coalesce((s ->> 'delay_hours')::float8 * 3600, (s ->> 'day_offset')::float8 * 86400, 0)) AS delay,
			coalesce((s ->> 'variant_count')::int, 1) AS variants, coalesce(s ->> 'body_text', '') || coalesce(s ->> 'body_html', '') AS texts,
			coalesce(jsonb_array_length(s -> 'attachments'), 0) AS attachments
		FROM jsonb_array_elements(document) WITH ORDINALITY e(s, n) WHERE s -> 'enabled' IS DISTINCT FROM 'false') d ON d.step = t.step
	HAVING count(*) = count(t.step) AND count(*) = count(d.step);
	IF touches IS DISTINCT FROM (SELECT count(*) FROM campaign.campaign_touches t WHERE t.campaign_id = made) THEN
		RETURN 'projected wrongly';
	END IF;
	IF campaign.launch_campaign(made) <> 'running' THEN
		RETURN 'not launched';
	END IF;
	SELECT count(*) FILTER (WHERE e.event = 'enrolled') AS enrolled, count(DISTINCT e.touch_number) FILTER (WHERE e.event IN ('sent', 'skipped')) AS done,
		count(*) FILTER (WHERE e.event IN ('sent', 'skipped')) AS times, count(*) FILTER (WHERE e.event = 'completed') AS completed,
		count(*) FILTER (WHERE e.event NOT IN ('enrolled', 'sent', 'skipped', 'deferred', 'completed')) AS other
	INTO events FROM campaign.simulate(document, ARRAY[contact], 400, tenant) e;
	IF events = (1::bigint, touches, touches, 1::bigint, 0::bigint) THEN
		RETURN 'ran to its end';
	END IF;
	RETURN format('ran otherwise: %s of %s touches', events, touches);
EXCEPTION WHEN SQLSTATE 'CP002' THEN
	RETURN CASE WHEN SQLERRM LIKE 'step % has no subject' THEN 'refused without a subject' ELSE SQLERRM END;
END
$$;
CREATE FUNCTION pg_temp.result(tenant uuid, contact uuid, name text, document jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	RETURN pg_temp.outcome(tenant, contact, name, document);
EXCEPTION WHEN SQLSTATE 'CP003' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN CASE WHEN detail ~ '(must have at most .* characters on channel|is not possible, since channel)' THEN 'refused by the channel' ELSE detail END;
END
$$;

SET ROLE regress_ed_ann;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00', link_base_url = 'https://go.example' WHERE id = :'ann';
SELECT count(campaign.set_send_limit(:'ann', channel, 1000, 10000, 100000, '0')) FROM campaign.channels;
INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body, is_default)
SELECT :'ann', channel, 'Default', CASE WHEN has_subject THEN 'Hi' END, 'Hi', true FROM campaign.channels WHERE has_body;
INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, linkedin_url)
VALUES (:'ann', 'Zoe', 'zoe@example.com', '+12125550100', 'https://www.linkedin.com/in/zoe') RETURNING id AS zoe \gset
SELECT campaign.set_consent(:'zoe', 'sms', 'opted_in');

CREATE TEMPORARY TABLE documents AS SELECT n, pg_temp.document_of(n) AS document FROM generate_series(1, 60) n;
-- They are valid, and of every kind.
SELECT count(*) AS documents, count(*) FILTER (WHERE EXISTS (SELECT FROM campaign.template_config_errors(document))) AS invalid,
	min(jsonb_array_length(document)) AS shortest, max(jsonb_array_length(document)) AS longest, count(DISTINCT document) AS different FROM documents;
SELECT s ->> 'channel' AS channel, count(*) > 5 AS steps, count(*) FILTER (WHERE s -> 'enabled' = 'false') > 0 AS disabled, count(DISTINCT s -> 'variant_count') AS variants,
	count(DISTINCT s -> 'condition') AS conditions, count(*) FILTER (WHERE length(s ->> 'body_text') = h.body_limit) > 0 AS on_the_limit, count(s -> 'template_id') > 0 AS templates
FROM documents, jsonb_array_elements(document) s JOIN campaign.channels h ON h.channel = replace(s ->> 'channel', 'call_script', 'call') GROUP BY 1, h.body_limit ORDER BY 1;
-- What comes of them is what is to come.
CREATE TEMPORARY TABLE results AS
	SELECT d.n, jsonb_array_length(d.document) AS steps, pg_temp.expected(d.document) AS expected, pg_temp.result(:'ann', :'zoe', 'Document ' || d.n, d.document) AS result FROM documents d;
SELECT expected, count(*) AS documents, max(steps) AS longest, count(*) FILTER (WHERE result IS DISTINCT FROM expected) AS otherwise FROM results GROUP BY 1 ORDER BY 1;
SELECT n, expected, result FROM results WHERE result IS DISTINCT FROM expected ORDER BY n LIMIT 5;

-- No document differs from its normal form; between two of them as many steps come and go as the lengths say.
SELECT count(*) FROM documents d, campaign.diff_template_config(d.document, campaign.normalize_template_config(d.document));
SELECT count(*) AS pairs, count(*) FILTER (WHERE jsonb_array_length(a.document) - x.removed + x.added <> jsonb_array_length(b.document)) AS otherwise
FROM documents a JOIN documents b ON b.n = a.n % 60 + 1, LATERAL (SELECT count(*) FILTER (WHERE change = 'added') AS added,
	count(*) FILTER (WHERE change = 'removed') AS removed FROM campaign.diff_template_config(a.document, b.document)) x;
RESET ROLE;

DROP TABLE documents, results;
SELECT campaign.delete_tenant(:'ann', 'ed-ann');
SELECT campaign.remove_channel('x_ed_fax'), campaign.remove_channel('x_ed_ping');
SELECT campaign.revoke_access('regress_ed_ann');
DROP ROLE regress_ed_ann;
