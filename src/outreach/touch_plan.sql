-- What claims keep of slow-changing tables between two calls (touch_plan.c) is dropped when one of them changes.

CREATE TRIGGER channels_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.channels
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER channels_forget_all AFTER TRUNCATE ON campaign.channels
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER send_limits_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.send_limits
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER send_limits_forget_all AFTER TRUNCATE ON campaign.send_limits
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER outreach_campaigns_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.outreach_campaigns
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER outreach_campaigns_forget_all AFTER TRUNCATE ON campaign.outreach_campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER campaign_touches_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.campaign_touches
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER campaign_touches_forget_all AFTER TRUNCATE ON campaign.campaign_touches
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenants_forget_settings AFTER UPDATE ON campaign.tenants
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER blackout_dates_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.blackout_dates
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER blackout_dates_forget_all AFTER TRUNCATE ON campaign.blackout_dates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER message_templates_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.message_templates
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER message_templates_forget_all AFTER TRUNCATE ON campaign.message_templates
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenant_keys_forget AFTER INSERT OR UPDATE OR DELETE ON campaign.tenant_keys
  FOR EACH ROW EXECUTE FUNCTION campaign.invalidate_relation_cache();
CREATE TRIGGER tenant_keys_forget_all AFTER TRUNCATE ON campaign.tenant_keys
  FOR EACH STATEMENT EXECUTE FUNCTION campaign.invalidate_relation_cache();

ALTER TABLE campaign.channels ENABLE ALWAYS TRIGGER channels_forget;
ALTER TABLE campaign.channels ENABLE ALWAYS TRIGGER channels_forget_all;
ALTER TABLE campaign.send_limits ENABLE ALWAYS TRIGGER send_limits_forget;
ALTER TABLE campaign.send_limits ENABLE ALWAYS TRIGGER send_limits_forget_all;
ALTER TABLE campaign.outreach_campaigns ENABLE ALWAYS TRIGGER outreach_campaigns_forget;
ALTER TABLE campaign.outreach_campaigns ENABLE ALWAYS TRIGGER outreach_campaigns_forget_all;
ALTER TABLE campaign.campaign_touches ENABLE ALWAYS TRIGGER campaign_touches_forget;
ALTER TABLE campaign.campaign_touches ENABLE ALWAYS TRIGGER campaign_touches_forget_all;
ALTER TABLE campaign.tenants ENABLE ALWAYS TRIGGER tenants_forget_settings;
ALTER TABLE campaign.blackout_dates ENABLE ALWAYS TRIGGER blackout_dates_forget;
ALTER TABLE campaign.blackout_dates ENABLE ALWAYS TRIGGER blackout_dates_forget_all;
ALTER TABLE campaign.message_templates ENABLE ALWAYS TRIGGER message_templates_forget;
ALTER TABLE campaign.message_templates ENABLE ALWAYS TRIGGER message_templates_forget_all;
ALTER TABLE campaign.tenant_keys ENABLE ALWAYS TRIGGER tenant_keys_forget;
ALTER TABLE campaign.tenant_keys ENABLE ALWAYS TRIGGER tenant_keys_forget_all;
COMMENT ON TRIGGER channels_forget ON campaign.channels IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER channels_forget_all ON campaign.channels IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER send_limits_forget ON campaign.send_limits IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER send_limits_forget_all ON campaign.send_limits IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER outreach_campaigns_forget ON campaign.outreach_campaigns IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER outreach_campaigns_forget_all ON campaign.outreach_campaigns IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER campaign_touches_forget ON campaign.campaign_touches IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER campaign_touches_forget_all ON campaign.campaign_touches IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER tenants_forget_settings ON campaign.tenants IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER blackout_dates_forget ON campaign.blackout_dates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER blackout_dates_forget_all ON campaign.blackout_dates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER message_templates_forget ON campaign.message_templates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER message_templates_forget_all ON campaign.message_templates IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER tenant_keys_forget ON campaign.tenant_keys IS 'Claims keep what they know of it in memory.';
COMMENT ON TRIGGER tenant_keys_forget_all ON campaign.tenant_keys IS 'Claims keep what they know of it in memory.';
