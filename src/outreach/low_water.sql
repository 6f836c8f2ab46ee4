-- What keeps claims from looking again at what they have read: see low_water.h.

CREATE FUNCTION campaign.lower_mark() RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_lower_mark';
COMMENT ON FUNCTION campaign.lower_mark() IS
'Trigger on touch_queue: tells claims of a row that came in, moved or was given back where they have read already. Raises 39P01 on any other table.';

-- Always, also where a replica or a restore writes; without them claims read every lane from its beginning.
CREATE TRIGGER lower_mark_insert BEFORE INSERT ON campaign.touch_queue
  FOR EACH ROW EXECUTE FUNCTION campaign.lower_mark();
CREATE TRIGGER lower_mark_update AFTER UPDATE ON campaign.touch_queue
  FOR EACH ROW WHEN (NEW.due_at <> OLD.due_at OR NEW.lane <> OLD.lane OR NEW.tenant_id <> OLD.tenant_id OR NEW.enrollment_id <> OLD.enrollment_id OR NEW.lease_until < OLD.lease_until)
  EXECUTE FUNCTION campaign.lower_mark();
ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_insert;
ALTER TABLE campaign.touch_queue ENABLE ALWAYS TRIGGER lower_mark_update;
COMMENT ON TRIGGER lower_mark_insert ON campaign.touch_queue IS 'Claims look at what comes in below what they have read.';
COMMENT ON TRIGGER lower_mark_update ON campaign.touch_queue IS 'Claims look at what is due again below what they have read.';

CREATE FUNCTION campaign.rescan_marks() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'campaign_rescan_marks';
COMMENT ON FUNCTION campaign.rescan_marks() IS
'Internal: reads all of the queue that claims do not look at again, and has them look at rows that they would overlook. Returns how many there were: 0, unless somebody has written to the queue without its triggers. Part of maintenance, now and then.';
