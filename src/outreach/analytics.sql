-- Analytics: views over the counts, exact and without a join that multiplies. A figure is what the log,
-- the events and the enrolments come to, whatever the size of the log.

CREATE VIEW campaign.counts WITH (security_invoker = true) AS
SELECT c.tenant_id, c.campaign_id, c.touch_number, c.service_type, c.metric, c.n, c.seconds FROM campaign.touch_counts c
UNION ALL
SELECT d.tenant_id, d.campaign_id, d.touch_number, d.service_type, d.metric, d.n, d.seconds FROM campaign.touch_count_deltas d;
COMMENT ON VIEW campaign.counts IS
'Totals and what was counted since the last fold, in one: the sum of n by whatever columns is exact at every instant. See touch_counts for the columns.';

CREATE FUNCTION campaign.rate(part bigint, whole bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(part::numeric / nullif(whole, 0), 4);
COMMENT ON FUNCTION campaign.rate(bigint, bigint) IS
'Part of a whole, to four digits; NULL of nothing. What the rates of the analytics views are computed with.';

CREATE VIEW campaign.touch_analytics WITH (security_invoker = true) AS
SELECT t.tenant_id, t.campaign_id, t.touch_number, p.channel, p.label,
       t.sent, t.skipped, t.failed, t.delivered, t.opened, t.machine_opened, t.clicked, t.replied, t.converted, t.reviewed, t.feedback,
       t.bounced_hard + t.bounced_soft AS bounced, t.bounced_hard, t.bounced_soft, t.complained, t.unsubscribed,
       campaign.rate(t.failed, t.sent + t.failed) AS failure_rate, campaign.rate(t.delivered, t.sent) AS delivery_rate,
       campaign.rate(t.opened, t.sent) AS open_rate, campaign.rate(t.clicked, t.sent) AS click_rate,
       campaign.rate(t.replied, t.sent) AS reply_rate, campaign.rate(t.converted, t.sent) AS conversion_rate,
       campaign.rate(t.bounced_hard + t.bounced_soft, t.sent) AS bounce_rate, campaign.rate(t.complained, t.sent) AS complaint_rate,
       campaign.rate(t.unsubscribed, t.sent) AS unsubscribe_rate
  FROM (SELECT c.tenant_id, c.campaign_id, c.touch_number,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'sent'), 0)::bigint AS sent,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'skipped'), 0)::bigint AS skipped,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'failed'), 0)::bigint AS failed,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'delivered'), 0)::bigint AS delivered,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'opened'), 0)::bigint AS opened,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'machine_opened'), 0)::bigint AS machine_opened,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'clicked'), 0)::bigint AS clicked,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'replied'), 0)::bigint AS replied,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'converted'), 0)::bigint AS converted,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'reviewed'), 0)::bigint AS reviewed,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'feedback'), 0)::bigint AS feedback,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_hard'), 0)::bigint AS bounced_hard,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'bounced_soft'), 0)::bigint AS bounced_soft,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'complained'), 0)::bigint AS complained,
               coalesce(sum(c.n) FILTER (WHERE c.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
          FROM (SELECT k.tenant_id, k.campaign_id, k.touch_number, k.metric, k.n FROM campaign.counts k WHERE k.touch_number > 0
                UNION ALL
                -- a touch of the plan is shown before anything has come of it
                SELECT o.tenant_id, o.campaign_id, f.touch_number, NULL, 0
                  FROM campaign.outreach_campaigns o
                  JOIN campaign.campaign_touches f ON f.tenant_id = o.tenant_id AND f.campaign_id = o.campaign_id AND f.plan_version = o.plan_version) c
         GROUP BY c.tenant_id, c.campaign_id, c.touch_number) t
  JOIN LATERAL (SELECT f.channel, f.label FROM campaign.campaign_touches f
                 WHERE f.tenant_id = t.tenant_id AND f.campaign_id = t.campaign_id AND f.touch_number = t.touch_number
                 ORDER BY f.plan_version DESC LIMIT 1) p ON true;
COMMENT ON VIEW campaign.touch_analytics IS
'What became of each touch of each campaign, exactly: every figure counts a touch of an enrolment once, and converted an enrolment once. Touches go by their number, over all plan versions; channel and label are those of the newest that has it. Rates are parts of what was sent; failure_rate is that of sent and failed.';

CREATE VIEW campaign.campaign_analytics WITH (security_invoker = true) AS
SELECT c.tenant_id, c.id AS campaign_id, c.name, c.status,
       n.enrolled, n.enrolled - n.completed - n.stopped AS live,
       CASE WHEN c.status = 'running' THEN n.enrolled - n.completed - n.stopped ELSE 0 END AS active,
       CASE WHEN c.status = 'running' THEN 0 ELSE n.enrolled - n.completed - n.stopped END AS frozen,
       n.completed, n.stopped, r.stop_reasons,
       n.sent, n.skipped, n.failed, n.delivered, n.opened, n.machine_opened, n.clicked, n.replied, n.converted, n.reviewed, n.feedback,
       n.bounced_hard + n.bounced_soft AS bounced, n.bounced_hard, n.bounced_soft, n.complained, n.unsubscribed,
       campaign.rate(n.failed, n.sent + n.failed) AS failure_rate, campaign.rate(n.delivered, n.sent) AS delivery_rate,
       campaign.rate(n.opened, n.sent) AS open_rate, campaign.rate(n.clicked, n.sent) AS click_rate,
       campaign.rate(n.replied, n.sent) AS reply_rate, campaign.rate(n.converted, n.enrolled) AS conversion_rate,
       campaign.rate(n.bounced_hard + n.bounced_soft, n.sent) AS bounce_rate, campaign.rate(n.complained, n.sent) AS complaint_rate,
       campaign.rate(n.unsubscribed, n.sent) AS unsubscribe_rate,
       campaign.rate(n.sent, n.enrolled) AS average_touches,
       pg_catalog.make_interval(secs => pg_catalog.round(n.seconds_to_complete::numeric / nullif(n.completed, 0))::double precision) AS average_time_to_complete
  FROM campaign.campaigns c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(k.n) FILTER (WHERE k.metric = 'enrolled'), 0)::bigint AS enrolled,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS completed,
              coalesce(sum(k.seconds) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS seconds_to_complete,
              coalesce(sum(k.n) FILTER (WHERE pg_catalog.starts_with(k.metric, 'stopped.')), 0)::bigint AS stopped,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'sent'), 0)::bigint AS sent,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'skipped'), 0)::bigint AS skipped,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'failed'), 0)::bigint AS failed,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'delivered'), 0)::bigint AS delivered,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'opened'), 0)::bigint AS opened,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'machine_opened'), 0)::bigint AS machine_opened,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'clicked'), 0)::bigint AS clicked,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'replied'), 0)::bigint AS replied,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'converted'), 0)::bigint AS converted,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'reviewed'), 0)::bigint AS reviewed,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'feedback'), 0)::bigint AS feedback,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'bounced_hard'), 0)::bigint AS bounced_hard,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'bounced_soft'), 0)::bigint AS bounced_soft,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'complained'), 0)::bigint AS complained,
              coalesce(sum(k.n) FILTER (WHERE k.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
         FROM campaign.counts k WHERE k.tenant_id = c.tenant_id AND k.campaign_id = c.id) n
 CROSS JOIN LATERAL (
       SELECT coalesce(pg_catalog.jsonb_object_agg(s.reason, s.n ORDER BY s.reason), '{}') AS stop_reasons
         FROM (SELECT pg_catalog.substr(k.metric, 9) AS reason, sum(k.n)::bigint AS n FROM campaign.counts k
                WHERE k.tenant_id = c.tenant_id AND k.campaign_id = c.id AND k.touch_number = 0 AND pg_catalog.starts_with(k.metric, 'stopped.')
                GROUP BY k.metric HAVING sum(k.n) <> 0) s) r
 WHERE c.kind = 'outreach';
COMMENT ON VIEW campaign.campaign_analytics IS
'One row per outreach campaign, exact: how many enrolments there are in each state (live ones are active, or frozen while the campaign is not running), why they were stopped ({reason: n}), what became of all touches, with rates of what was sent; conversion_rate is that of the enrolments. average_touches is what was sent for an enrolment; average_time_to_complete is from enrolment to the last touch, to the second.';

CREATE VIEW campaign.service_type_analytics WITH (security_invoker = true) AS
SELECT s.tenant_id, s.service_type, s.enrolled, s.enrolled - s.completed - s.stopped AS live, s.completed, s.stopped,
       s.sent, s.skipped, s.failed, s.delivered, s.opened, s.clicked, s.replied, s.converted, s.bounced, s.complained, s.unsubscribed,
       campaign.rate(s.delivered, s.sent) AS delivery_rate, campaign.rate(s.opened, s.sent) AS open_rate,
       campaign.rate(s.clicked, s.sent) AS click_rate, campaign.rate(s.replied, s.sent) AS reply_rate,
       campaign.rate(s.converted, s.enrolled) AS conversion_rate
  FROM (SELECT k.tenant_id, nullif(k.service_type, '') AS service_type,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'enrolled'), 0)::bigint AS enrolled,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'completed'), 0)::bigint AS completed,
               coalesce(sum(k.n) FILTER (WHERE pg_catalog.starts_with(k.metric, 'stopped.')), 0)::bigint AS stopped,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'sent'), 0)::bigint AS sent,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'skipped'), 0)::bigint AS skipped,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'failed'), 0)::bigint AS failed,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'delivered'), 0)::bigint AS delivered,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'opened'), 0)::bigint AS opened,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'clicked'), 0)::bigint AS clicked,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'replied'), 0)::bigint AS replied,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'converted'), 0)::bigint AS converted,
               coalesce(sum(k.n) FILTER (WHERE k.metric IN ('bounced_hard', 'bounced_soft')), 0)::bigint AS bounced,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'complained'), 0)::bigint AS complained,
               coalesce(sum(k.n) FILTER (WHERE k.metric = 'unsubscribed'), 0)::bigint AS unsubscribed
          FROM campaign.counts k GROUP BY k.tenant_id, k.service_type) s;
