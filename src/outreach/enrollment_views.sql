-- Pictures of an enrolment: per touch, per enrolment, and what waits for a person.

CREATE TYPE campaign.enrollment_touch AS (
  touch_number smallint,
  channel      text,
  scheduled_at timestamptz,
  due_at       timestamptz,
  sent_at      timestamptz,
  status       text,
  attempt      smallint
);
COMMENT ON TYPE campaign.enrollment_touch IS 'One touch of an enrolment, as campaign.enrollment_touches shows it.';

CREATE VIEW campaign.uncertain_touches WITH (security_invoker = true) AS
SELECT q.tenant_id, q.enrollment_id, l.campaign_id, e.contact_id, q.touch_number, l.channel, q.attempt, q.scheduled_at, q.claimed_at,
       q.lease_until AS lease_ended_at, q.lease_until + coalesce(c.uncertain_wait, '0') AS operator_at,
       campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence) AS lease_token,
       campaign.touch_idempotency_key(q.tenant_id, q.enrollment_id, q.touch_number) AS idempotency_key
  FROM campaign.touch_queue q
  JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
  JOIN campaign.channels c ON c.channel = l.channel
  JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
 WHERE q.flags IN (1, 3) AND q.lease_until <= pg_catalog.clock_timestamp()
   AND (q.flags = 3 OR c.uncertain_policy <> 'retry');
COMMENT ON VIEW campaign.uncertain_touches IS
'Touches whose lease ended after begin_send and before a report: nobody knows whether they were sent. From operator_at on they wait for campaign.resolve_uncertain(); a late report settles them too. Channels that retry (email, with the idempotency key) are not shown while their enrolment is live.';

CREATE VIEW campaign.dead_touches WITH (security_invoker = true) AS
SELECT l.tenant_id, l.enrollment_id, l.campaign_id, l.contact_id, l.touch_number, l.channel, l.address, l.attempt, l.scheduled_at,
       l.logged_at AS failed_at, l.error, l.reason
  FROM campaign.send_logs l
 WHERE l.status = 'failed' AND l.is_final AND l.enrollment_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM campaign.send_logs n
                    WHERE n.tenant_id = l.tenant_id AND n.enrollment_id = l.enrollment_id
                      AND n.touch_number = l.touch_number AND n.attempt > l.attempt)
   AND NOT EXISTS (SELECT FROM campaign.touch_queue q
                    WHERE q.tenant_id = l.tenant_id AND q.enrollment_id = l.enrollment_id AND q.touch_number = l.touch_number);
COMMENT ON VIEW campaign.dead_touches IS
'Touches that count as failed, permanently or after all attempts; campaign.retry_touch() tries one again.';

