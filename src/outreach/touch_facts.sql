-- What a claim asks that is more than a read of rows.

CREATE FUNCTION campaign.unmatched_stop_reason(tenant uuid, enrollment uuid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.reason
    FROM campaign.touch_events v
    JOIN campaign.send_logs l ON l.tenant_id = $1 AND l.provider_id = v.provider_id AND l.enrollment_id = $2
   CROSS JOIN LATERAL (SELECT CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                                   WHEN v.kind = 'clicked' AND v.link = 'review' THEN 'review_clicked'
                                   ELSE v.kind END AS event) w
    JOIN campaign.stop_rules r ON r.event = w.event AND r.action = 'stop'
     -- a tenant's own rules for an event replace the system's
     AND r.tenant_id = CASE WHEN EXISTS (SELECT FROM campaign.stop_rules o WHERE o.tenant_id = $1 AND o.event = w.event)
                            THEN $1 ELSE '00000000-0000-0000-0000-000000000000' END
   WHERE v.tenant_id = $1 AND v.unmatched AND NOT v.is_machine
   ORDER BY v.at, v.id LIMIT 1;
END;
COMMENT ON FUNCTION campaign.unmatched_stop_reason(uuid, uuid) IS
'Internal: why an event that was told before the report of its message stops an enrolment, where match_events() has not applied it yet; NULL: none does.';
