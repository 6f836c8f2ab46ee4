-- Defects of generation that were found by reading and trying it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
CREATE ROLE regress_oldgen_ann;
CREATE FUNCTION pg_temp.plain(t text) RETURNS text LANGUAGE sql
	AS $$ SELECT regexp_replace(t, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<id>', 'g') $$;
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text; d text; h text; answer text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
	RETURN pg_temp.plain(concat_ws(E'\n', SQLSTATE || ': ' || m, 'DETAIL: ' || nullif(d, ''), 'HINT: ' || nullif(h, '')));
END $$;
\o /dev/null
SELECT campaign.grant_access('regress_oldgen_ann', 'member');
SELECT campaign.create_tenant('Acme', 'oldgen-acme', 'UTC', 'regress_oldgen_ann') AS acme \gset
INSERT INTO campaign.contacts (tenant_id, id, first_name, email, phone)
SELECT :'acme', ('00000000-0000-7000-8000-0000000000' || i)::uuid, n, lower(n) || '@x.example', '+4930000000' || i
FROM (VALUES ('01', 'Abe'), ('02', 'Bea'), ('03', 'Cid'), ('04', 'Dan'), ('05', 'Eli'), ('06', 'Fay'), ('07', 'Gus')) v(i, n);
-- nothing is required of contacts
INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage, required) VALUES (:'acme', 'contact', 'person', false);
\o
CREATE FUNCTION pg_temp.contact(name text) RETURNS uuid LANGUAGE sql
	AS $$ SELECT c.id FROM campaign.contacts c JOIN campaign.tenants t ON t.id = c.tenant_id WHERE t.slug = 'oldgen-acme' AND c.first_name = $1 $$;
CREATE FUNCTION pg_temp.campaign(name text) RETURNS uuid LANGUAGE sql
	AS $$ SELECT c.id FROM campaign.campaigns c JOIN campaign.tenants t ON t.id = c.tenant_id WHERE t.slug = 'oldgen-acme' AND c.name = $1 $$;
CREATE FUNCTION pg_temp.make(name text, steps jsonb, VARIADIC contacts text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	new_id uuid := campaign.create_campaign((SELECT id FROM campaign.tenants WHERE slug = 'oldgen-acme'), name, steps, 'assigned');
BEGIN
	PERFORM campaign.assign_contacts(new_id, ARRAY(SELECT pg_temp.contact(n) FROM unnest(contacts) n));
	RETURN campaign.transition_campaign(new_id, 'ready');
END $$;
CREATE FUNCTION pg_temp.start(name text, regenerate boolean DEFAULT false) RETURNS text LANGUAGE sql
	AS $$ SELECT pg_temp.try(format('SELECT campaign.start_generation(%L, regenerate => %L) IS NOT NULL', pg_temp.campaign($1), $2)) $$;
CREATE TEMP TABLE tokens (campaign text, contact text, token text, PRIMARY KEY (campaign, contact));
CREATE FUNCTION pg_temp.claim(name text, most integer DEFAULT 10) RETURNS text LANGUAGE sql AS $$
	WITH c AS MATERIALIZED (SELECT g.lease_token, g.contact ->> 'first_name' AS who FROM campaign.claim_generation('w', $2, pg_temp.campaign($1)) g),
		t AS (INSERT INTO tokens SELECT $1, c.who, c.lease_token FROM c ON CONFLICT ON CONSTRAINT tokens_pkey DO UPDATE SET token = excluded.token)
	SELECT coalesce(string_agg(c.who, ', ' ORDER BY c.who), 'nobody') FROM c $$;
CREATE FUNCTION pg_temp.token(campaign text, contact text) RETURNS text LANGUAGE sql VOLATILE
	AS $$ SELECT t.token FROM tokens t WHERE t.campaign = $1 AND t.contact = $2 $$;
-- one message for each step and variant that the claim asks for
CREATE FUNCTION pg_temp.generate(name text, regenerate boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	item record;
BEGIN
	PERFORM campaign.start_generation(pg_temp.campaign(name), regenerate => regenerate);
	FOR item IN SELECT * FROM campaign.claim_generation('w', 100, pg_temp.campaign(name)) LOOP
		PERFORM campaign.save_generated(item.lease_token,
			(SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('touch_number', s -> 'touch_number', 'variant', v, 'body', s ->> 'label',
				'subject', CASE WHEN (s -> 'limits' ->> 'has_subject')::boolean THEN s ->> 'label' END)))
			   FROM jsonb_array_elements(item.steps) s, jsonb_array_elements_text(s -> 'variants') v));
	END LOOP;
	RETURN (SELECT c.status FROM campaign.campaigns c WHERE c.id = pg_temp.campaign(name));
