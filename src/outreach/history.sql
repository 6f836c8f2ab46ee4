-- What history refers to is not deleted; what has none goes with its children.

-- Refused here, with the way out, rather than by the bare foreign key. A whole
-- tenant may go: its row is gone already when the cascade arrives.
CREATE FUNCTION campaign.keep_history() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  has_history boolean;
BEGIN
  PERFORM 1 FROM campaign.tenants WHERE id = OLD.tenant_id;
  IF NOT FOUND THEN
    RETURN OLD;
  END IF;
  IF TG_TABLE_NAME = 'contacts' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.contact_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.contact_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.touch_events v WHERE v.tenant_id = OLD.tenant_id AND v.contact_id = OLD.id);
  ELSIF TG_TABLE_NAME = 'jobs' THEN
    has_history := EXISTS (SELECT FROM campaign.campaign_enrollments e WHERE e.tenant_id = OLD.tenant_id AND e.job_id = OLD.id);
  ELSE
    has_history := EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = OLD.tenant_id AND l.template_id = OLD.id)
                OR EXISTS (SELECT FROM campaign.campaign_touches t WHERE t.tenant_id = OLD.tenant_id AND t.template_id = OLD.id);
  END IF;
  IF has_history THEN
    RAISE EXCEPTION '% "%" has history and cannot be deleted', TG_ARGV[0], OLD.id
      USING ERRCODE = 'foreign_key_violation',
            DETAIL = 'Enrolments, plans, sent messages or events refer to it.',
            HINT = TG_ARGV[1], SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
  END IF;
  RETURN OLD;
END $$;
COMMENT ON FUNCTION campaign.keep_history() IS
'Trigger (noun, hint): refuses (23503) the deletion of a row that enrolments, plans or the send log refer to.';
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.contacts
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('contact', 'Archive the contact with campaign.archive_contact(), or have campaign.erase_contact() forget the person.');
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('message template', 'Set archived_at: an archived template is no longer chosen.');
CREATE TRIGGER keep_history BEFORE DELETE ON campaign.jobs
  FOR EACH ROW EXECUTE FUNCTION campaign.keep_history('job', 'Set its status to do_not_send.');
COMMENT ON TRIGGER keep_history ON campaign.contacts IS 'What history refers to stays.';
COMMENT ON TRIGGER keep_history ON campaign.message_templates IS 'What history refers to stays.';
COMMENT ON TRIGGER keep_history ON campaign.jobs IS 'What history refers to stays.';
