-- What the tests of tenants and of roles share: people, two tenants with a row in every table, a call of every
-- function, and a way to try something as somebody and take it back. To be read within a transaction of a superuser.

-- ann owns the first tenant, which is the one that is tried; viv is its viewer. eve owns the second one.
CREATE ROLE regress_tenancy_ann;
CREATE ROLE regress_tenancy_viv;
CREATE ROLE regress_tenancy_eve;
CREATE ROLE regress_tenancy_nobody;
CREATE ROLE regress_tenancy_worker;
CREATE ROLE regress_tenancy_app;
CREATE ROLE regress_tenancy_web NOINHERIT IN ROLE regress_tenancy_app;
CREATE ROLE regress_tenancy_sneak NOINHERIT IN ROLE regress_tenancy_app;
DO $$
BEGIN
	PERFORM campaign.grant_access(r, 'member')
	FROM unnest('{regress_tenancy_ann,regress_tenancy_viv,regress_tenancy_eve,regress_tenancy_nobody,regress_tenancy_app}'::name[]) r;
	PERFORM campaign.grant_access('regress_tenancy_worker', 'worker');
END
$$;

CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO PUBLIC;

-- ---- the first tenant: a row in every table. The second: rows of its own.

CREATE TABLE probe.ids (owner text, what text, value text, PRIMARY KEY (owner, what));

CREATE FUNCTION probe.fill(who text, tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	steps constant jsonb := '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}, {"channel": "call", "body_text": "Hi", "delay_hours": 24}]';
	company uuid; contact uuid; lone_contact uuid; template uuid; preset uuid; running uuid; other uuid; draft uuid; archived uuid; paused uuid;
	job uuid; open_job uuid; enrollment uuid; uncertain uuid; dead uuid; caller uuid; assigned uuid; written uuid; ready uuid; reviewed uuid; letter uuid; token text;
BEGIN
	INSERT INTO campaign.companies (tenant_id, name) VALUES (tenant, who) RETURNING id INTO company;
	INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, company_id) VALUES (tenant, 'Bob', who || '@x.example', '+12125550100', company) RETURNING id INTO contact;
	INSERT INTO campaign.contacts (tenant_id, first_name, email) VALUES (tenant, 'Lone', who || '-lone@x.example') RETURNING id INTO lone_contact;
	INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (tenant, 'Call', '+12125550101') RETURNING id INTO caller;
	PERFORM campaign.set_consent(contact, 'sms', 'opted_in');
	PERFORM campaign.suppress_address(tenant, who || '-gone@x.example');
	INSERT INTO campaign.service_types (tenant_id, service_type, name) VALUES (tenant, 'only_' || who, who);
	INSERT INTO campaign.blackout_dates (tenant_id, day, name) VALUES (tenant, '2000-01-01', who);
	INSERT INTO campaign.stop_rules (tenant_id, event, action) VALUES (tenant, 'delivered', 'none');
	UPDATE campaign.send_limits l SET per_hour = 1000 WHERE l.tenant_id = tenant AND l.channel = 'email';
	PERFORM campaign.start_warmup(tenant, 'sms');
	INSERT INTO campaign.message_templates (tenant_id, channel, name, subject, body) VALUES (tenant, 'email', who, 'Hi', 'Hi') RETURNING id INTO template;
	-- a copy of which there is a newer version
	preset := campaign.clone_campaign_template('00000000-0000-8000-8003-000000000001', who, tenant);
	UPDATE campaign.campaign_templates t SET copied_version = 0 WHERE t.id = preset;
	running := campaign.create_campaign(tenant, 'running', steps);
	other := campaign.create_campaign(tenant, 'other', steps, 'contacts');
	paused := campaign.create_campaign(tenant, 'paused', steps, 'contacts');
	draft := campaign.create_campaign(tenant, 'draft', steps);
	archived := campaign.create_campaign(tenant, 'archived', steps);
	PERFORM campaign.launch_campaign(c) FROM unnest(ARRAY[running, other, paused]) c;
	PERFORM campaign.pause_campaign(paused);
	PERFORM campaign.delete_campaign(archived);
	-- a touch that a worker holds
	job := campaign.create_job(contact, 'hvac', 'completed');
	SELECT enrollment_id INTO enrollment FROM campaign.job_enrollments WHERE job_id = job;
	-- a conflict
	PERFORM campaign.enroll(other, contact);
	open_job := campaign.create_job(contact, 'hvac');
	-- a touch that failed for good
	SELECT r.enrollment_id INTO dead FROM campaign.enroll(other, lone_contact) r;
	PERFORM campaign.fail_touch(c.lease_token, 'no such mailbox', true)
	FROM campaign.claim_due_touches('probe', tenants => ARRAY[tenant]) c WHERE c.enrollment_id = dead;
	PERFORM campaign.record_event('opened', enrollment => dead);
	-- some of the counts are in the totals, some are not yet
	PERFORM campaign.fold_tenant_counts(tenant, NULL);
	-- a call that nobody knows whether it was made
	uncertain := (campaign.enroll(other, caller)).enrollment_id;
	PERFORM campaign.claim_due_touches('probe', tenants => ARRAY[tenant]);
	PERFORM set_config('campaign.clock_offset', '2 days', true);
	PERFORM campaign.claim_due_touches('probe', tenants => ARRAY[tenant], begin_now => true);
	PERFORM set_config('campaign.clock_offset', '0', true);
	UPDATE campaign.touch_queue q SET lease_until = clock_timestamp() - interval '1 second' WHERE q.enrollment_id = uncertain;
	SELECT u.lease_token INTO token FROM campaign.uncertain_touches u WHERE u.enrollment_id = uncertain;
	-- contacts of a campaign, one of whom is in another one
	PERFORM campaign.tag_contacts(tenant, ARRAY[contact, lone_contact], '{batch}');
	PERFORM campaign.record_stage('contact', contact, 'person'), campaign.record_stage('company', company, 'l1');
	INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage) VALUES (tenant, 'contact', 'person');
	INSERT INTO campaign.contact_cooldowns (tenant_id, channel, cooldown) VALUES (tenant, 'email', '10 days');
	assigned := campaign.create_campaign(tenant, 'assigned', steps, 'assigned');
	PERFORM campaign.assign_contacts(assigned, filter => '{"tags": ["batch"]}');
	-- messages that were generated and judged, and more that are being generated
	INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) VALUES (tenant, 'hard', 10);
	written := campaign.create_campaign(tenant, 'written', steps, 'assigned');
	PERFORM campaign.assign_contacts(written, filter => '{"tags": ["batch"]}');
	PERFORM campaign.transition_campaign(written, 'ready');
	PERFORM campaign.start_generation(written);
	PERFORM campaign.save_generated(c.lease_token, '[{"touch_number": 1, "subject": "Hi", "body": "Hi"}]', '[{"model": "m", "usd": 0.01}]')
	FROM campaign.claim_generation('probe', campaign => written) c;
	INSERT INTO campaign.message_feedback (tenant_id, message_id, version, action, reason, at)
	SELECT tenant, m.id, 1, 'rejected', 'no', now() FROM campaign.messages m WHERE m.campaign_id = written;
	PERFORM campaign.transition_campaign(written, 'ready');
	PERFORM campaign.start_generation(written, include_unready => true);
	-- a campaign that waits for its messages, and one in review: a message of two versions, and a contact that failed
	ready := campaign.create_campaign(tenant, 'ready', steps, 'assigned');
	reviewed := campaign.create_campaign(tenant, 'reviewed', steps, 'assigned');
	PERFORM FROM unnest(ARRAY[ready, reviewed]) c, campaign.assign_contacts(c, filter => '{"tags": ["batch"]}');
	PERFORM campaign.transition_campaign(c, 'ready') FROM unnest(ARRAY[ready, reviewed]) c;
	PERFORM campaign.start_generation(reviewed, include_unready => true);
	PERFORM CASE c.contact ->> 'first_name' WHEN 'Bob' THEN campaign.save_generated(c.lease_token, '[{"touch_number": 1, "subject": "Hi", "body": "Hi"}]', '[]')
		ELSE campaign.fail_generation(c.lease_token, 'no idea') END
	FROM campaign.claim_generation('probe', 10, reviewed) c;
	SELECT m.id INTO letter FROM campaign.messages m WHERE m.campaign_id = reviewed;
	PERFORM campaign.edit_message(letter, 'generic', 'Hello');
	INSERT INTO probe.ids
	SELECT who, i.* FROM (VALUES
		('tenant', tenant::text), ('company', company::text), ('contact', contact::text), ('lone', lone_contact::text),
		('service', 'only_' || who), ('template', template::text), ('preset', preset::text), ('running', running::text),
		('other', other::text), ('paused', paused::text), ('draft', draft::text), ('archived', archived::text), ('job', job::text),
		('open_job', open_job::text), ('enrollment', enrollment::text), ('dead', dead::text), ('token', token), ('assigned', assigned::text), ('written', written::text), ('ready', ready::text), ('reviewed', reviewed::text), ('letter', letter::text),
		('message', (SELECT m.id::text FROM campaign.messages m WHERE m.campaign_id = written)),
		('address', who || '-gone@x.example'),
		('conflict', (SELECT x.id::text FROM campaign.enrollment_conflicts x WHERE x.tenant_id = tenant))) i(what, value);
