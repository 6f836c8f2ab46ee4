-- What a claim asks that is more than a read of rows.

CREATE FUNCTION campaign.unmatched_stop_reason(tenant uuid, enrollment uuid) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.stop_reason
    FROM campaign.touch_events v
    JOIN campaign.send_logs l ON l.tenant_id = $1 AND l.provider_id = v.provider_id AND l.enrollment_id = $2
   CROSS JOIN LATERAL campaign.event_rules(campaign.event_of_message(v, l)) r
   WHERE v.tenant_id = $1 AND v.unmatched AND r.stop_reason IS NOT NULL
   ORDER BY v.at, v.id LIMIT 1;
END;
COMMENT ON FUNCTION campaign.unmatched_stop_reason(uuid, uuid) IS
'Internal: why an event that was told before the report of its message stops an enrolment, where match_events() has not applied it yet; NULL: none does.';