COMMENT ON VIEW campaign.service_type_analytics IS
'The same per service type of a tenant, over all of its campaigns: that of the job, or for enrolments without one of the campaign; NULL: none.';

CREATE VIEW campaign.campaign_funnel WITH (security_invoker = true) AS
SELECT s.tenant_id, s.campaign_id, (pg_catalog.row_number() OVER w - 1)::smallint AS stage, s.name, s.enrollments,
       campaign.rate(s.enrollments, pg_catalog.first_value(s.enrollments) OVER w) AS of_enrolled,
       campaign.rate(s.enrollments, pg_catalog.lag(s.enrollments) OVER w) AS of_previous
  FROM (SELECT k.tenant_id, k.campaign_id, k.stage,
               CASE k.stage WHEN 0 THEN 'enrolled' WHEN 32767 THEN 'converted' ELSE 'touch ' || k.stage END AS name,
               sum(k.n)::bigint AS enrollments
          FROM (SELECT c.tenant_id, c.campaign_id, CASE c.metric WHEN 'converted' THEN 32767 ELSE c.touch_number END AS stage, c.n
                  FROM campaign.counts c WHERE c.metric IN ('enrolled', 'sent', 'converted')
                UNION ALL
                -- a stage is shown before anybody has come to it
                SELECT o.tenant_id, o.campaign_id, f.stage, 0
                  FROM campaign.outreach_campaigns o
                 CROSS JOIN LATERAL (SELECT 0 AS stage UNION ALL SELECT 32767 UNION ALL
                       SELECT t.touch_number FROM campaign.campaign_touches t
                        WHERE t.tenant_id = o.tenant_id AND t.campaign_id = o.campaign_id AND t.plan_version = o.plan_version) f) k
         GROUP BY k.tenant_id, k.campaign_id, k.stage) s