END
$$;
DO $$
DECLARE
	ann uuid := campaign.create_tenant('Ann', 'regress-ann', 'UTC', 'regress_tenancy_ann');
	eve uuid := campaign.create_tenant('Eve', 'regress-eve', 'UTC', 'regress_tenancy_eve');
BEGIN
	-- at any hour
	UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
	INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
	PERFORM probe.fill('ann', ann);
	PERFORM probe.fill('eve', eve);
	PERFORM campaign.add_member(ann, 'regress_tenancy_viv', 'viewer');
	-- the same people as subjects of tokens
	PERFORM campaign.add_member(ann, 'user-ann', 'owner');
	PERFORM campaign.add_member(ann, 'user-viv', 'viewer');
	PERFORM campaign.add_member(eve, 'user-eve', 'owner');
END
$$;
-- Ids of nothing: what is true of the first tenant's must be true of these.
INSERT INTO probe.ids
SELECT 'none', what, CASE what
		WHEN 'service' THEN 'only_none'
		WHEN 'address' THEN 'none-gone@x.example'
		WHEN 'token' THEN campaign.touch_token(campaign.uuid_v7(), 1, now(), campaign.uuid_v7(), 2::smallint, 1::smallint, 42)
		ELSE campaign.uuid_v7()::text END
FROM probe.ids WHERE owner = 'ann';

