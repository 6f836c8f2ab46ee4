-- What both systems work on: tenants, contacts, one campaign of four emails for each
-- tenant (psql variables "enrollments" and "tenants"). bench.load_*() then put every
-- contact before touch 1, which is due; touch 2 is due in a month, so that each
-- completion moves its row and none comes round again.

CREATE SCHEMA bench;
CREATE TABLE bench.tenants AS
SELECT n, campaign.create_tenant('Tenant ' || n, 'tenant-' || n, 'UTC', 'postgres') AS tenant_id
  FROM generate_series(0, :tenants - 1) n;
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
ALTER TABLE bench.tenants ADD campaign_id uuid, ADD lane int;

UPDATE bench.tenants SET campaign_id = campaign.create_campaign(tenant_id, 'bench',
  (SELECT jsonb_agg(jsonb_build_object('step', n, 'channel', 'email', 'label', 'Touch ' || n, 'delay_hours', 744,
     'subject', 'How did we do?', 'body_text', E'Hi {{contact.first_name|there}},\n\nthank you for choosing {{tenant.name}}.\n'
       'Would you take a minute to tell us how we did?\n\nBest regards,\n{{tenant.sender_name}}') ORDER BY n)
     FROM generate_series(1, 4) n), audience => 'contacts');
SELECT campaign.launch_campaign(campaign_id) FROM bench.tenants;
UPDATE bench.tenants t SET lane = l.lane FROM campaign.lanes l WHERE l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id;

-- in no order of time, as jobs are not completed in the order of anything
CREATE TABLE bench.people AS
SELECT campaign.uuid_v7() AS contact_id, campaign.uuid_v7() AS enrollment_id, t.tenant_id, t.campaign_id, t.lane, i,
       date_trunc('second', now()) - interval '3 days' + (i::bigint * 7919 % :enrollments) * interval '1 second' AS due_at
  FROM generate_series(1, :enrollments) i JOIN bench.tenants t ON t.n = i % :tenants;

INSERT INTO campaign.contacts (tenant_id, id, first_name, last_name, email)
SELECT tenant_id, contact_id, 'Ann', 'Number ' || i, 'ann.' || i || '@example.com' FROM bench.people;
INSERT INTO reference.contacts SELECT contact_id, tenant_id, 'Ann', 'ann.' || i || '@example.com' FROM bench.people;
INSERT INTO reference.touches
SELECT campaign_id, touch_number, delay, subject, body FROM campaign.campaign_touches;
VACUUM ANALYZE;

CREATE FUNCTION bench.load_campaign() RETURNS void LANGUAGE sql AS $$
  TRUNCATE campaign.touch_queue, campaign.campaign_enrollments, campaign.enrollment_conflicts, campaign.send_logs;
  INSERT INTO campaign.campaign_enrollments (tenant_id, id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
  SELECT tenant_id, enrollment_id, campaign_id, contact_id, 1, due_at - interval '744 hours', due_at, now() FROM bench.people ORDER BY i;
  INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
  SELECT tenant_id, lane, due_at, enrollment_id, due_at, 1 FROM bench.people ORDER BY i;
$$;
CREATE FUNCTION bench.load_reference() RETURNS void LANGUAGE sql AS $$
  TRUNCATE reference.enrollments, reference.send_logs;
  INSERT INTO reference.enrollments (id, tenant_id, campaign_id, contact_id, touch_count, touch_1_scheduled_at, touch_1_status)
  SELECT enrollment_id, tenant_id, campaign_id, contact_id, 4, due_at, 'pending' FROM bench.people ORDER BY i;
$$;

CREATE ROLE bench_worker LOGIN;
SELECT campaign.grant_access('bench_worker', 'worker');
