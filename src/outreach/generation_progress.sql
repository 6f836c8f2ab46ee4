-- How far a generation is. Counted over items and messages, so that it cannot drift.

CREATE FUNCTION campaign.generation_progress(campaign uuid,
  OUT job uuid, OUT status text, OUT started_by text, OUT started_at timestamptz, OUT ended_at timestamptz, OUT end_reason text,
  OUT total bigint, OUT generated bigint, OUT failed bigint, OUT excluded bigint, OUT cancelled bigint, OUT held bigint, OUT waiting bigint,
  OUT percent numeric, OUT by_channel jsonb, OUT failures jsonb, OUT reserved_usd numeric, OUT spent_usd numeric)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid := (campaign.find_outreach_campaign(campaign, campaign.readable_tenants())).tenant_id;
  written jsonb;
BEGIN
  SELECT j.id, j.status, j.started_by, j.started_at, j.ended_at, j.end_reason
    INTO job, status, started_by, started_at, ended_at, end_reason
    FROM campaign.generation_jobs j WHERE j.tenant_id = owner_tenant AND j.campaign_id = campaign
   ORDER BY j.id DESC LIMIT 1;
  SELECT count(*), count(*) FILTER (WHERE i.outcome = 'generated'), count(*) FILTER (WHERE i.outcome = 'failed'),
         count(*) FILTER (WHERE i.outcome = 'excluded'), count(*) FILTER (WHERE i.outcome = 'cancelled'),
         count(*) FILTER (WHERE i.outcome IS NULL AND i.lease_until > clock_timestamp()),
         count(*) FILTER (WHERE i.outcome IS NULL AND i.lease_until <= clock_timestamp()),
         coalesce(sum(i.reserved_usd) FILTER (WHERE i.outcome IS NULL), 0)
    INTO total, generated, failed, excluded, cancelled, held, waiting, reserved_usd
    FROM campaign.generation_items i WHERE i.tenant_id = owner_tenant AND i.job_id = job;
  percent := round(100.0 * (total - held - waiting) / nullif(total, 0), 1);
  SELECT jsonb_object_agg(w.channel, w.messages) INTO written
    FROM (SELECT m.channel, count(*) AS messages
            FROM campaign.generation_items i
            JOIN campaign.messages m ON m.tenant_id = i.tenant_id AND m.campaign_id = i.campaign_id AND m.contact_id = i.contact_id
           WHERE i.tenant_id = owner_tenant AND i.job_id = job AND m.tenant_id = owner_tenant
             -- of who is pending nothing was written by this job, whatever he has of an earlier one
             AND i.outcome IN ('generated', 'failed')
           GROUP BY m.channel) w;
  -- the target is what the contacts of the job, but those who left it, are to have
  SELECT jsonb_object_agg(s.channel, jsonb_build_object('generated', coalesce((written ->> s.channel)::bigint, 0),
                                                        'target', s.variants * (total - excluded - cancelled))) INTO by_channel
    FROM (SELECT g.channel, sum(g.variants)::bigint AS variants FROM campaign.generation_steps(owner_tenant, campaign) g GROUP BY g.channel) s;
  SELECT coalesce(jsonb_agg(jsonb_build_object('contact_id', f.contact_id, 'name', f.name, 'error', f.error) ORDER BY f.contact_id), '[]') INTO failures
    FROM (SELECT k.contact_id, c.name, k.error FROM campaign.campaign_contacts k
            JOIN campaign.contacts c ON c.tenant_id = k.tenant_id AND c.id = k.contact_id
           WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign AND k.status = 'failed' AND c.tenant_id = owner_tenant
           ORDER BY k.contact_id LIMIT 1000) f;
  spent_usd := coalesce((SELECT sum(g.usd) FROM campaign.generation_costs g
                          WHERE g.tenant_id = owner_tenant AND g.campaign_id = campaign AND g.job_id = job), 0);
END $$;
COMMENT ON FUNCTION campaign.generation_progress(uuid) IS
'How far the latest generation of a campaign is: its contacts in all, by outcome, held by workers and waiting; percent of them that have ended; messages generated and wanted by channel; the failed contacts of the campaign with their errors (the first 1000); what is reserved and what was spent. Without a job only by_channel and failures say something. Raises P0002 for a campaign that is not yours.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.generation_progress(uuid)');