CREATE FUNCTION probe.id(owner text, what text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
	AS $$ SELECT i.value FROM probe.ids i WHERE (i.owner, i.what) = ($1, $2) $$;

-- Tables whose rows belong to a tenant, and which column says to which.
CREATE VIEW probe.tables AS
	SELECT c.oid, c.relname::text AS name, a.attname::text AS owner_column
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
	WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind IN ('r', 'p')
		AND a.attname = CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END;
GRANT SELECT ON probe.tables TO PUBLIC;

-- All rows of a tenant, for "nothing of it has changed".
CREATE FUNCTION probe.fingerprint(tenant uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
	t record;
	one text;
	result text := '';
BEGIN
	FOR t IN SELECT name, owner_column FROM probe.tables ORDER BY name LOOP
		EXECUTE format('SELECT count(*) || md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM campaign.%I r WHERE %I = $1', t.name, t.owner_column)
			INTO one USING tenant;
		result := result || format('%s %s ', t.name, one);
	END LOOP;
	RETURN result;
END
$$;
CREATE FUNCTION probe.one_row(name text, tenant uuid) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
	result jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(r) FROM campaign.%I r WHERE %I = $1 ORDER BY r::text LIMIT 1', name,
		(SELECT t.owner_column FROM probe.tables t WHERE t.name = $1)) INTO result USING tenant;
	RETURN result;
END
$$;
-- To be called again where a test has changed something for good.
CREATE FUNCTION probe.remember() RETURNS void LANGUAGE sql AS $$ SELECT set_config('probe.before', probe.fingerprint(probe.id('ann', 'tenant')::uuid), true) $$;
DO $$ BEGIN PERFORM probe.remember(); END $$;

-- Runs a statement as a role and takes back what it did. Answers "value: ..." for a SELECT of one value, "rows: n", or
-- the SQLSTATE and all that the error says.
CREATE FUNCTION probe.attempt(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	victim constant uuid := probe.id('ann', 'tenant')::uuid;
	answer text;
	n bigint;
	m text; d text; h text;
BEGIN
	BEGIN
		PERFORM set_config('role', role, true);
		IF statement ~ '^SELECT' THEN
			EXECUTE statement INTO answer;
			answer := 'value: ' || coalesce(answer, 'NULL');
		ELSE
			EXECUTE statement;
			GET DIAGNOSTICS n = ROW_COUNT;
			answer := 'rows: ' || n;
		END IF;
		IF probe.fingerprint(victim) <> current_setting('probe.before') THEN
			answer := 'CHANGED THE FIRST TENANT: ' || answer;
		END IF;
		RAISE EXCEPTION USING ERRCODE = 'PROBE';
	EXCEPTION WHEN SQLSTATE 'PROBE' THEN
		NULL;
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
		answer := concat_ws(' | ', SQLSTATE, m, d, h);
	END;
	RETURN answer;
END
$$;
-- Ids that differ from one question to the other.
CREATE FUNCTION probe.anonymous(answer text) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
	i record;
BEGIN
	FOR i IN SELECT * FROM probe.ids LOOP
		answer := replace(answer, i.value, '<' || i.what || '>');
	END LOOP;
	RETURN answer;
END
$$;

-- ---- tables

-- An INSERT of a row, with the columns that one may give.
CREATE FUNCTION probe.insertion(role name, name text, sample jsonb) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT format('INSERT INTO campaign.%1$I (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::campaign.%1$I, %3$L)', $2, coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), t.owner_column), sample)
	FROM probe.tables t LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(role, t.oid, a.attnum, 'INSERT')
	WHERE t.name = $2 GROUP BY t.owner_column