END $$;
CREATE FUNCTION pg_temp.approve(name text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT r.result, ', ') FROM campaign.review_messages(ARRAY(SELECT m.id FROM campaign.messages m
		WHERE m.campaign_id = pg_temp.campaign($1) AND m.status = 'draft'), 'approve') r $$;

--
-- What the steps do not ask for any more is neither counted nor sent: the campaign had three variants and a call
--
SELECT pg_temp.make('Fewer', '[{"channel": "email", "label": "Old", "variant_count": 3}, {"channel": "call", "label": "Call"}]', 'Abe', 'Bea');
SELECT pg_temp.generate('Fewer'), pg_temp.approve('Fewer'), campaign.transition_campaign(pg_temp.campaign('Fewer'), 'ready');
SELECT campaign.revise_campaign(pg_temp.campaign('Fewer'), '[{"channel": "email", "label": "New", "variant_count": 2}]');
SELECT pg_temp.generate('Fewer', regenerate => true), pg_temp.approve('Fewer');
SELECT m.touch_number AS touch, m.variant, m.body, m.status, m.approved_at IS NOT NULL AS approved, m.review_notes, count(*) AS contacts
FROM campaign.messages m WHERE m.campaign_id = pg_temp.campaign('Fewer') GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2;
SELECT total, approved, rejected, draft FROM campaign.review_summary(pg_temp.campaign('Fewer'));

--
-- A failed contact who waits in the job is not reserved for a second time
--
SELECT pg_temp.make('Twice', '[{"channel": "email"}]', 'Abe', 'Bea'), pg_temp.start('Twice'), pg_temp.claim('Twice');
SELECT contact, campaign.fail_generation(token, 'no') FROM tokens WHERE campaign = 'Twice' ORDER BY contact;
INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd, message_price_usd) VALUES (:'acme', 'hard', 3, 1);
SELECT pg_temp.start('Twice');
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', pg_temp.campaign('Twice')));
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L, ARRAY[%L]::uuid[])', pg_temp.campaign('Twice'), pg_temp.contact('Bea')));
-- one that has failed again is tried again, beside the one that waits
SELECT pg_temp.claim('Twice', 1), campaign.fail_generation(pg_temp.token('Twice', 'Abe'), 'no');
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', pg_temp.campaign('Twice')));
SELECT j.reserved_usd AS job, (SELECT sum(i.reserved_usd) FROM campaign.generation_items i WHERE i.job_id = j.id AND i.outcome IS NULL) AS items, s.reserved_usd AS budget
FROM campaign.generation_jobs j JOIN campaign.generation_budget_status s ON s.tenant_id = j.tenant_id WHERE j.campaign_id = pg_temp.campaign('Twice') AND j.status = 'running';
SELECT campaign.cancel_generation(pg_temp.campaign('Twice'));
DELETE FROM campaign.generation_budgets WHERE tenant_id = :'acme';

--
-- A claim finds who waits behind those that ran out of attempts
--
SELECT pg_temp.make('Worn', '[{"channel": "email"}]', 'Abe', 'Bea', 'Cid', 'Dan', 'Eli');
UPDATE campaign.outreach_campaigns SET max_attempts = 1 WHERE campaign_id = pg_temp.campaign('Worn');
SELECT pg_temp.start('Worn'), pg_temp.claim('Worn', 4);
UPDATE campaign.generation_items SET lease_until = '-infinity' WHERE campaign_id = pg_temp.campaign('Worn');
SELECT pg_temp.claim('Worn', 2);
SELECT failed, held, waiting FROM campaign.generation_progress(pg_temp.campaign('Worn'));
SELECT campaign.cancel_generation(pg_temp.campaign('Worn'));

