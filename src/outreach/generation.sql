-- Generation as members see it: estimated, started, tried again, cancelled; and how a job ends by itself.

CREATE FUNCTION campaign.generation_steps(tenant uuid, campaign uuid,
  OUT touch_number smallint, OUT channel text, OUT label text, OUT variants smallint, OUT document jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT t.touch_number, t.channel, t.label, v.count,
           jsonb_build_object('touch_number', t.touch_number, 'channel', t.channel, 'label', t.label, 'config', t.config,
             'needs_pdf', t.needs_pdf, 'subject', t.subject, 'body', t.body,
             'variants', (ARRAY['a', 'b', 'c'])[:v.count],
             'limits', jsonb_build_object('has_subject', h.has_subject, 'subject', CASE WHEN h.has_subject THEN 998 END, 'body', h.body_limit))
      FROM campaign.outreach_campaigns o
      JOIN campaign.campaign_touches t ON t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version
      JOIN campaign.channels h ON h.channel = t.channel
     CROSS JOIN LATERAL (
       SELECT greatest(t.variant_count, (o.generation_config ->> 'variant_count')::numeric::smallint) AS count) v
     WHERE o.tenant_id = tenant AND o.campaign_id = campaign AND t.tenant_id = tenant AND h.has_body
     ORDER BY t.touch_number;
END $$;
COMMENT ON FUNCTION campaign.generation_steps(uuid, uuid) IS
'Internal: the enabled steps of a campaign for which there is something to write, with the number of their variants: the step''s or generation_config''s, whichever is greater.';

CREATE FUNCTION campaign.estimate_generation(campaign uuid,
  OUT touch_number smallint, OUT channel text, OUT label text, OUT variants integer, OUT contacts bigint, OUT messages bigint, OUT usd numeric, OUT credits bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(estimate_generation.campaign, campaign.readable_tenants())).tenant_id;
  price numeric := campaign.message_price(owner_tenant);
  people bigint;
BEGIN
  SELECT count(*) INTO people FROM campaign.campaign_contacts k
    JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
   WHERE k.tenant_id = owner_tenant AND k.campaign_id = estimate_generation.campaign AND k.status <> 'excluded'
     AND c.tenant_id = owner_tenant AND c.archived_at IS NULL;
  RETURN QUERY
    SELECT s.touch_number, s.channel, s.label, sum(s.variants)::integer, people, sum(s.variants)::bigint * people,
           sum(s.variants) * people * price, campaign.credits(sum(s.variants) * people * price)
      FROM campaign.generation_steps(owner_tenant, estimate_generation.campaign) s
     GROUP BY GROUPING SETS ((s.touch_number, s.channel, s.label), ()) ORDER BY s.touch_number NULLS LAST;
END $$;
COMMENT ON FUNCTION campaign.estimate_generation(uuid) IS
'What generating all messages of a campaign would cost: enabled steps times variants times contacts that are neither excluded nor archived times the price of a message, a row for each step and, with touch_number NULL, one for all. credits are rounded in each row by itself, so they need not add up. Raises P0002 for a campaign that is not yours.';

-- The campaign is locked and ready. The partial unique index would stop a second job; the status does before.
CREATE FUNCTION campaign.open_generation(tenant uuid, campaign uuid, contacts uuid[], include_unready boolean, regenerate boolean) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  new_id uuid := campaign.uuid_v7();
  price numeric := campaign.message_price(tenant);
  each_messages bigint := (SELECT sum(s.variants) FROM campaign.generation_steps(tenant, campaign) s);
BEGIN
  IF each_messages IS NULL THEN
    RAISE EXCEPTION 'campaign "%" has nothing to write', campaign
      USING ERRCODE = 'CP002',
            DETAIL = 'No enabled step is of a channel that has a text.',
            HINT = 'Launch the campaign as it is.';
  END IF;
  PERFORM campaign.reserve_generation_budget(tenant, each_messages * price * cardinality(contacts));
  INSERT INTO campaign.generation_jobs (tenant_id, id, campaign_id, plan_version, include_unready, regenerate, price_usd, reserved_usd, started_by, started_at)
  SELECT tenant, new_id, campaign, o.plan_version, include_unready, regenerate, price, each_messages * price * cardinality(contacts),
         campaign.current_member(), now_time
    FROM campaign.outreach_campaigns o WHERE o.tenant_id = tenant AND o.campaign_id = campaign;
  INSERT INTO campaign.generation_items (tenant_id, job_id, contact_id, campaign_id, reserved_usd)
  SELECT tenant, new_id, c.id, campaign, each_messages * price FROM unnest(contacts) c(id);
  PERFORM campaign.transition_campaign(campaign, 'generating', format('generation for %s contacts', cardinality(contacts)));
  PERFORM pg_notify('campaign_generation', '');
  RETURN new_id;
END $$;
COMMENT ON FUNCTION campaign.open_generation(uuid, uuid, uuid[], boolean, boolean) IS
'Internal: makes a job for different contacts of a locked campaign in status ready, reserves what it is expected to cost and takes the campaign to generating; returns the job. Raises CP002, CP005.';

CREATE FUNCTION campaign.start_generation(campaign uuid, include_unready boolean DEFAULT false, regenerate boolean DEFAULT false) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  live record;
  counts record;
  contacts uuid[];
BEGIN
  PERFORM campaign.require_read_committed('start_generation()');
  target := campaign.lock_outreach_campaign(campaign);
  IF target.status <> 'ready' THEN
    SELECT j.started_by, j.started_at INTO live FROM campaign.generation_jobs j
     WHERE j.tenant_id = target.tenant AND j.campaign_id = campaign AND j.status = 'running';
    RAISE EXCEPTION 'messages of a campaign in status "%" cannot be generated', target.status
      USING ERRCODE = 'CP001',
            DETAIL = CASE WHEN live.started_at IS NOT NULL THEN format('A generation runs that %s started at %s.', coalesce(live.started_by, 'somebody'), live.started_at)
                          ELSE 'Messages are generated in ready only.' END,
            HINT = CASE WHEN live.started_at IS NOT NULL THEN 'campaign.generation_progress() tells how far it is; campaign.cancel_generation() ends it.'
                        ELSE 'Bring the campaign to ready, or clone it.' END,
            SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;
  PERFORM campaign.check_readiness(campaign);
  contacts := ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND c.tenant_id = target.tenant AND c.archived_at IS NULL
       AND (k.status IN ('enrichment_ok', 'failed') OR include_unready AND k.status = 'enrichment_needed' OR regenerate AND k.status = 'generated')
     ORDER BY k.contact_id);
  IF cardinality(contacts) = 0 THEN
    SELECT t.* INTO counts FROM campaign.campaign_contact_totals t WHERE t.tenant_id = target.tenant AND t.campaign_id = campaign;
    RAISE EXCEPTION 'campaign "%" has nobody to generate messages for', campaign
      USING ERRCODE = 'CP002',
            DETAIL = format('Of %s contacts %s lack required stages, %s have their messages, and %s are excluded.',
                            counts.total, counts.enrichment_needed, counts.generated, counts.excluded),
            HINT = CASE WHEN counts.enrichment_needed > 0 THEN 'Record the missing stages with campaign.record_stage(), or pass include_unready => true.'
                        WHEN counts.generated > 0 THEN 'Pass regenerate => true to have them written anew.'
                        ELSE 'Assign contacts with campaign.assign_contacts().' END;
  END IF;
  RETURN campaign.open_generation(target.tenant, campaign, contacts, coalesce(include_unready, false), coalesce(regenerate, false));
