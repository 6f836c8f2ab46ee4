-- Loads graphile-worker: one job for the next touch of each enrolment.
INSERT INTO graphile_worker._private_tasks (identifier) VALUES ('touch');

CREATE FUNCTION bench.clear_graphile_worker() RETURNS void LANGUAGE sql AS $$
  TRUNCATE graphile_worker._private_jobs, jobs.send_logs
$$;
CREATE FUNCTION bench.add_graphile_worker(population text, wanted int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO graphile_worker._private_jobs (task_id, payload, run_at, max_attempts)
  SELECT t.id, json_build_object('tenant_id', p.tenant_id, 'enrollment_id', p.enrollment_id, 'campaign_id', p.campaign_id,
                                 'contact_id', p.contact_id, 'touch_number', 1), p.due_at, 25
    FROM bench.people p, graphile_worker._private_tasks t WHERE p.population = $1 AND p.i <= $2 AND t.identifier = 'touch'
$$;
