-- Loads PgQ: a queue and a consumer for each client, and an event for each touch. PgQ
-- hands out what lies between two ticks, so a batch is what was there when the ticker
-- came: here it comes after as many events as the batch is to have.
CREATE EXTENSION pgq;

CREATE PROCEDURE bench.load_pgq(wanted int, queues int, batch int) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  queue text;
BEGIN
  SET LOCAL synchronous_commit = off;
  FOR client IN 0 .. queues - 1 LOOP
    queue := 'touches_' || client;
    IF EXISTS (SELECT FROM pgq.queue q WHERE q.queue_name = queue) THEN
      PERFORM pgq.drop_queue(queue, true);
    END IF;
    PERFORM pgq.create_queue(queue);
    PERFORM pgq.set_queue_config(queue, 'ticker_max_count', '1');
    PERFORM pgq.register_consumer(queue, 'worker');
    COMMIT;
    FOR event IN 1 .. wanted / queues BY batch LOOP
      SET LOCAL synchronous_commit = off;
      PERFORM pgq.insert_event(queue, 'touch', md5(i::text) || ' ' || md5((-i)::text) || ' 1') FROM generate_series(event, event + batch - 1) i;
      COMMIT;
      SET LOCAL synchronous_commit = off;
      PERFORM pgq.ticker(queue);
      COMMIT;
    END LOOP;
  END LOOP;
END $$;