END $$;
COMMENT ON FUNCTION campaign.start_generation(uuid, boolean, boolean) IS
'Starts writing the messages of a campaign in ready, and takes it to generating; returns the job. Checks readiness first: contacts in enrichment_ok are written to, and those that failed before; with include_unready also those in enrichment_needed, with regenerate also those whose messages are written, who get new versions (what was sent stays); archived contacts are left out. What it is expected to cost is reserved. NOTIFY campaign_generation wakes workers. Of two calls one wins. Raises CP001 in any other status (and tells of the job that runs), CP002 if there is nobody or nothing to write, CP005 if the budget is exhausted, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.retry_generation(campaign uuid, contact_ids uuid[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  job campaign.generation_jobs;
  contacts uuid[];
  each_usd numeric;
BEGIN
  PERFORM campaign.require_read_committed('retry_generation()');
  target := campaign.lock_outreach_campaign(campaign);
  IF target.status NOT IN ('ready', 'generating', 'review') THEN
    RAISE EXCEPTION 'messages of a campaign in status "%" cannot be generated', target.status
      USING ERRCODE = 'CP001',
            DETAIL = 'Failed contacts are tried again in ready, generating and review.',
            HINT = 'Bring the campaign to review, or clone it.',
            SCHEMA = 'campaign', TABLE = 'campaigns', COLUMN = 'status';
  END IF;
  contacts := ARRAY(
    SELECT k.contact_id FROM campaign.campaign_contacts k
      JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
     WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status = 'failed'
       AND c.tenant_id = target.tenant AND c.archived_at IS NULL
       AND (contact_ids IS NULL OR k.contact_id = ANY (contact_ids))
       -- who waits in the job that runs has his reservation
       AND NOT EXISTS (SELECT FROM campaign.generation_items i
                        WHERE i.tenant_id = target.tenant AND i.campaign_id = campaign AND i.contact_id = k.contact_id AND i.outcome IS NULL)
     ORDER BY k.contact_id);
  IF cardinality(contacts) = 0 THEN
    RAISE EXCEPTION 'campaign "%" has no failed contacts to try again', campaign
      USING ERRCODE = 'CP002',
            DETAIL = CASE WHEN EXISTS (SELECT FROM campaign.campaign_contacts k
                                        WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status = 'failed'
                                          AND (contact_ids IS NULL OR k.contact_id = ANY (contact_ids)))
                          THEN 'Those in status "failed" wait in the job that runs, or are archived.'
                          WHEN contact_ids IS NULL THEN 'No contact is in status "failed".' ELSE 'None of those is in status "failed".' END,
            HINT = 'campaign.generation_progress() lists the failed ones.';
  END IF;
  IF target.status = 'generating' THEN
    SELECT j.* INTO job FROM campaign.generation_jobs j
     WHERE j.tenant_id = target.tenant AND j.campaign_id = campaign AND j.status = 'running';
    each_usd := job.price_usd * (SELECT sum(s.variants) FROM campaign.generation_steps(target.tenant, campaign) s);
    PERFORM campaign.reserve_generation_budget(target.tenant, each_usd * cardinality(contacts));
    INSERT INTO campaign.generation_items AS i (tenant_id, job_id, contact_id, campaign_id, reserved_usd)
    SELECT target.tenant, job.id, c.id, campaign, each_usd FROM unnest(contacts) c(id) ORDER BY c.id
    ON CONFLICT ON CONSTRAINT generation_items_pkey DO UPDATE
       SET outcome = NULL, error = NULL, ended_at = NULL, attempts = 0, fence = 0, reserved_usd = excluded.reserved_usd;
    UPDATE campaign.generation_jobs j SET reserved_usd = j.reserved_usd + each_usd * cardinality(contacts)
     WHERE j.tenant_id = target.tenant AND j.id = job.id;
    PERFORM pg_notify('campaign_generation', '');
  ELSE
    IF target.status = 'review' THEN
      PERFORM campaign.transition_campaign(campaign, 'ready', 'failed contacts are tried again');
    END IF;
    PERFORM campaign.open_generation(target.tenant, campaign, contacts, false, false);
  END IF;
  RETURN cardinality(contacts);