CREATE VIEW campaign.enrollment_touches WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS enrollment_id, e.campaign_id, e.contact_id, t.touch_number,
       coalesce(l.channel, t.channel) AS channel, t.label,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.scheduled_at END, l.scheduled_at,
                -- from the touch before, that of the queue or the last one in the log, by the plan's delays
                f.scheduled_at + (SELECT coalesce(sum(p.delay), '0') FROM campaign.campaign_touches p
                                   WHERE p.tenant_id = e.tenant_id AND p.campaign_id = e.campaign_id AND p.plan_version = e.plan_version
                                     AND p.touch_number > f.touch_number AND p.touch_number <= t.touch_number)) AS scheduled_at,
       CASE WHEN q.touch_number = t.touch_number AND q.due_at < 'infinity' THEN q.due_at + n.shift END AS due_at,
       l.sent_at,
       CASE WHEN q.touch_number = t.touch_number THEN
              CASE WHEN q.lease_until > pg_catalog.clock_timestamp() THEN 'leased'
                   WHEN q.flags & 1 = 1 AND (q.flags = 3 OR h.uncertain_policy <> 'retry') THEN 'uncertain'
                   WHEN q.flags & 2 = 2 THEN 'cancelled'
                   WHEN c.status <> 'running' THEN 'frozen'
                   WHEN q.attempt > 0 THEN 'retrying'
                   ELSE 'scheduled' END
            WHEN l.status IS NOT NULL AND l.is_final THEN l.status
            WHEN e.log_removed_at IS NOT NULL THEN 'forgotten'
            WHEN e.status <> 'active' THEN 'cancelled'
            WHEN c.status <> 'running' THEN 'frozen'
            ELSE 'pending' END AS status,
       coalesce(CASE WHEN q.touch_number = t.touch_number THEN q.attempt END, l.attempt, 0::smallint) AS attempt
  FROM campaign.campaign_enrollments e
  JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
  JOIN campaign.campaign_touches t ON t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version
  JOIN campaign.channels h ON h.channel = t.channel
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  LEFT JOIN campaign.lanes n ON n.tenant_id = q.tenant_id AND n.lane = q.lane
  LEFT JOIN LATERAL (SELECT s.status, s.is_final, s.sent_at, s.scheduled_at, s.attempt, s.channel FROM campaign.send_logs s
                      WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number = t.touch_number
                      ORDER BY s.attempt DESC LIMIT 1) l ON true
  LEFT JOIN LATERAL (SELECT b.touch_number, b.scheduled_at
                       FROM (SELECT q.touch_number, q.scheduled_at WHERE q.touch_number < t.touch_number
                             UNION ALL
                             (SELECT s.touch_number, s.scheduled_at FROM campaign.send_logs s
                               WHERE s.tenant_id = e.tenant_id AND s.enrollment_id = e.id AND s.touch_number < t.touch_number
                               ORDER BY s.touch_number DESC, s.attempt DESC LIMIT 1)
                             UNION ALL SELECT 1::smallint, e.first_scheduled_at) b
                      ORDER BY b.touch_number DESC LIMIT 1) f ON true;
COMMENT ON VIEW campaign.enrollment_touches IS
'One row per touch of each enrolment: when it is or was scheduled, due and sent, and its status: sent, failed, skipped, scheduled, pending (not next yet), retrying, leased, uncertain, frozen (campaign not running), cancelled (enrolment ended) or forgotten (its log was removed by log_retention).';

CREATE VIEW campaign.enrollment_timeline WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS enrollment_id, e.campaign_id, e.contact_id, e.job_id, e.plan_version,
       CASE WHEN e.status = 'active' AND c.status <> 'running' THEN 'frozen' ELSE e.status END AS status,
       e.stop_reason, e.anchor_at, e.enrolled_at, e.completed_at, e.stopped_at, q.touch_number AS current_touch, t.touch_count,
       t.touches[1].scheduled_at AS touch_1_scheduled_at, t.touches[1].sent_at AS touch_1_sent_at, t.touches[1].status AS touch_1_status,
       t.touches[2].scheduled_at AS touch_2_scheduled_at, t.touches[2].sent_at AS touch_2_sent_at, t.touches[2].status AS touch_2_status,
       t.touches[3].scheduled_at AS touch_3_scheduled_at, t.touches[3].sent_at AS touch_3_sent_at, t.touches[3].status AS touch_3_status,
       t.touches[4].scheduled_at AS touch_4_scheduled_at, t.touches[4].sent_at AS touch_4_sent_at, t.touches[4].status AS touch_4_status,
       t.touches
  FROM campaign.campaign_enrollments e
  JOIN campaign.campaigns c ON c.tenant_id = e.tenant_id AND c.id = e.campaign_id
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*)::integer AS touch_count,
           pg_catalog.array_agg(ROW(v.touch_number, v.channel, v.scheduled_at, v.due_at, v.sent_at, v.status, v.attempt)::campaign.enrollment_touch
                                ORDER BY v.touch_number) AS touches
      FROM campaign.enrollment_touches v WHERE v.tenant_id = e.tenant_id AND v.enrollment_id = e.id) t;
COMMENT ON VIEW campaign.enrollment_timeline IS
'One row per enrolment with the times and statuses of its first four touches and, in touches, of all; status is frozen for an active enrolment of a campaign that is not running.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.uncertain_touches'),
  ('member', 'SELECT', 'TABLE campaign.dead_touches'),
  ('member', 'SELECT', 'TABLE campaign.enrollment_touches'),
  ('member', 'SELECT', 'TABLE campaign.enrollment_timeline'),
  ('member', 'USAGE', 'TYPE campaign.enrollment_touch');
