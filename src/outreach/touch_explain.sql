-- Why has this contact not received the next touch?

CREATE FUNCTION campaign.explain_touch(tenant uuid, enrollment uuid,
  OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at timestamptz)
RETURNS SETOF record
LANGUAGE c STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'campaign_explain_touch';
COMMENT ON FUNCTION campaign.explain_touch(uuid, uuid) IS
'Internal: the checks of the next touch of an enrolment, with their answers.';

CREATE FUNCTION campaign.explain_enrollment(enrollment uuid,
  OUT "check" text, OUT outcome text, OUT reason text, OUT changes_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT e.tenant_id INTO owner_tenant FROM campaign.campaign_enrollments e
   WHERE e.tenant_id = ANY (campaign.readable_tenants()) AND e.id = explain_enrollment.enrollment;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'enrolment % does not exist', coalesce('"' || explain_enrollment.enrollment || '"', 'null')
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an enrolment with this id.',
            HINT = 'Check the id; an enrolment of another tenant is not found.';
  END IF;
  RETURN QUERY SELECT x."check", x.outcome, x.reason, x.changes_at
    FROM campaign.explain_touch(owner_tenant, explain_enrollment.enrollment) x;
END $$;
COMMENT ON FUNCTION campaign.explain_enrollment(uuid) IS
'Why an enrolment has not received its next touch: one row per check of the gate that claims ask, in its order, with the outcome (pass, wait, hold, defer, skip, stop), the reason as the log would show it, and the time at which the answer changes, where one is known. Asked at the time when the touch is due. Raises P0002.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'EXECUTE', 'FUNCTION campaign.explain_enrollment(uuid)');