$$;
-- What somebody who is no editor of the first tenant writes into its tables: nothing.
CREATE FUNCTION probe.tables_stay(role name, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	victim constant text := probe.id('ann', 'tenant');
	t record;
	c record;
	answer text;
	bad text;
BEGIN
	FOR t IN SELECT * FROM probe.tables ORDER BY name LOOP
		bad := '';
		FOR c IN SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' LOOP
			-- with a condition, which asks the policy of SELECT too, and without, which asks that of UPDATE alone
			answer := probe.attempt(role, format('UPDATE campaign.%I SET %I = DEFAULT WHERE %I = %L', t.name, c.attname, t.owner_column, victim));
			IF answer <> 'rows: 0' AND answer !~ '^42501' THEN
				bad := bad || E'\n' || c.attname || ': ' || answer;
			END IF;
			answer := probe.attempt(role, format('UPDATE campaign.%I SET %I = DEFAULT', t.name, c.attname));
			IF answer ~ '^CHANGED' THEN
				bad := bad || E'\n' || c.attname || ': ' || answer;
			END IF;
		END LOOP;
		RETURN NEXT is(bad, '', format('%s: UPDATE of no column reaches another in %s', who, t.name));

		answer := probe.attempt(role, format('DELETE FROM campaign.%I WHERE %I = %L', t.name, t.owner_column, victim));
		bad := probe.attempt(role, format('DELETE FROM campaign.%I', t.name));
		RETURN NEXT ok((answer = 'rows: 0' OR answer ~ '^42501') AND bad !~ '^CHANGED', format('%s: DELETE reaches nothing of another in %s', who, t.name));

		answer := probe.attempt(role, probe.insertion(role, t.name, probe.one_row(t.name, victim::uuid)));
		RETURN NEXT matches(answer, '^42501', format('%s: INSERT for another into %s is refused', who, t.name));
		RETURN NEXT matches(probe.attempt(role, format('TRUNCATE campaign.%I CASCADE', t.name)), '^42501', format('%s: no TRUNCATE of %s', who, t.name));
	END LOOP;
END
$$;
-- A row of one's own that points at another's: the composite keys refuse it as they refuse what does not exist.
CREATE FUNCTION probe.links_are_closed(role name, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	own constant uuid := probe.id('eve', 'tenant')::uuid;
	f record;
	sample jsonb;
	target text;
	stranger text;
	nothing text;
BEGIN
	FOR f IN
		SELECT k.conname, t.oid, t.name, a.attname AS col, a.attnum, r.name AS referenced, ra.attname AS referenced_col
		FROM pg_constraint k JOIN probe.tables t ON t.oid = k.conrelid JOIN probe.tables r ON r.oid = k.confrelid
			JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[2]
			JOIN pg_attribute ra ON ra.attrelid = k.confrelid AND ra.attnum = k.confkey[2]
		WHERE k.contype = 'f' ORDER BY k.conname
	LOOP
		target := probe.one_row(f.referenced, probe.id('ann', 'tenant')::uuid) ->> f.referenced_col;
		-- a service type that the second tenant does not have
		target := CASE f.referenced WHEN 'service_types' THEN probe.id('ann', 'service') ELSE target END;
		sample := probe.one_row(f.name, own);
		IF has_column_privilege(role, f.oid, f.attnum, 'INSERT') THEN
			stranger := probe.attempt(role, probe.insertion(role, f.name, sample || jsonb_build_object(f.col, target, 'external_id', NULL)));
			nothing := probe.attempt(role, probe.insertion(role, f.name, sample || jsonb_build_object(f.col,
				CASE f.referenced WHEN 'service_types' THEN probe.id('none', 'service') ELSE probe.id('none', 'job') END, 'external_id', NULL)));
			RETURN NEXT matches(stranger, '^23503', format('%s: INSERT cannot point %s.%s at another''s row', who, f.name, f.col));
			RETURN NEXT is(replace(stranger, target, '<x>'), regexp_replace(nothing, probe.id('none', 'service') || '|' || probe.id('none', 'job'), '<x>', 'g'),
				format('%s: and %s.%s cannot tell it from nothing', who, f.name, f.col));
		END IF;
		IF has_column_privilege(role, f.oid, f.attnum, 'UPDATE') THEN
			RETURN NEXT matches(probe.attempt(role, format('UPDATE campaign.%I SET %I = %L WHERE %I = %L', f.name, f.col, target,
					CASE f.name WHEN 'outreach_campaigns' THEN 'campaign_id' ELSE 'tenant_id' END, CASE f.name WHEN 'outreach_campaigns' THEN probe.id('eve', 'draft') ELSE own::text END)),
				'^23503', format('%s: UPDATE cannot point %s.%s at another''s row', who, f.name, f.col));
		END IF;
	END LOOP;
END
$$;

-- ---- functions

-- {x}: an id of the first tenant or of nothing; {own.x}: of the asking one. "pure" takes no id and reads no tenant's row.
CREATE TABLE probe.cases (signature text, call text, expected text, is_volatile boolean);
GRANT SELECT ON probe.cases TO PUBLIC;
INSERT INTO probe.cases VALUES
	('campaign.now()', NULL, 'pure'),
	('campaign.is_timezone(text)', NULL, 'pure'),
	('campaign.require_timezone(text)', NULL, 'pure'),
	('campaign.effective_timezone(text,text)', NULL, 'pure'),
	('campaign.send_windows(timestamp with time zone,text)', NULL, 'pure'),
	('campaign.next_allowed_at(timestamp with time zone,text,time without time zone,time without time zone,date[])', NULL, 'pure'),
	('campaign.uuid_v7()', NULL, 'pure'),
	('campaign.current_member()', NULL, 'pure'),
	('campaign.readable_tenants()', $$campaign.readable_tenants() @> ARRAY['{tenant}'::uuid]$$, '^value: f'),
	('campaign.writable_tenants()', $$campaign.writable_tenants() @> ARRAY['{tenant}'::uuid]$$, '^value: f'),
	('campaign.owned_tenants()', $$campaign.owned_tenants() @> ARRAY['{tenant}'::uuid]$$, '^value: f'),
	('campaign.allowed_transitions(text,text)', NULL, 'pure'),
	('campaign.raise_unknown_life_cycle(text)', NULL, 'pure'),
	('campaign.life_cycle_diagram(text)', NULL, 'pure'),
	('campaign.enforce_life_cycle()', NULL, 'pure'),
	('campaign.check_message_text(text)', NULL, 'pure'),
	('campaign.render_message(text,boolean,jsonb)', NULL, 'pure'),
	('campaign.render_subject(text,jsonb)', NULL, 'pure'),
	('campaign.require_template_config(jsonb)', NULL, 'pure'),
	('campaign.template_config_errors(jsonb)', NULL, 'pure'),
	('campaign.normalize_template_config(jsonb)', NULL, 'pure'),
	('campaign.template_config_schema()', NULL, 'pure'),
	('campaign.unwrap_template_config(jsonb)', NULL, 'pure'),
	('campaign.diff_template_config(jsonb,jsonb)', NULL, 'pure'),
	('campaign.require_generation_config(jsonb)', NULL, 'pure'),
	('campaign.generation_config_errors(jsonb)', NULL, 'pure'),
	('campaign.normalize_generation_config(jsonb)', NULL, 'pure'),
	('campaign.generation_config_schema()', NULL, 'pure'),
	('campaign.unwrap_generation_config(jsonb)', NULL, 'pure'),
	('campaign.require_sender_config(jsonb)', NULL, 'pure'),
	('campaign.sender_config_errors(jsonb)', NULL, 'pure'),
	('campaign.normalize_sender_config(jsonb)', NULL, 'pure'),
	('campaign.sender_config_schema()', NULL, 'pure'),
	('campaign.unwrap_sender_config(jsonb)', NULL, 'pure'),
	('campaign.normalize_address(text)', NULL, 'pure'),
	('campaign.touch_token(uuid,integer,timestamp with time zone,uuid,smallint,smallint,bigint)', NULL, 'pure'),
	('campaign.touch_idempotency_key(uuid,uuid,smallint)', NULL, 'pure'),
	('campaign.check_template_config(uuid,jsonb)', $$(SELECT string_agg(code, ' ') FROM campaign.check_template_config('{tenant}', '[{"channel": "email", "template_id": "{template}"}]'))$$, '^value: unknown_template$'),
	('campaign.check_template_config(uuid,jsonb)', $$(SELECT string_agg(code, ' ') FROM campaign.check_template_config('{own.tenant}', '[{"channel": "email", "template_id": "{template}"}]'))$$, '^value: unknown_template$'),
	('campaign.add_member(uuid,text,text)', $$campaign.add_member('{tenant}', 'regress_tenancy_eve', 'owner')$$, '^P0002'),
	('campaign.remove_member(uuid,text)', $$campaign.remove_member('{tenant}', 'regress_tenancy_ann')$$, '^P0002'),
	('campaign.transition_campaign(uuid,text,text)', $$campaign.transition_campaign('{running}', 'paused')$$, '^P0002'),
	('campaign.transition_campaign(uuid,text,text)', $$campaign.transition_campaign('{paused}', 'archived')$$, '^P0002'),
	('campaign.transition_campaign(uuid,text,text)', $$campaign.transition_campaign('{running}', 'nonsense')$$, '^P0002'),
	('campaign.delete_campaign(uuid)', $$campaign.delete_campaign('{draft}')$$, '^P0002'),
	('campaign.delete_campaign(uuid)', $$campaign.delete_campaign('{running}')$$, '^P0002'),
	('campaign.purge_campaign(uuid)', $$campaign.purge_campaign('{archived}')$$, '^P0002'),
	('campaign.purge_campaign(uuid)', $$campaign.purge_campaign('{running}')$$, '^P0002'),
	('campaign.launch_campaign(uuid,timestamp with time zone)', $$campaign.launch_campaign('{draft}')$$, '^P0002'),
	('campaign.launch_campaign(uuid,timestamp with time zone)', $$campaign.launch_campaign('{draft}', '9999-01-01')$$, '^P0002'),
	('campaign.cancel_launch(uuid)', $$campaign.cancel_launch('{draft}')$$, '^P0002'),
	('campaign.pause_campaign(uuid,text)', $$campaign.pause_campaign('{running}')$$, '^P0002'),
	('campaign.resume_campaign(uuid,text,interval,text)', $$campaign.resume_campaign('{paused}')$$, '^P0002'),
	('campaign.revise_campaign(uuid,jsonb)', $$campaign.revise_campaign('{running}', '[{"channel": "email", "subject": "x", "body_text": "x"}]')$$, '^P0002'),
	('campaign.revise_campaign(uuid,jsonb)', $$campaign.revise_campaign('{running}', '[]')$$, '^P0002'),
	('campaign.revise_campaign(uuid,jsonb)', $$campaign.revise_campaign('{own.draft}', '[{"channel": "email", "template_id": "{template}"}]')$$, '^CP003'),
	('campaign.configure_campaign(uuid,jsonb,jsonb)', $$campaign.configure_campaign('{draft}', '{"tone": "bold"}')$$, '^P0002'),
	('campaign.configure_campaign(uuid,jsonb,jsonb)', $$campaign.configure_campaign('{draft}', '{"tone": 1}')$$, '^P0002'),
	('campaign.clone_campaign(uuid,text)', $$campaign.clone_campaign('{draft}')$$, '^P0002'),
	('campaign.clone_campaign(uuid,text)', $$campaign.clone_campaign('{archived}', 'x')$$, '^P0002'),
	('campaign.save_as_template(uuid,text)', $$campaign.save_as_template('{running}')$$, '^P0002'),
	('campaign.save_as_template(uuid,text)', $$campaign.save_as_template('{archived}', 'x')$$, '^P0002'),
	('campaign.clone_campaign_template(uuid,text,uuid)', $$campaign.clone_campaign_template('{preset}')$$, '^P0002'),
	('campaign.clone_campaign_template(uuid,text,uuid)', $$campaign.clone_campaign_template('{preset}', 'x', '{own.tenant}')$$, '^P0002'),
	('campaign.clone_campaign_template(uuid,text,uuid)', $$campaign.clone_campaign_template('{own.preset}', 'x', '{tenant}')$$, '^P0002'),
	('campaign.clone_campaign_template(uuid,text,uuid)', $$campaign.clone_campaign_template('00000000-0000-8000-8003-000000000001', 'x', '{tenant}')$$, '^P0002'),
	('campaign.upgrade_campaign_template(uuid,boolean)', $$campaign.upgrade_campaign_template('{preset}')$$, '^P0002'),
	('campaign.upgrade_campaign_template(uuid,boolean)', $$campaign.upgrade_campaign_template('{preset}', true)$$, '^P0002'),
	('campaign.diff_plan(uuid,integer,integer)', $$(SELECT count(*) FROM campaign.diff_plan('{running}', 1))$$, '^P0002'),
	('campaign.campaign_impact(uuid,text,jsonb)', $$(SELECT count(*) FROM campaign.campaign_impact('{running}', 'pause'))$$, '^P0002'),
	('campaign.campaign_impact(uuid,text,jsonb)', $$(SELECT count(*) FROM campaign.campaign_impact('{own.running}', 'revise', '[{"channel": "email", "template_id": "{template}"}]'))$$, '^CP003'),
	('campaign.preview_schedule(jsonb,timestamp with time zone,text,uuid,text)', $$(SELECT count(*) FROM campaign.preview_schedule('[{"channel": "email"}]', now(), NULL, '{tenant}'))$$, '^P0002'),
	('campaign.preview_schedule(jsonb,timestamp with time zone,text,uuid,text)', $$(SELECT count(*) FROM campaign.preview_schedule('[{"channel": "email", "template_id": "{template}"}]', now(), NULL, '{own.tenant}'))$$, '^CP003'),
	('campaign.simulate(jsonb,uuid[],integer,uuid,timestamp with time zone)', $$(SELECT count(*) FROM campaign.simulate('[{"channel": "email", "subject": "x", "body_text": "x"}]', ARRAY['{contact}']::uuid[], 1))$$, '^P0002'),
	('campaign.simulate(jsonb,uuid[],integer,uuid,timestamp with time zone)', $$(SELECT count(*) FROM campaign.simulate('[{"channel": "email", "subject": "x", "body_text": "x"}]', ARRAY['{contact}']::uuid[], 1, '{own.tenant}'))$$, '^P0002'),
	('campaign.simulate(jsonb,uuid[],integer,uuid,timestamp with time zone)', $$(SELECT count(*) FROM campaign.simulate('[{"channel": "email", "template_id": "{template}"}]', ARRAY['{own.contact}']::uuid[], 1))$$, '^CP003'),
	('campaign.migrate_enrollments(uuid,integer,boolean)', $$(SELECT count(*) FROM campaign.migrate_enrollments('{running}', 1))$$, '^P0002'),
	('campaign.migrate_enrollments(uuid,integer,boolean)', $$(SELECT count(*) FROM campaign.migrate_enrollments('{running}', dry_run => true))$$, '^P0002'),
	('campaign.create_campaign(uuid,text,jsonb,text,text,text,text)', $$campaign.create_campaign('{tenant}', 'x', '[{"channel": "email", "subject": "x", "body_text": "x"}]')$$, '^P0002'),
	('campaign.create_campaign(uuid,text,jsonb,text,text,text,text)', $$campaign.create_campaign('{own.tenant}', 'x', '[{"channel": "email", "template_id": "{template}"}]')$$, '^CP003'),
	('campaign.create_campaign(uuid,text,jsonb,text,text,text,text)', $$campaign.create_campaign('{own.tenant}', 'x', '[{"channel": "email"}]', service_type => '{service}')$$, '^23503'),
	('campaign.create_campaign_from_template(uuid,text,uuid,text)', $$campaign.create_campaign_from_template('{preset}', 'x')$$, '^P0002'),
	('campaign.create_campaign_from_template(uuid,text,uuid,text)', $$campaign.create_campaign_from_template('{preset}', 'x', '{own.tenant}')$$, '^P0002'),
	('campaign.create_campaign_from_template(uuid,text,uuid,text)', $$campaign.create_campaign_from_template('{own.preset}', 'x', '{tenant}')$$, '^P0002'),
	('campaign.create_campaign_from_template(uuid,text,uuid,text)', $$campaign.create_campaign_from_template('00000000-0000-8000-8003-000000000001', 'x', '{tenant}')$$, '^P0002'),
	('campaign.copy_message_template(uuid,uuid,text)', $$campaign.copy_message_template('{template}', '{own.tenant}')$$, '^P0002'),
	('campaign.copy_message_template(uuid,uuid,text)', $$campaign.copy_message_template('{own.template}', '{tenant}')$$, '^P0002'),
	('campaign.copy_message_template(uuid,uuid,text)', $$campaign.copy_message_template('00000000-0000-8000-8001-000000000001', '{tenant}')$$, '^P0002'),
	('campaign.set_consent(uuid,text,text,text,text)', $$campaign.set_consent('{contact}', 'sms', 'opted_out')$$, '^P0002'),
	('campaign.suppress_address(uuid,text,text,text)', $$campaign.suppress_address('{tenant}', 'x@x.example')$$, '^P0002'),
	('campaign.suppress_address(uuid,text,text,text)', $$campaign.suppress_address('{own.tenant}', '{address}')$$, '^value: t'),
	('campaign.lift_suppression(uuid,text)', $$campaign.lift_suppression('{tenant}', '{address}')$$, '^P0002'),
	('campaign.lift_suppression(uuid,text)', $$campaign.lift_suppression('{own.tenant}', '{address}')$$, '^value: f'),
	('campaign.set_send_limit(uuid,text,integer,integer,integer,interval)', $$campaign.set_send_limit('{tenant}', 'email', 1)$$, '^P0002'),
	('campaign.clear_send_limit(uuid,text)', $$campaign.clear_send_limit('{tenant}', 'email')$$, '^P0002'),
	('campaign.start_warmup(uuid,text,date,jsonb)', $$campaign.start_warmup('{tenant}', 'email')$$, '^P0002'),
	('campaign.stop_warmup(uuid,text)', $$campaign.stop_warmup('{tenant}', 'sms')$$, '^P0002'),
	('campaign.list_tenant_keys(uuid)', $$(SELECT count(*) FROM campaign.list_tenant_keys('{tenant}'))$$, '^P0002'),
	('campaign.rotate_tenant_key(uuid)', $$campaign.rotate_tenant_key('{tenant}')$$, '^P0002'),
	('campaign.drop_tenant_key(uuid,integer)', $$campaign.drop_tenant_key('{tenant}', 1)$$, '^P0002'),
	('campaign.link_token(uuid,integer,text)', $$campaign.link_token('{enrollment}', 1, 'review')$$, '^P0002'),
	('campaign.record_event(text,timestamp with time zone,text,text,uuid,text,jsonb,uuid,text)', $$campaign.record_event('replied', enrollment => '{enrollment}')$$, '^P0002'),
	('campaign.record_event(text,timestamp with time zone,text,text,uuid,text,jsonb,uuid,text)', $$campaign.record_event('replied', enrollment => '{enrollment}', tenant => '{own.tenant}')$$, '^P0002'),
	('campaign.record_event(text,timestamp with time zone,text,text,uuid,text,jsonb,uuid,text)', $$campaign.record_event('replied', lease_token => '{token}')$$, '^P0002'),
	('campaign.record_event(text,timestamp with time zone,text,text,uuid,text,jsonb,uuid,text)', $$campaign.record_event('complained', provider_id => 'x', tenant => '{tenant}')$$, '^P0002'),
	('campaign.record_event(text,timestamp with time zone,text,text,uuid,text,jsonb,uuid,text)', $$campaign.record_event('unsubscribed', address => '+12125550101', tenant => '{tenant}')$$, '^P0002'),
	('campaign.archive_contact(uuid)', $$campaign.archive_contact('{contact}')$$, '^P0002'),
	('campaign.unarchive_contact(uuid)', $$campaign.unarchive_contact('{contact}')$$, '^P0002'),
	('campaign.erase_contact(uuid)', $$campaign.erase_contact('{contact}')$$, '^P0002'),
	('campaign.export_contact(uuid)', $$campaign.export_contact('{contact}')$$, '^P0002'),
	('campaign.contact_next_allowed_at(uuid,text,timestamp with time zone)', $$campaign.contact_next_allowed_at('{contact}', 'email')$$, '^P0002'),
	('campaign.create_job(uuid,text,text,timestamp with time zone,uuid,text)', $$campaign.create_job('{contact}')$$, '^P0002'),
	('campaign.create_job(uuid,text,text,timestamp with time zone,uuid,text)', $$campaign.create_job('{own.contact}', campaign_override => '{running}')$$, '^23503'),
	('campaign.create_job(uuid,text,text,timestamp with time zone,uuid,text)', $$campaign.create_job('{own.contact}', '{service}')$$, '^23503'),
	('campaign.enroll_job(uuid)', $$campaign.enroll_job('{job}')$$, '^P0002'),
	('campaign.enroll(uuid,uuid,uuid,timestamp with time zone)', $$campaign.enroll('{running}', '{lone}')$$, '^P0002'),
	('campaign.enroll(uuid,uuid,uuid,timestamp with time zone)', $$campaign.enroll('{running}', '{own.lone}')$$, '^P0002'),
	('campaign.enroll(uuid,uuid,uuid,timestamp with time zone)', $$campaign.enroll('{own.running}', '{lone}')$$, '^P0002'),
	('campaign.enroll(uuid,uuid,uuid,timestamp with time zone)', $$campaign.enroll('{own.running}', '{own.lone}', '{job}')$$, '^P0002'),
	('campaign.explain_enrollment(uuid)', $$(SELECT count(*) FROM campaign.explain_enrollment('{enrollment}'))$$, '^P0002'),
	('campaign.stop_enrollment(uuid,text)', $$campaign.stop_enrollment('{enrollment}')$$, '^P0002'),
	('campaign.stop_contact(uuid,text)', $$campaign.stop_contact('{contact}')$$, '^P0002'),
	('campaign.enroll_contacts(uuid,uuid[],timestamp with time zone)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.reason, r.contacts), ', ') FROM campaign.enroll_contacts('{running}', ARRAY['{lone}']::uuid[]) r)$$, '^P0002'),
	('campaign.enroll_contacts(uuid,uuid[],timestamp with time zone)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.reason, r.contacts), ', ') FROM campaign.enroll_contacts('{own.other}', ARRAY['{lone}']::uuid[]) r)$$, '^value: not_matched contact_missing 1$'),
	('campaign.enroll_contacts(uuid,text,timestamp with time zone)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.reason, r.contacts), ', ') FROM campaign.enroll_contacts('{running}', $q$SELECT id FROM campaign.contacts WHERE tenant_id = '{tenant}'$q$) r)$$, '^(P0002|42501)'),
	('campaign.enroll_contacts(uuid,text,timestamp with time zone)', $$(SELECT coalesce(string_agg(concat_ws(' ', r.outcome, r.reason, r.contacts), ', '), 'nobody') FROM campaign.enroll_contacts('{own.other}', $q$SELECT id FROM campaign.contacts WHERE tenant_id = '{tenant}'$q$) r)$$, '^(value: nobody$|42501)'),
	('campaign.resolve_conflict(uuid,text)', $$campaign.resolve_conflict('{conflict}', 'replace')$$, '^P0002'),
	('campaign.retry_touch(uuid,integer)', $$campaign.retry_touch('{dead}', 1)$$, '^P0002'),
	('campaign.resolve_uncertain(text,text,text,text)', $$campaign.resolve_uncertain('{token}', 'sent')$$, '^P0002'),
	('campaign.resolve_uncertain(text,text,text,text)', $$campaign.resolve_uncertain('{token}', 'retry')$$, '^P0002'),
	('campaign.rate(bigint,bigint)', NULL, 'pure'),
	('campaign.require_contact_filter(jsonb)', NULL, 'pure'),
	('campaign.contact_filter_errors(jsonb)', NULL, 'pure'),
	('campaign.contact_filter_schema()', NULL, 'pure'),
	('campaign.normalize_contact_filter(jsonb)', NULL, 'pure'),
	('campaign.unwrap_contact_filter(jsonb)', NULL, 'pure'),
	('campaign.tag_contacts(uuid,uuid[],text[])', $$campaign.tag_contacts('{tenant}', ARRAY['{contact}']::uuid[], '{hot}')$$, '^P0002'),
	('campaign.tag_contacts(uuid,uuid[],text[])', $$campaign.tag_contacts('{own.tenant}', ARRAY['{contact}']::uuid[], '{hot}')$$, '^value: 0$'),
	('campaign.untag_contacts(uuid,uuid[],text[])', $$campaign.untag_contacts('{tenant}', NULL, '{batch}')$$, '^P0002'),
	('campaign.untag_contacts(uuid,uuid[],text[])', $$campaign.untag_contacts('{own.tenant}', ARRAY['{contact}']::uuid[], '{batch}')$$, '^value: 0$'),
	('campaign.assign_contacts(uuid,uuid[],jsonb)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.assign_contacts('{assigned}', ARRAY['{lone}']::uuid[]) r)$$, '^P0002'),
	('campaign.assign_contacts(uuid,uuid[],jsonb)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.assign_contacts('{assigned}', filter => '{}') r)$$, '^P0002'),
	('campaign.assign_contacts(uuid,uuid[],jsonb)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.assign_contacts('{assigned}', filter => '{"tag": 1}') r)$$, '^P0002'),
	('campaign.assign_contacts(uuid,uuid[],jsonb)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.assign_contacts('{own.assigned}', ARRAY['{lone}']::uuid[]) r)$$, '^value: not_found 1$'),
	('campaign.assign_contacts(uuid,uuid[],jsonb)', $$(SELECT count(*) FROM campaign.assign_contacts('{own.assigned}', filter => jsonb_build_object('company', ARRAY['{company}'])) r)$$, '^value: 0$'),
	('campaign.credits(numeric)', NULL, 'pure'),
	('campaign.estimate_generation(uuid)', $$(SELECT count(*) FROM campaign.estimate_generation('{written}'))$$, '^P0002'),
	('campaign.generation_progress(uuid)', $$(campaign.generation_progress('{written}')).total$$, '^P0002'),
	('campaign.start_generation(uuid,boolean,boolean)', $$campaign.start_generation('{assigned}')$$, '^P0002'),
	('campaign.start_generation(uuid,boolean,boolean)', $$campaign.start_generation('{written}')$$, '^P0002'),
	('campaign.retry_generation(uuid,uuid[])', $$campaign.retry_generation('{written}')$$, '^P0002'),
	('campaign.start_generation(uuid,boolean,boolean)', $$campaign.start_generation('{ready}')$$, '^P0002'),
	('campaign.retry_generation(uuid,uuid[])', $$campaign.retry_generation('{reviewed}')$$, '^P0002'),
	('campaign.retry_generation(uuid,uuid[])', $$campaign.retry_generation('{own.written}', ARRAY['{lone}']::uuid[])$$, '^CP002'),
	('campaign.cancel_generation(uuid,text)', $$campaign.cancel_generation('{written}')$$, '^P0002'),
	('campaign.remove_contacts(uuid,uuid[])', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.remove_contacts('{assigned}', ARRAY['{lone}']::uuid[]) r)$$, '^P0002'),
	('campaign.remove_contacts(uuid,uuid[])', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.remove_contacts('{own.assigned}', ARRAY['{lone}']::uuid[]) r)$$, '^value: not_found 1$'),
	('campaign.exclude_contacts(uuid,uuid[],text)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.exclude_contacts('{assigned}', ARRAY['{lone}']::uuid[]) r)$$, '^P0002'),
	('campaign.exclude_contacts(uuid,uuid[],text)', $$(SELECT string_agg(concat_ws(' ', r.outcome, r.contacts), ', ') FROM campaign.exclude_contacts('{own.assigned}', ARRAY['{lone}']::uuid[]) r)$$, '^value: not_found 1$'),
	('campaign.record_stage(text,uuid,text,text,timestamp with time zone)', $$campaign.record_stage('contact', '{contact}', 'person')$$, '^P0002'),
	('campaign.record_stage(text,uuid,text,text,timestamp with time zone)', $$campaign.record_stage('company', '{company}', 'l1')$$, '^P0002'),
	('campaign.check_readiness(uuid)', $$(SELECT total FROM campaign.check_readiness('{assigned}'))$$, '^P0002'),
	('campaign.contact_conflicts(uuid)', $$(SELECT count(*) FROM campaign.contact_conflicts('{assigned}'))$$, '^P0002'),
	('campaign.review_queue(uuid,text,text,integer,integer,bigint)', $$(SELECT count(*) FROM campaign.review_queue('{assigned}'))$$, '^P0002'),
	('campaign.review_summary(uuid)', $$(SELECT total FROM campaign.review_summary('{assigned}'))$$, '^P0002'),
	('campaign.edit_message(uuid,text,text,text,text,text,integer)', $$campaign.edit_message('{message}', 'other', 'x')$$, '^P0002'),
	('campaign.edit_message(uuid,text,text,text,text,text,integer)', $$campaign.edit_message('{letter}', 'other', 'x')$$, '^P0002'),
	('campaign.mark_sent(uuid,text,timestamp with time zone,text)', $$(SELECT result FROM campaign.mark_sent('{message}'))$$, '^P0002'),
	('campaign.export_messages(uuid,boolean,boolean)', $$(SELECT count(*) FROM campaign.export_messages('{assigned}', true, true))$$, '^P0002'),
	('campaign.csv_safe(text)', NULL, 'pure'),
	('campaign.default_warmup()', NULL, 'pure'),
	('campaign.revert_message(uuid,integer,text)', $$campaign.revert_message('{message}', 1)$$, '^P0002'),
	('campaign.revert_message(uuid,integer,text)', $$campaign.revert_message('{letter}', 1)$$, '^P0002'),
	('campaign.review_messages(uuid[],text,text,integer[])', $$(SELECT string_agg(r.code, ', ') FROM campaign.review_messages(ARRAY['{letter}']::uuid[], 'approve') r)$$, '^value: P0002$'),
	('campaign.review_messages(uuid[],text,text,integer[])', $$(SELECT string_agg(r.code, ', ') FROM campaign.review_messages(ARRAY['{message}']::uuid[], 'approve') r)$$, '^value: P0002$'),
	('campaign.recount(uuid)', $$(SELECT count(*) FROM campaign.recount('{other}'))$$, '^P0002'),
	('campaign.daily_analytics(uuid,date,date)', $$(SELECT sum(enrolled) FROM campaign.daily_analytics('{other}'))$$, '^P0002'),
	('campaign.health()', $$(SELECT sum(value) FROM campaign.health() WHERE detail LIKE '%{tenant}%')$$, '^value: NULL$'),
	('campaign.health_of_lanes()', $$(SELECT count(*) FROM campaign.health_of_lanes() h WHERE h.tenant_id = '{tenant}')$$, '^value: 0$'),
	('campaign.health_of_workers()', $$(SELECT count(*) FROM campaign.health_of_workers() h WHERE h.name = '{tenant}')$$, '^value: 0$'),
	('campaign.log_send(uuid,text,text,text,text,timestamp with time zone,uuid,jsonb)', $$campaign.log_send('{contact}')$$, '^P0002'),
	('campaign.log_send(uuid,text,text,text,text,timestamp with time zone,uuid,jsonb)', $$campaign.log_send('{own.contact}', template => '{template}')$$, '^P0002');
UPDATE probe.cases c SET is_volatile = p.provolatile = 'v' FROM pg_proc p WHERE p.oid = c.signature::regprocedure;

CREATE FUNCTION probe.filled(call text, other text, own text) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
	i record;
BEGIN
	FOR i IN SELECT * FROM probe.ids WHERE owner IN (other, own) LOOP
		IF i.owner = own THEN
			call := replace(call, '{own.' || i.what || '}', i.value);
		END IF;
		IF i.owner = other THEN
			call := replace(call, '{' || i.what || '}', i.value);
		END IF;
	END LOOP;
	RETURN 'SELECT ' || call;
END
$$;
CREATE FUNCTION probe.functions_are_closed(role name, who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	c record;
	stranger text;
	nothing text;
BEGIN
	FOR c IN SELECT * FROM probe.cases WHERE expected <> 'pure' ORDER BY signature, call LOOP
		stranger := probe.anonymous(probe.attempt(role, probe.filled(c.call, 'ann', 'eve')));
		nothing := probe.anonymous(probe.attempt(role, probe.filled(c.call, 'none', 'eve')));
		RETURN NEXT matches(stranger, c.expected, format('%s: %s', who, c.call));
		RETURN NEXT is(stranger, nothing, format('%s: the same answer for what does not exist: %s', who, c.call));
	END LOOP;
END
$$;
-- Of a viewer, or of somebody without a tenant: whatever the answer, it is an error, and nothing has changed.
CREATE FUNCTION probe.functions_write_nothing(role name, who text, tenant_of text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	c record;
	answer text;
BEGIN
	FOR c IN
		SELECT s.call FROM probe.cases s
		WHERE s.expected <> 'pure' AND s.is_volatile ORDER BY s.signature, s.call
	LOOP
		answer := probe.attempt(role, probe.filled(c.call, tenant_of, tenant_of));
		RETURN NEXT matches(answer, '^(P0002|42501)', format('%s: %s', who, c.call));
	END LOOP;
END
$$;