END $$;
COMMENT ON FUNCTION campaign.retry_generation(uuid, uuid[]) IS
'Tries failed contacts of a campaign that are not archived again, all or those of a list, with a full set of attempts: within the job that runs, or, in ready and review, in a new one for them alone. Those who wait in the job already are left to it. Returns how many the others are. Raises CP001 in any other status, CP002 if there are none, CP005 if the budget is exhausted, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.cancel_generation(campaign uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  target record;
  job uuid;
  now_time timestamptz := campaign.now();
  held uuid[];
BEGIN
  PERFORM campaign.require_read_committed('cancel_generation()');
  target := campaign.lock_outreach_campaign(campaign);
  SELECT j.id INTO job FROM campaign.generation_jobs j
   WHERE j.tenant_id = target.tenant AND j.campaign_id = campaign AND j.status = 'running';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" is not generating', campaign
      USING ERRCODE = 'CP002',
            DETAIL = format('Its status is "%s".', target.status),
            HINT = 'Nothing is to be cancelled.';
  END IF;
  WITH ended AS (
    UPDATE campaign.generation_items i SET outcome = 'cancelled', ended_at = now_time, lease_until = '-infinity'
     WHERE i.tenant_id = target.tenant AND i.job_id = job AND i.outcome IS NULL
    RETURNING i.contact_id)
  SELECT array_agg(e.contact_id) INTO held FROM ended e;
  UPDATE campaign.campaign_contacts k SET status = 'failed', error = 'the generation was cancelled'
   WHERE k.tenant_id = target.tenant AND k.campaign_id = campaign AND k.status = 'generating' AND k.contact_id = ANY (held);
  UPDATE campaign.generation_jobs j SET status = 'cancelled', ended_at = now_time, end_reason = left(coalesce(reason, 'cancelled'), 1000)
   WHERE j.tenant_id = target.tenant AND j.id = job;
  RETURN campaign.transition_campaign(campaign, 'ready', left(coalesce(reason, 'generation cancelled'), 1000));