WINDOW w AS (PARTITION BY s.tenant_id, s.campaign_id ORDER BY s.stage);
COMMENT ON VIEW campaign.campaign_funnel IS
'How far the enrolments of a campaign come, by stage: enrolled (0), each touch that was sent, converted (the review link clicked, or a review); each as a part of those enrolled and of the stage before. An enrolment counts once in each stage.';

CREATE FUNCTION campaign.daily_analytics(campaign uuid, from_day date DEFAULT NULL, until_day date DEFAULT NULL,
  OUT day date, OUT enrolled bigint, OUT completed bigint, OUT stopped bigint, OUT sent bigint, OUT skipped bigint, OUT failed bigint,
  OUT delivered bigint, OUT opened bigint, OUT clicked bigint, OUT replied bigint, OUT converted bigint, OUT bounced bigint,
  OUT complained bigint, OUT unsubscribed bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  target record;
BEGIN
  SELECT c.tenant_id, campaign.count_day(campaign.now(), t.timezone) AS today INTO target
    FROM campaign.campaigns c JOIN campaign.tenants t ON t.id = c.tenant_id
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  until_day := coalesce(until_day, target.today);
  from_day := coalesce(from_day, until_day - 29);
  IF NOT isfinite(from_day) OR NOT isfinite(until_day) OR until_day - from_day > 3660 THEN
    RAISE EXCEPTION 'the days are out of range'
      USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A series has at most 3661 days.',
            HINT = 'Leave them out for the last 30 days.';
  END IF;
  RETURN QUERY
  SELECT g.day, coalesce(s.enrolled, 0), coalesce(s.completed, 0), coalesce(s.stopped, 0), coalesce(s.sent, 0), coalesce(s.skipped, 0),
         coalesce(s.failed, 0), coalesce(s.delivered, 0), coalesce(s.opened, 0), coalesce(s.clicked, 0), coalesce(s.replied, 0),
         coalesce(s.converted, 0), coalesce(s.bounced, 0), coalesce(s.complained, 0), coalesce(s.unsubscribed, 0)
    FROM (SELECT from_day + i AS day FROM generate_series(0, until_day - from_day) i) g
    LEFT JOIN (
      SELECT c.day,
             (sum(c.n) FILTER (WHERE c.metric = 'enrolled'))::bigint AS enrolled,
             (sum(c.n) FILTER (WHERE c.metric = 'completed'))::bigint AS completed,
             (sum(c.n) FILTER (WHERE starts_with(c.metric, 'stopped.')))::bigint AS stopped,
             (sum(c.n) FILTER (WHERE c.metric = 'sent'))::bigint AS sent,
             (sum(c.n) FILTER (WHERE c.metric = 'skipped'))::bigint AS skipped,
             (sum(c.n) FILTER (WHERE c.metric = 'failed'))::bigint AS failed,
             (sum(c.n) FILTER (WHERE c.metric = 'delivered'))::bigint AS delivered,
             (sum(c.n) FILTER (WHERE c.metric = 'opened'))::bigint AS opened,
             (sum(c.n) FILTER (WHERE c.metric = 'clicked'))::bigint AS clicked,
             (sum(c.n) FILTER (WHERE c.metric = 'replied'))::bigint AS replied,
             (sum(c.n) FILTER (WHERE c.metric = 'converted'))::bigint AS converted,
             (sum(c.n) FILTER (WHERE c.metric IN ('bounced_hard', 'bounced_soft')))::bigint AS bounced,
             (sum(c.n) FILTER (WHERE c.metric = 'complained'))::bigint AS complained,
             (sum(c.n) FILTER (WHERE c.metric = 'unsubscribed'))::bigint AS unsubscribed
        FROM (SELECT d.day, d.metric, d.n FROM campaign.daily_counts d
               WHERE d.tenant_id = target.tenant_id AND d.campaign_id = campaign AND d.day BETWEEN from_day AND until_day
              UNION ALL
              SELECT d.day, d.metric, d.n FROM campaign.touch_count_deltas d
               WHERE d.tenant_id = target.tenant_id AND d.campaign_id = campaign AND d.day BETWEEN from_day AND until_day) c
       GROUP BY c.day) s ON s.day = g.day
   ORDER BY g.day;
END $$;
COMMENT ON FUNCTION campaign.daily_analytics(uuid, date, date) IS
'What happened in a campaign, day by day in the tenant''s time zone, with a row for every day from from_day (default: the 30 days up to the last) to until_day (default: today). A touch counts on the day that it was sent, else recorded; an event on its own day. Raises P0002 for a campaign that is not yours, 22023 for more than 3661 days.';

-- The same from the log, the events and the enrolments themselves. What counts is the first event of a
-- kind for a touch, as record_event() found it.
CREATE FUNCTION campaign.recounted(tenant uuid, campaign uuid,
  OUT touch_number smallint, OUT service_type text, OUT metric text, OUT at timestamptz, OUT n bigint, OUT seconds bigint)
RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT h.touch_number, coalesce(CASE WHEN e.job_id IS NULL THEN o.service_type ELSE j.service_type END, ''), h.metric,
         campaign.count_bucket(h.at), count(*), sum(h.seconds)::bigint
    FROM (SELECT l.enrollment_id, l.touch_number, l.status AS metric, coalesce(l.sent_at, l.logged_at) AS at, 0 AS seconds
            FROM campaign.campaign_enrollments c
            JOIN campaign.send_logs l ON l.tenant_id = c.tenant_id AND l.enrollment_id = c.id
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND l.tenant_id = $1 AND l.is_final
          UNION ALL
          SELECT c.id, 0::smallint, s.metric, s.at,
                 CASE s.metric WHEN 'enrolled' THEN 0 ELSE floor(extract(epoch FROM s.at - c.enrolled_at)) END
            FROM campaign.campaign_enrollments c
           CROSS JOIN LATERAL (VALUES ('enrolled', c.enrolled_at), ('completed', c.completed_at), ('stopped.' || c.stop_reason, c.stopped_at))
                 AS s(metric, at)
           WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND s.at IS NOT NULL
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id, coalesce(v.touch_number, 0), m.metric)
                  v.enrollment_id, coalesce(v.touch_number, 0::smallint), m.metric, v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            CROSS JOIN LATERAL (SELECT CASE WHEN v.kind = 'bounced' THEN 'bounced_' || v.bounce
                                            WHEN v.kind = 'opened' AND v.is_machine THEN 'machine_opened'
                                            WHEN v.kind <> 'clicked' OR NOT v.is_machine THEN v.kind END AS metric) m
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1 AND m.metric IS NOT NULL
            ORDER BY v.enrollment_id, coalesce(v.touch_number, 0), m.metric, v.id)
          UNION ALL
          (SELECT DISTINCT ON (v.enrollment_id) v.enrollment_id, coalesce(v.touch_number, 0::smallint), 'converted', v.at, 0
             FROM campaign.campaign_enrollments c
             JOIN campaign.touch_events v ON v.tenant_id = c.tenant_id AND v.enrollment_id = c.id
            WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND v.tenant_id = $1
              AND (v.kind = 'reviewed' OR v.kind = 'clicked' AND v.link = 'review') AND NOT v.is_machine
            ORDER BY v.enrollment_id, v.id)) h
    JOIN campaign.campaign_enrollments e ON e.tenant_id = $1 AND e.id = h.enrollment_id
    JOIN campaign.outreach_campaigns o ON o.tenant_id = $1 AND o.campaign_id = e.campaign_id
    LEFT JOIN campaign.jobs j ON j.tenant_id = $1 AND j.id = e.job_id
   GROUP BY 1, 2, 3, 4;
