-- What an application adds to a job queue that is not made for sequences: the log,
-- with the columns and indexes of the reference's. A job's payload says whose touch
-- it is, since these queues have no rows of their own for enrolments.

CREATE SCHEMA jobs;
CREATE TABLE jobs.send_logs (LIKE reference.send_logs INCLUDING DEFAULTS INCLUDING INDEXES);
