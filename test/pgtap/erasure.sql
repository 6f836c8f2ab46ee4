-- Whatever is held on a person is known to erase_contact() and export_contact(), and a
-- column that can say something of a person is scrubbed. Taken from the catalog, so
-- that a new table or column fails until somebody has thought of it.
BEGIN;
SET search_path = public, pg_catalog;
SELECT no_plan();

CREATE TEMP VIEW tables AS
	SELECT c.oid, c.relname::text AS name FROM pg_class c
	WHERE c.relnamespace = 'campaign'::regnamespace AND c.relkind = 'r'
		AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped);

-- Of a contact, whether or not a foreign key says so: by the names of columns.
CREATE TEMP VIEW of_contacts AS
	SELECT DISTINCT t.name FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
	WHERE a.attname IN ('contact_id', 'enrollment_id', 'job_id', 'address') OR t.name = 'contacts';
SELECT cmp_ok((SELECT count(*) FROM of_contacts), '>=', 9::bigint, 'there are tables of contacts to look at');
SELECT is_empty($$
	SELECT name FROM of_contacts EXCEPT SELECT relation FROM campaign.personal_data
$$, 'every table with rows of contacts is in personal_data');
SELECT is_empty($$
	SELECT relation FROM campaign.personal_data EXCEPT SELECT name FROM tables
$$, 'personal_data names tables of tenants');

-- What a text says if not something of the person: a state, a code, a name from a list.
CREATE TEMP VIEW harmless AS
	SELECT split_part(c, '.', 1) AS relation, split_part(c, '.', 2) AS attname
	FROM unnest('{contacts.name,consents.channel,consents.state,jobs.service_type,jobs.status,job_enrollments.outcome,job_enrollments.reason,
		campaign_enrollments.status,campaign_enrollments.stop_reason,send_logs.channel,send_logs.status,
		touch_events.event_id,touch_events.kind,touch_events.bounce,touch_events.link,touch_events.channel,
		campaign_contacts.status,campaign_contacts.enrichment_gaps,overlap_log.kind,overlap_log.channel,overlap_log.severity,overlap_log.outcome,messages.variant,messages.channel,messages.status,messages.approved_by,
		message_versions.origin,message_versions.reason,message_versions.author,message_feedback.action,message_feedback.member,
		generation_items.worker,generation_items.outcome,generation_costs.variant,generation_costs.model,
		enrollment_conflicts.policy,enrollment_conflicts.resolution,enrollment_conflicts.resolved_by,enrollment_conflicts.reason}'::text[]) AS k(c);
SELECT is_empty($$
	SELECT t.name, a.attname
	FROM campaign.personal_data p JOIN tables t ON t.name = p.relation
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE a.atttypid IN ('text'::regtype, 'name'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'json'::regtype, 'bytea'::regtype, 'inet'::regtype, 'text[]'::regtype)
		-- a company is no person; an address is hashed by a function of its own
		AND t.name NOT IN ('companies', 'suppressions') AND NOT p.removes
		AND NOT coalesce(p.scrub ~ ('\m' || a.attname || ' = '), false)
		AND NOT EXISTS (SELECT FROM harmless h WHERE (h.relation, h.attname) = (t.name, a.attname::text))
$$, 'every text of theirs is scrubbed, or known to be harmless');
SELECT is_empty($$
	SELECT t.name, a.attname
	FROM campaign.personal_data p JOIN tables t ON t.name = p.relation
		CROSS JOIN LATERAL regexp_matches(p.scrub, '(?:^|, )([a-z_]+) = ', 'g') s
		LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = s[1] AND NOT a.attisdropped
	WHERE a.attname IS NULL
$$, 'what is scrubbed are columns that exist');

SELECT * FROM finish();
ROLLBACK;