END;
COMMENT ON FUNCTION campaign.recounted(uuid, uuid) IS
'Internal: the counts of a campaign by five minutes, from the log, the events and the enrolments, with the service types as they are now.';

CREATE FUNCTION campaign.recount(campaign uuid, OUT touch_number smallint, OUT metric text, OUT counted bigint, OUT recounted bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  owner_tenant uuid;
BEGIN
  SELECT c.tenant_id INTO owner_tenant FROM campaign.campaigns c
   WHERE c.tenant_id = ANY (campaign.readable_tenants()) AND c.id = campaign AND c.kind = 'outreach';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign "%" does not exist', campaign
      USING ERRCODE = 'no_data_found',
            DETAIL = 'No tenant that you may read has an outreach campaign with this id.',
            HINT = 'Check the id; a campaign of another tenant is not found.';
  END IF;
  RETURN QUERY
  SELECT b.touch_number, b.metric, sum(b.counted)::bigint, sum(b.recounted)::bigint
    FROM (SELECT k.touch_number, k.metric, k.n AS counted, 0 AS recounted FROM campaign.counts k
           WHERE k.tenant_id = owner_tenant AND k.campaign_id = campaign
          UNION ALL
          SELECT r.touch_number, r.metric, 0, r.n FROM campaign.recounted(owner_tenant, campaign) r) b
   GROUP BY b.touch_number, b.metric
   ORDER BY b.touch_number, b.metric;
END $$;
COMMENT ON FUNCTION campaign.recount(uuid) IS
'What is counted of a campaign beside what its log, its events and its enrolments come to, by touch (0: enrolments) and metric: the two are the same at every instant, as long as log_retention has not deleted of the log. Reads all of it. Raises P0002 for a campaign that is not yours.';

-- What happened before there were counts, for the update of the extension that brings them.
CREATE FUNCTION campaign.count_history(tenant uuid, campaign uuid) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  recent timestamptz := campaign.now() - interval '25 hours';
  counted bigint;
BEGIN
  INSERT INTO campaign.touch_count_deltas (tenant_id, campaign_id, touch_number, service_type, metric, at, day, n, seconds)
  SELECT tenant, campaign, r.touch_number, r.service_type, r.metric, max(r.at), r.day, sum(r.n)::bigint, sum(r.seconds)::bigint
    FROM (SELECT h.*, campaign.count_day(h.at, t.timezone) AS day FROM campaign.recounted(tenant, campaign) h
            JOIN campaign.tenants t ON t.id = tenant) r
   WHERE NOT EXISTS (SELECT FROM campaign.counts k WHERE k.tenant_id = tenant AND k.campaign_id = campaign)
   GROUP BY r.touch_number, r.service_type, r.metric, r.day, CASE WHEN r.at >= recent THEN r.at END;
  GET DIAGNOSTICS counted = ROW_COUNT;
  RETURN counted;
END $$;
COMMENT ON FUNCTION campaign.count_history(uuid, uuid) IS
'Internal: counts all that a campaign has in its log, its events and its enrolments, if nothing of it was counted yet; the caller keeps others from writing there. Returns how many rows were written.';

-- What there was with a contact, of whatever campaign or of none.
CREATE VIEW campaign.contact_history WITH (security_invoker = true) AS
SELECT l.tenant_id, l.contact_id, coalesce(l.sent_at, l.logged_at) AS at, l.status AS what, coalesce(l.error, l.reason) AS detail,
       l.campaign_id, l.enrollment_id, l.touch_number, l.channel, l.address, l.subject, l.provider_id, l.enrollment_id IS NULL AS is_manual
  FROM campaign.send_logs l
UNION ALL
SELECT v.tenant_id, v.contact_id, v.at, v.kind, coalesce(v.bounce, v.link), v.campaign_id, v.enrollment_id, v.touch_number,
       v.channel, v.address, NULL, v.provider_id, v.enrollment_id IS NULL
  FROM campaign.touch_events v WHERE v.contact_id IS NOT NULL
UNION ALL
SELECT e.tenant_id, e.contact_id, s.at, s.what, s.detail, e.campaign_id, e.id, NULL, NULL, NULL, NULL, NULL, false
  FROM campaign.campaign_enrollments e
 CROSS JOIN LATERAL (VALUES (e.enrolled_at, 'enrolled', NULL), (e.completed_at, 'completed', NULL), (e.stopped_at, 'stopped', e.stop_reason))
       AS s(at, what, detail)
 WHERE s.at IS NOT NULL;
COMMENT ON VIEW campaign.contact_history IS
'What there was with a contact, and when: messages (sent, failed, skipped), those that a person sent by hand among them (is_manual), what became of them (the kinds of touch_events), and where the contact was enrolled, completed or stopped, with the reason in detail. Ask it for one contact_id.';

INSERT INTO campaign.access_privileges (level, privilege, object) VALUES
  ('member', 'SELECT', 'TABLE campaign.contact_history'),
  ('member', 'SELECT', 'TABLE campaign.counts'),
  ('member', 'SELECT', 'TABLE campaign.touch_analytics'),
  ('member', 'SELECT', 'TABLE campaign.campaign_analytics'),
  ('member', 'SELECT', 'TABLE campaign.service_type_analytics'),
  ('member', 'SELECT', 'TABLE campaign.campaign_funnel'),
  ('member', 'EXECUTE', 'FUNCTION campaign.rate(bigint, bigint)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.daily_analytics(uuid, date, date)'),
  ('member', 'EXECUTE', 'FUNCTION campaign.recount(uuid)');