--
-- A lease that nobody was given is none: neither before a claim, nor after it was given back, nor of an excluded contact
--
SELECT pg_temp.make('Forged', '[{"channel": "email"}]', 'Abe', 'Bea', 'Cid');
SELECT campaign.start_generation(pg_temp.campaign('Forged')) AS job \gset
SELECT pg_temp.claim('Forged', 1), campaign.release_generation(pg_temp.token('Forged', 'Abe'));
SELECT * FROM campaign.exclude_contacts(pg_temp.campaign('Forged'), ARRAY[pg_temp.contact('Cid')]);
SELECT n AS contact, pg_temp.try(format('SELECT campaign.save_generated(%L, %L, %L)', campaign.lease_token(:'acme', :'job', pg_temp.contact(n), 0),
	'[{"touch_number": 1, "subject": "s", "body": "b"}]', '[{"model": "m", "usd": 1}]')) FROM unnest('{Abe,Bea,Cid}'::text[]) n ORDER BY n;
SELECT pg_temp.try(format('SELECT campaign.extend_generation(%L, %L)', campaign.lease_token(:'acme', :'job', pg_temp.contact('Bea'), 0), '1 hour'));
SELECT pg_temp.try(format('SELECT campaign.release_generation(%L)', campaign.lease_token(:'acme', :'job', pg_temp.contact('Bea'), 0)));
SELECT generated, waiting, spent_usd FROM campaign.generation_progress(pg_temp.campaign('Forged'));
SELECT campaign.cancel_generation(pg_temp.campaign('Forged'));

--
-- A job may cost more than a million
--
INSERT INTO campaign.generation_budgets (tenant_id, message_price_usd) VALUES (:'acme', 1000);
SELECT pg_temp.make('Dear', (SELECT jsonb_agg('{"channel": "email", "variant_count": 3}'::jsonb) FROM generate_series(1, 50)), 'Abe', 'Bea', 'Cid', 'Dan', 'Eli', 'Fay', 'Gus');
SELECT messages, usd FROM campaign.estimate_generation(pg_temp.campaign('Dear')) WHERE touch_number IS NULL;
SELECT pg_temp.start('Dear');
SELECT j.reserved_usd AS job, p.reserved_usd AS progress, s.reserved_usd AS budget
FROM campaign.generation_jobs j JOIN campaign.generation_budget_status s ON s.tenant_id = j.tenant_id, campaign.generation_progress(j.campaign_id) p
WHERE j.campaign_id = pg_temp.campaign('Dear');
SELECT campaign.cancel_generation(pg_temp.campaign('Dear'));
DELETE FROM campaign.generation_budgets WHERE tenant_id = :'acme';

--
-- A budget is an amount of money
--
SET ROLE regress_oldgen_ann;
SELECT amount, pg_temp.try(format('INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) VALUES (%L, %L, %L) RETURNING mode', :'acme', 'hard', amount))
FROM unnest('{NaN,-1}'::text[]) WITH ORDINALITY a(amount, n) ORDER BY n;
SELECT pg_temp.try(format('INSERT INTO campaign.generation_budgets (tenant_id, message_price_usd) VALUES (%L, %L)', :'acme', 'NaN'));
SELECT count(*) FROM campaign.generation_budgets;
RESET ROLE;

--
-- Progress does not count what an earlier generation has written
--
SELECT pg_temp.make('Anew', '[{"channel": "email", "label": "Email"}]', 'Abe', 'Bea', 'Cid');
SELECT pg_temp.generate('Anew'), campaign.transition_campaign(pg_temp.campaign('Anew'), 'ready'), pg_temp.start('Anew', regenerate => true);
SELECT total, generated, waiting, percent, by_channel FROM campaign.generation_progress(pg_temp.campaign('Anew'));
SELECT pg_temp.claim('Anew', 2), campaign.save_generated(pg_temp.token('Anew', 'Abe'), '[{"touch_number": 1, "subject": "s", "body": "b"}]');
SELECT total, generated, held, waiting, percent, by_channel FROM campaign.generation_progress(pg_temp.campaign('Anew'));
-- who fails keeps the message that he has
SELECT campaign.fail_generation(pg_temp.token('Anew', 'Bea'), 'no');
SELECT total, generated, failed, waiting, percent, by_channel FROM campaign.generation_progress(pg_temp.campaign('Anew'));
SELECT campaign.cancel_generation(pg_temp.campaign('Anew'));

