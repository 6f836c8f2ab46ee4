-- The breaker: a campaign whose messages bounce, annoy or fail is paused, with the reason; a person resumes it.

CREATE FUNCTION campaign.breaker_counts(tenant uuid, campaign uuid,
  OUT since timestamptz, OUT sent bigint, OUT failed bigint, OUT bounced_hard bigint, OUT complained bigint, OUT unfolded bigint)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  now_time timestamptz := campaign.now();
BEGIN
  -- what came before the resume was judged by who resumed
  SELECT greatest(now_time - interval '24 hours', max(l.resumed_at)) INTO since
    FROM campaign.lanes l WHERE l.tenant_id = tenant AND l.campaign_id = campaign;
  SELECT coalesce(sum(c.n) FILTER (WHERE c.metric = 'sent'), 0)::bigint, coalesce(sum(c.n) FILTER (WHERE c.metric = 'failed'), 0)::bigint,
         coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_hard'), 0)::bigint,
         coalesce(sum(c.n) FILTER (WHERE c.metric = 'complained'), 0)::bigint, count(*) FILTER (WHERE c.is_delta)
    INTO sent, failed, bounced_hard, complained, unfolded
    FROM (SELECT r.metric, r.n, false AS is_delta FROM campaign.recent_counts r
           WHERE r.tenant_id = tenant AND r.campaign_id = campaign AND r.at BETWEEN since AND now_time
          UNION ALL
          SELECT d.metric, d.n, true FROM campaign.touch_count_deltas d
           WHERE d.tenant_id = tenant AND d.campaign_id = campaign AND d.at BETWEEN since AND now_time) c;
END $$;
COMMENT ON FUNCTION campaign.breaker_counts(uuid, uuid) IS
'Internal: what the breaker judges a campaign by: the last 24 hours, to five minutes, or since its last resume; unfolded says how many rows are not in the totals yet.';

CREATE FUNCTION campaign.breaker_reason(sent bigint, failed bigint, bounced_hard bigint, complained bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN sent >= 100 AND bounced_hard * 100 > sent * 5
  THEN pg_catalog.format('breaker: %s of %s messages of the last 24 hours bounced, more than 5 %%', bounced_hard, sent)
  WHEN sent >= 100 AND complained * 1000 > sent * 3
  THEN pg_catalog.format('breaker: %s of %s messages of the last 24 hours were complained of, more than 0.3 %%', complained, sent)
  WHEN sent + failed >= 100 AND failed * 100 > (sent + failed) * 20
  THEN pg_catalog.format('breaker: %s of %s touches of the last 24 hours failed, more than 20 %%', failed, sent + failed) END;
COMMENT ON FUNCTION campaign.breaker_reason(bigint, bigint, bigint, bigint) IS
'Internal: why a campaign with these counts is to be paused; NULL if it is not.';

-- Called by who holds a contact or an enrolment, which come behind the campaign in the lock order: it
-- waits for no campaign. Who has this one is changing it, and the next check comes soon.
CREATE FUNCTION campaign.check_breaker(tenant uuid, campaign uuid) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  counts record := campaign.breaker_counts(tenant, campaign);
  why text := campaign.breaker_reason(counts.sent, counts.failed, counts.bounced_hard, counts.complained);
  former_reason text;
BEGIN
  -- where nobody folds, the checks themselves keep the next ones short
  IF counts.unfolded > 1000 THEN
    PERFORM campaign.fold_tenant_counts(tenant, 20000);
  END IF;
  IF why IS NULL THEN
    RETURN NULL;
  END IF;
  -- it is logged, with a key to the tenant, which somebody may be deleting
  PERFORM FROM campaign.tenants t WHERE t.id = tenant FOR KEY SHARE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM FROM campaign.campaigns c
   WHERE c.tenant_id = tenant AND c.id = campaign AND c.kind = 'outreach' AND c.status = 'running'
     FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  former_reason := current_setting('campaign.transition_reason', true);
  PERFORM set_config('campaign.transition_reason', why, true);
  UPDATE campaign.campaigns c SET status = 'paused' WHERE c.tenant_id = tenant AND c.id = campaign;
  PERFORM set_config('campaign.transition_reason', coalesce(former_reason, ''), true);
  RETURN why;
END $$;
COMMENT ON FUNCTION campaign.check_breaker(uuid, uuid) IS
'Internal: pauses a running campaign if, of the last 24 hours or since its last resume, more than 5 % of at least 100 messages bounced hard, more than 0.3 % were complained of, or more than 20 % of at least 100 touches failed; returns the reason, else NULL. Waits for no campaign that somebody has locked.';

CREATE FUNCTION campaign.check_breakers() RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  running record;
  paused integer := 0;
BEGIN
  FOR running IN
    SELECT c.tenant_id, c.id FROM campaign.campaigns c
     WHERE c.kind = 'outreach' AND c.status = 'running' ORDER BY c.tenant_id, c.id
  LOOP
    IF campaign.check_breaker(running.tenant_id, running.id) IS NOT NULL THEN
      paused := paused + 1;
    END IF;
  END LOOP;
  RETURN paused;
END $$;
COMMENT ON FUNCTION campaign.check_breakers() IS
'Pauses every running campaign whose messages bounce, are complained of or fail too often; returns how many. Reports and events check their own campaign; this is for maintenance.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('admin', 'EXECUTE', 'FUNCTION campaign.check_breakers()');