END $$;
COMMENT ON FUNCTION campaign.cancel_generation(uuid, text) IS
'Ends a generation at once and takes the campaign back to ready; it can be started again. What is written stays. Contacts that a worker has claimed count as failed: the messages that he hands in later are refused (CP004), and what they have cost is kept by fail_generation(). What was reserved is free again. Raises CP002 if nothing is generated, P0002 for a campaign that is not yours, 25000 above READ COMMITTED.';

CREATE FUNCTION campaign.next_generation_status(tenant uuid, campaign uuid, job uuid) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  RETURN (SELECT k.status
            FROM (SELECT i.contact_id FROM campaign.generation_items i
                   WHERE i.tenant_id = tenant AND i.job_id = job AND i.outcome IS NULL ORDER BY i.contact_id LIMIT 1) n
            JOIN campaign.campaign_contacts k ON k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = n.contact_id
           WHERE k.tenant_id = tenant);
END $$;
COMMENT ON FUNCTION campaign.next_generation_status(uuid, uuid, uuid) IS
'Internal: the status of the first contact of a job that is pending; NULL if none is.';

-- The caller has the campaign locked. Review is for messages: without one there is nothing to review.
CREATE FUNCTION campaign.finish_generation(tenant uuid, campaign uuid, job uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
  former_reason text := current_setting('campaign.transition_reason', true);
  counts record;
  to_review boolean;
  why text;
BEGIN
  -- the first one that is pending is enough; whoever was excluded is passed over once
  IF campaign.next_generation_status(tenant, campaign, job) = 'excluded' THEN
    UPDATE campaign.generation_items i SET outcome = 'excluded', ended_at = now_time, lease_until = '-infinity'
      FROM campaign.campaign_contacts k
     WHERE i.tenant_id = tenant AND i.job_id = job AND i.outcome IS NULL
       AND k.tenant_id = tenant AND k.campaign_id = campaign AND k.contact_id = i.contact_id AND k.status = 'excluded';
  END IF;
  IF campaign.next_generation_status(tenant, campaign, job) IS NOT NULL THEN
    RETURN false;
  END IF;
  SELECT count(*) FILTER (WHERE i.outcome = 'generated') AS generated, count(*) FILTER (WHERE i.outcome = 'failed') AS failed,
         count(*) FILTER (WHERE i.outcome = 'excluded') AS excluded INTO counts
    FROM campaign.generation_items i WHERE i.tenant_id = tenant AND i.job_id = job;
  to_review := EXISTS (SELECT FROM campaign.messages m
                         JOIN campaign.campaign_contacts k ON k.tenant_id = m.tenant_id AND k.campaign_id = m.campaign_id AND k.contact_id = m.contact_id
                        WHERE m.tenant_id = tenant AND m.campaign_id = campaign AND k.tenant_id = tenant AND k.status <> 'excluded');
  why := format('%s: %s generated, %s failed, %s excluded', CASE WHEN to_review THEN 'finished' ELSE 'no message was written' END,
                counts.generated, counts.failed, counts.excluded);
  UPDATE campaign.generation_jobs j SET status = 'finished', ended_at = now_time, end_reason = why
   WHERE j.tenant_id = tenant AND j.id = job;
  PERFORM set_config('campaign.transition_reason', why, true);
  UPDATE campaign.campaigns c SET status = CASE WHEN to_review THEN 'review' ELSE 'ready' END
   WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  RETURN true;
END $$;
COMMENT ON FUNCTION campaign.finish_generation(uuid, uuid, uuid) IS
'Internal: ends a job of a locked campaign of which nothing is pending but contacts that were excluded, and takes the campaign to review, or back to ready if it has no message; false if something is pending.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.estimate_generation(uuid)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.start_generation(uuid, boolean, boolean)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.retry_generation(uuid, uuid[])'),
  ('member', 'EXECUTE', 'FUNCTION campaign.cancel_generation(uuid, text)');
