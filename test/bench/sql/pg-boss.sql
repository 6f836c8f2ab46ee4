-- Loads pg-boss: one job for the next touch of each enrolment.
CREATE FUNCTION bench.clear_pg_boss() RETURNS void LANGUAGE sql AS $$
  TRUNCATE pgboss.job_common, jobs.send_logs
$$;
CREATE FUNCTION bench.add_pg_boss(population text, wanted int) RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
  INSERT INTO pgboss.job_common (id, name, data, start_after, created_on, keep_until, expire_seconds, deletion_seconds, retry_limit, retry_delay, policy)
  SELECT gen_random_uuid(), 'touch', jsonb_build_object('tenant_id', p.tenant_id, 'enrollment_id', p.enrollment_id, 'campaign_id', p.campaign_id,
                                 'contact_id', p.contact_id, 'touch_number', 1), p.due_at, p.due_at - interval '744 hours',
         p.due_at + make_interval(secs => q.retention_seconds), q.expire_seconds, q.deletion_seconds, q.retry_limit, q.retry_delay, q.policy
    FROM bench.people p, pgboss.queue q WHERE p.population = $1 AND p.i <= $2 AND q.name = 'touch'
$$;