--
-- Nothing is written for archived contacts, be it at first or again
--
SELECT pg_temp.make('Gone', '[{"channel": "email"}]', 'Fay', 'Gus');
SELECT pg_temp.start('Gone'), pg_temp.claim('Gone');
SELECT contact, campaign.fail_generation(token, 'no') FROM tokens WHERE campaign = 'Gone' ORDER BY contact;
SELECT campaign.archive_contact(pg_temp.contact('Gus')) \g /dev/null
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', pg_temp.campaign('Gone')));
SELECT total FROM campaign.generation_progress(pg_temp.campaign('Gone'));
SELECT campaign.cancel_generation(pg_temp.campaign('Gone'));
SELECT pg_temp.start('Gone'), pg_temp.claim('Gone');
SELECT campaign.cancel_generation(pg_temp.campaign('Gone'));
SELECT campaign.archive_contact(pg_temp.contact('Fay')) \g /dev/null
SELECT pg_temp.start('Gone');
SELECT pg_temp.try(format('SELECT campaign.retry_generation(%L)', pg_temp.campaign('Gone')));

--
-- The steps are read once for a contact, not once for each of his messages
--
SELECT pg_temp.make('Long', (SELECT jsonb_agg('{"channel": "email", "label": "Email", "variant_count": 3}'::jsonb) FROM generate_series(1, 5)), 'Abe');
SELECT pg_temp.start('Long'), pg_temp.claim('Long');
BEGIN;
SET LOCAL track_functions = 'pl';
SELECT campaign.save_generated(pg_temp.token('Long', 'Abe'), (SELECT jsonb_agg(jsonb_build_object('touch_number', n, 'variant', v, 'subject', 's', 'body', 'b'))
	FROM generate_series(1, 5) n, unnest('{a,b,c}'::text[]) v));
SELECT pg_stat_get_xact_function_calls('campaign.generation_steps'::regproc) AS reads, (SELECT count(*) FROM campaign.messages WHERE campaign_id = pg_temp.campaign('Long')) AS messages;
COMMIT;

--
-- A job that cannot be ended, because of somebody's own trigger, is in nobody's way
--
SELECT pg_temp.make('Stuck', '[{"channel": "email"}]', 'Abe'), pg_temp.make('Free', '[{"channel": "email"}]', 'Bea');
SELECT pg_temp.start('Stuck'), pg_temp.start('Free');
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE OF status ON campaign.campaigns FOR EACH ROW WHEN (OLD.name = 'Stuck') EXECUTE FUNCTION pg_temp.refuse();
SELECT * FROM campaign.exclude_contacts(pg_temp.campaign('Stuck'), ARRAY[pg_temp.contact('Abe')]);
-- the warning names the campaign by its id
SET client_min_messages = error;
SELECT pg_temp.try($$ SELECT contact ->> 'first_name' FROM campaign.claim_generation('w') $$);
SET client_min_messages = warning;
SELECT c.name, c.status FROM campaign.campaigns c WHERE c.id IN (pg_temp.campaign('Stuck'), pg_temp.campaign('Free')) ORDER BY 1;
DROP TRIGGER refuse ON campaign.campaigns;
-- it is tried again
SELECT pg_temp.claim('Stuck');
SELECT c.status FROM campaign.campaigns c WHERE c.id = pg_temp.campaign('Stuck');
SELECT campaign.cancel_generation(pg_temp.campaign('Free'));

--
-- Costs are of a step, and steps count from 1
--
SELECT pg_temp.make('Costs', '[{"channel": "email"}]', 'Abe'), pg_temp.start('Costs'), pg_temp.claim('Costs');
SELECT touch, pg_temp.try(format('SELECT campaign.fail_generation(%L, %L, %L)', pg_temp.token('Costs', 'Abe'), 'no',
	jsonb_build_array(jsonb_build_object('model', 'm', 'usd', 1, 'touch_number', touch::jsonb))))
FROM unnest(E'{0,0.0,-1,51,1.5,"\\"1\\""}'::text[]) WITH ORDINALITY t(touch, n) ORDER BY n;
SELECT campaign.fail_generation(pg_temp.token('Costs', 'Abe'), 'no', '[{"model": "m", "usd": 1, "touch_number": null}, {"model": "m", "usd": 1, "touch_number": 50}]');

--
-- Afterwards
--
\o /dev/null
SELECT campaign.delete_tenant(:'acme', 'oldgen-acme');
SELECT campaign.revoke_access('regress_oldgen_ann');
\o
DROP ROLE regress_oldgen_ann;
