package Check;

# Check: the closing checks, of what the provider has really sent against what
# the database says. Each rule counts what must not be there, and brings a
# fault: what must make it fail. The fault is put in before the end and taken
# back, so that a rule that could not see it is a failure itself.

use strict;
use warnings;
use utf8;
use Provider;
use World qw(thousands);

# [what is true, how many do not fit, what would make it fail]
my @rules = (
	[ 'no touch has more than one sent row', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT FROM campaign.send_logs WHERE status = 'sent' GROUP BY tenant_id, enrollment_id, touch_number HAVING count(*) > 1) x
SQL
INSERT INTO campaign.send_logs SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'attempt', 99))).*
  FROM campaign.send_logs l WHERE id = (SELECT id FROM campaign.send_logs WHERE status = 'sent' LIMIT 1)
FAULT
	[ 'no message left the provider more than once', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT FROM delivered GROUP BY enrollment_id, touch_number HAVING count(*) > 1) x
SQL
INSERT INTO delivered SELECT * FROM delivered LIMIT 1
FAULT
	[ 'every touch has one idempotency key of its own', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT FROM delivered GROUP BY key HAVING count(DISTINCT (enrollment_id, touch_number)) > 1) x
SQL
UPDATE delivered SET key = '00000000-0000-0000-0000-000000000000'
FAULT
	[ 'every message that the provider sent has its sent row', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d WHERE NOT EXISTS (SELECT FROM campaign.send_logs l WHERE l.tenant_id = d.tenant_id
   AND l.enrollment_id = d.enrollment_id AND l.touch_number = d.touch_number AND l.status = 'sent' AND coalesce(l.provider_id, d.id) = d.id)
SQL
DELETE FROM campaign.send_logs WHERE id = (SELECT id FROM campaign.send_logs WHERE status = 'sent' LIMIT 1)
FAULT
	[ 'every sent row has its message at the provider', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.send_logs l WHERE l.status = 'sent' AND NOT EXISTS (SELECT FROM delivered d
 WHERE d.enrollment_id = l.enrollment_id AND d.touch_number = l.touch_number)
SQL
DELETE FROM delivered WHERE key = (SELECT key FROM delivered LIMIT 1)
FAULT
	[ 'nothing was claimed for an enrolment after its stop', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.send_logs l JOIN campaign.campaign_enrollments e ON e.tenant_id = l.tenant_id AND e.id = l.enrollment_id
 WHERE l.status = 'sent' AND l.claimed_at > e.stopped_at
SQL
UPDATE campaign.campaign_enrollments SET stopped_at = enrolled_at WHERE status = 'stopped'
FAULT
	[ 'nothing went to whoever had clicked the review link, answered, told us or left, once we knew', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d JOIN campaign.touch_events v ON v.tenant_id = d.tenant_id AND v.contact_id = d.contact_id
 WHERE d.at > v.recorded_at AND NOT v.is_machine
   AND (v.enrollment_id = d.enrollment_id AND (v.link = 'review' OR v.kind IN ('replied', 'feedback') OR v.kind = 'unsubscribed' AND v.channel = 'email')
        OR v.kind = 'unsubscribed' AND v.channel = d.channel)
SQL
UPDATE campaign.touch_events SET recorded_at = recorded_at - interval '20 days'
FAULT
	[ 'nothing went to an address after it was suppressed', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d JOIN campaign.suppressions s ON s.tenant_id = d.tenant_id AND s.address = campaign.normalize_address(d.address)
 WHERE d.at > s.at
SQL
UPDATE campaign.suppressions SET at = at - interval '20 days'
FAULT
	[ 'no SMS went to somebody who had not agreed to it, no email to one who had refused', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d
  LEFT JOIN campaign.consents c ON c.tenant_id = d.tenant_id AND c.contact_id = d.contact_id AND c.channel = d.channel
 WHERE c.state = 'opted_out' AND c.at < d.at OR d.channel = 'sms' AND c.state IS DISTINCT FROM 'opted_in' AND coalesce(c.at < d.at, true)
SQL
UPDATE campaign.consents SET at = at - interval '20 days' WHERE state = 'opted_out'
FAULT
	[ 'nothing went out in the quiet hours of the contact\'s own zone, 21:00 to 08:00', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d JOIN clocks k ON k.contact_id = d.contact_id
 WHERE (d.at AT TIME ZONE k.zone)::time NOT BETWEEN '08:00' AND '21:00'
SQL
UPDATE delivered SET at = at + interval '12 hours'
FAULT
	[ 'nothing went out on the contact\'s holiday', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d JOIN clocks k ON k.contact_id = d.contact_id
  JOIN campaign.blackout_dates b ON b.tenant_id = d.tenant_id AND b.day = (d.at AT TIME ZONE k.zone)::date
SQL
UPDATE campaign.blackout_dates SET day = day - 3
FAULT
	[ 'no business sent more in an hour or a day, by its own clock, than its limits allow', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM used WHERE used > cap
SQL
INSERT INTO delivered SELECT d.* FROM delivered d CROSS JOIN generate_series(1, 30)
FAULT
	[ 'nobody got two messages over one channel within an hour', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT at - lag(at) OVER (PARTITION BY contact_id, channel ORDER BY at) AS apart FROM delivered) x WHERE apart < interval '1 hour'
SQL
UPDATE delivered SET at = date_trunc('month', at)
FAULT
	[ 'quiet hours, caps, pause and outage moved no plan: each touch is scheduled its delay after the one before', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.send_logs l
  JOIN campaign.send_logs p ON p.tenant_id = l.tenant_id AND p.enrollment_id = l.enrollment_id AND p.touch_number = l.touch_number - 1 AND p.is_final
  JOIN campaign.campaign_touches t ON t.tenant_id = l.tenant_id AND t.campaign_id = l.campaign_id AND t.plan_version = l.plan_version
   AND t.touch_number = l.touch_number
 WHERE l.scheduled_at <> p.scheduled_at + t.delay
SQL
UPDATE campaign.send_logs SET scheduled_at = scheduled_at + interval '1 second' WHERE touch_number = 2
FAULT
	[ 'no SMS of "After a cleaning" went out a day after its time, outage or not', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM delivered d JOIN campaign.campaigns k ON k.tenant_id = d.tenant_id AND k.id = d.campaign_id
  JOIN campaign.send_logs l ON l.tenant_id = d.tenant_id AND l.enrollment_id = d.enrollment_id AND l.touch_number = d.touch_number AND l.status = 'sent'
 WHERE k.name = 'After a cleaning' AND d.channel = 'sms' AND l.attempt <= 4 AND d.at > l.scheduled_at + interval '24 hours 10 minutes'
SQL
UPDATE delivered SET at = at + interval '1 day'
FAULT
	[ 'every completed enrolment has an outcome for each of its touches', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.enrollment_touches t JOIN campaign.campaign_enrollments e ON e.tenant_id = t.tenant_id AND e.id = t.enrollment_id
 WHERE e.status = 'completed' AND t.status NOT IN ('sent', 'skipped', 'failed')
SQL
DELETE FROM campaign.send_logs WHERE enrollment_id = (SELECT id FROM campaign.campaign_enrollments WHERE status = 'completed' LIMIT 1)
FAULT
	[ 'every live enrolment waits for its next touch, and no touch is overdue but at a limit', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.campaign_enrollments e
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
  LEFT JOIN campaign.lanes n ON n.tenant_id = q.tenant_id AND n.lane = q.lane
 WHERE e.status = 'active' AND (q.enrollment_id IS NULL OR q.due_at = 'infinity' OR q.lease_until > clock_timestamp()
   OR q.due_at + n.shift <= campaign.now() - interval '1 hour' AND n.throttled_until <= campaign.now()
   OR q.touch_number <> 1 + (SELECT coalesce(max(l.touch_number), 0) FROM campaign.send_logs l
        WHERE l.tenant_id = e.tenant_id AND l.enrollment_id = e.id AND l.is_final))
SQL
DELETE FROM campaign.touch_queue WHERE enrollment_id = (SELECT enrollment_id FROM campaign.touch_queue LIMIT 1)
FAULT
	[ 'nothing is queued for an enrolment that has ended', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
 WHERE e.status <> 'active'
SQL
UPDATE campaign.campaign_enrollments SET status = 'completed', completed_at = enrolled_at WHERE status = 'active'
FAULT
	[ 'nobody is left in doubt: no touch is uncertain', 'SELECT count(*) FROM campaign.uncertain_touches', <<'FAULT' ],
UPDATE campaign.touch_queue SET flags = 3, lease_until = clock_timestamp() - interval '1 minute'
FAULT
	[ 'every completed job has enrolled somebody, or says why not', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.jobs j WHERE j.status = 'completed'
   AND NOT EXISTS (SELECT FROM campaign.job_enrollments r WHERE r.tenant_id = j.tenant_id AND r.job_id = j.id)
SQL
DELETE FROM campaign.job_enrollments
FAULT
	# of a dead worker's message that only a click has proved nobody has told the provider's id
	[ 'every event that was told is there, and has found its message by its id, where that is known', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM told t LEFT JOIN campaign.touch_events v ON v.event_id = t.event_id
 WHERE v.id IS NULL OR v.unmatched AND NOT EXISTS (
       SELECT FROM delivered d JOIN campaign.send_logs l ON l.enrollment_id = d.enrollment_id AND l.touch_number = d.touch_number
        WHERE d.id = v.provider_id AND l.status = 'sent' AND l.provider_id IS NULL)
SQL
DELETE FROM campaign.touch_events WHERE id = (SELECT id FROM campaign.touch_events JOIN told USING (event_id) LIMIT 1)
FAULT
	[ 'every message of the outreach campaign that went out is marked sent, once, and no other one is', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT contact_id, touch_number, count(*) AS n FROM written GROUP BY 1, 2) w
  FULL JOIN (SELECT m.contact_id, m.touch_number FROM campaign.messages m JOIN campaign.outreach_campaigns o USING (campaign_id)
              WHERE m.sent_at IS NOT NULL) s USING (contact_id, touch_number)
 WHERE w.n IS DISTINCT FROM 1 OR s.contact_id IS NULL
SQL
UPDATE campaign.messages SET status = 'approved', sent_at = NULL WHERE id = (SELECT id FROM campaign.messages WHERE sent_at IS NOT NULL LIMIT 1)
FAULT
	[ 'no draft went out, nor anything rejected: each message was approved before, in the version that was sent', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM written w LEFT JOIN campaign.messages m USING (campaign_id, contact_id, touch_number)
 WHERE NOT EXISTS (SELECT FROM campaign.message_feedback f
   WHERE f.message_id = m.id AND f.version = m.version AND f.action = 'approved' AND f.at <= w.at)
SQL
DELETE FROM campaign.message_feedback WHERE version > 1
FAULT
	[ 'what went out is what was reviewed: the edited text, where one was edited', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM written w JOIN campaign.messages m USING (campaign_id, contact_id, touch_number)
  LEFT JOIN campaign.message_versions v ON v.message_id = m.id AND v.version = m.version
 WHERE regexp_replace(w.body, 'https://\S+/unsubscribe/\S+', '{{link.unsubscribe}}') IS DISTINCT FROM v.body OR w.subject IS DISTINCT FROM v.subject
SQL
UPDATE campaign.messages SET version = 1
FAULT
	[ 'nobody was written to, over any channel, after we knew of his reply', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM written w JOIN campaign.touch_events v USING (campaign_id, contact_id) WHERE v.kind = 'replied' AND w.at > v.recorded_at
SQL
UPDATE campaign.touch_events SET recorded_at = recorded_at - interval '20 days' WHERE channel = 'linkedin_message'
FAULT
	[ 'nobody was written to after the campaign had excluded him', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM written w JOIN campaign.campaign_contacts k USING (campaign_id, contact_id) WHERE w.at > k.excluded_at
SQL
UPDATE campaign.campaign_contacts SET excluded_at = excluded_at - interval '20 days' WHERE status = 'excluded'
FAULT
	[ 'no message was generated twice, though a writer died with what he had claimed', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.message_versions WHERE origin = 'regenerated'
SQL
UPDATE campaign.message_versions SET origin = 'regenerated' WHERE version = 1
FAULT
	[ 'every call that a writer could report is in generation_costs, as the model has charged it', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT contact_id, touch_number, count(*) AS n, sum(usd) AS usd FROM charged GROUP BY 1, 2) c
  FULL JOIN (SELECT contact_id, touch_number, count(*) AS n, sum(usd) AS usd FROM campaign.generation_costs GROUP BY 1, 2) g USING (contact_id, touch_number)
 WHERE c.n IS DISTINCT FROM g.n OR c.usd IS DISTINCT FROM g.usd
SQL
DELETE FROM campaign.generation_costs WHERE id = (SELECT id FROM campaign.generation_costs LIMIT 1)
FAULT
	[ 'the cost of a campaign is the sum of its calls, and a call of the usual length costs what was estimated', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM campaign.campaign_generation_costs t
 CROSS JOIN LATERAL (SELECT sum(usd) AS usd FROM charged c JOIN campaign.campaign_contacts k USING (contact_id) WHERE k.campaign_id = t.campaign_id) c
 CROSS JOIN LATERAL (
       SELECT count(*) AS n FROM campaign.generation_costs g JOIN campaign.generation_jobs j ON j.id = g.job_id
        WHERE g.campaign_id = t.campaign_id AND (g.tokens_in, g.tokens_out) = (800, 200) AND g.usd <> j.price_usd) o
 WHERE t.usd <> c.usd OR o.n > 0
SQL
UPDATE campaign.generation_costs SET usd = usd + 0.000001 WHERE tokens_out = 200
FAULT
	[ 'each approved message of the second campaign is in the exported file, once', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM (SELECT message_id, count(*) AS n FROM exported GROUP BY 1) e
  FULL JOIN (SELECT m.id AS message_id FROM campaign.messages m JOIN campaign.outreach_campaigns o USING (campaign_id)
              WHERE o.exported_at IS NOT NULL AND m.status = 'approved') m USING (message_id)
 WHERE e.n IS DISTINCT FROM 1 OR m.message_id IS NULL
SQL
INSERT INTO exported SELECT * FROM exported LIMIT 1
FAULT
	[ 'no cell of it is a formula to a spreadsheet, though a contact has one for a name', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM exported e CROSS JOIN LATERAL jsonb_each_text(to_jsonb(e)) c WHERE c.value ~ '^[-=+@\t\r]'
SQL
UPDATE exported SET contact_name = substr(contact_name, 2) WHERE contact_name LIKE '''=%'
FAULT
	[ 'the analytics are what a recount of enrolments, log and events comes to', <<'SQL', <<'FAULT' ],
SELECT count(*) FROM recounted r JOIN campaign.campaign_analytics a USING (campaign_id) CROSS JOIN jsonb_each_text(to_jsonb(r) - 'campaign_id') n
 WHERE to_jsonb(a) ->> n.key IS DISTINCT FROM n.value
SQL
UPDATE campaign.touch_counts SET n = n + 1 WHERE metric = 'opened'
FAULT
);

# What the provider has sent, and how the database is recounted.
sub prepare
{
	my ($world, $customers) = @_;
	my $dba = $world->{dba};
	$dba->do($_) for
		'CREATE TEMP TABLE delivered (key uuid, channel text, id text, address text, at timestamptz, tenant_id uuid, campaign_id uuid, contact_id uuid, enrollment_id uuid, touch_number int)',
		'CREATE TEMP TABLE written (at timestamptz, campaign_id uuid, contact_id uuid, touch_number int, subject text, body text)',
		'CREATE TEMP TABLE charged (contact_id uuid, touch_number int, usd numeric)',
		'CREATE TEMP TABLE exported (message_id uuid, contact_id uuid, contact_name text, email text, phone text, linkedin_url text, touch int, variant text, is_chosen boolean, channel text, subject text, body text, body_html text, status text)',
		'CREATE TEMP TABLE told (event_id text PRIMARY KEY)';
	$dba->begin_work;
	my $insert = $dba->prepare('INSERT INTO delivered VALUES ($1, $2, $3, $4, to_timestamp($5), $6, $7, $8, $9, $10)');
	my @messages = $world->{provider}->messages(Provider::CHANNELS);
	$insert->execute(@$_{qw(idempotency_key channel id address claimed_at tenant_id campaign_id contact_id enrollment_id touch_number)}) for @messages;
	$insert = $dba->prepare('INSERT INTO written VALUES (to_timestamp($1), $2, $3, $4, $5, $6)');
	$insert->execute(@$_{qw(claimed_at campaign_id contact_id touch_number subject body)}) for grep { $_->{campaign_id} eq $world->{outreach} } @messages;
	$insert = $dba->prepare('INSERT INTO charged VALUES ($1, $2, $3)');
	$insert->execute(@$_{qw(contact_id touch_number usd)}) for $world->{campaigner}{model}->calls('reported');
	$insert = $dba->prepare('INSERT INTO told VALUES ($1)');
	$insert->execute($_) for keys %{ $customers->{said} };
	$dba->do('COPY exported FROM STDIN (FORMAT csv, HEADER true)');
	open my $file, '<:encoding(UTF-8)', $world->{campaigner}{exported} or die "$world->{campaigner}{exported}: $!";
	$dba->pg_putcopydata($_) while <$file>;
	$dba->pg_putcopyend;
	$dba->commit;
	$dba->do($_) for 'CREATE INDEX ON delivered (enrollment_id, touch_number)', 'ANALYZE delivered, told', <<'CLOCKS', <<'USED', <<'RECOUNTED';
CREATE TEMP TABLE clocks AS
SELECT c.id AS contact_id, coalesce(z.name, t.timezone) AS zone FROM campaign.contacts c JOIN campaign.tenants t ON t.id = c.tenant_id
  LEFT JOIN pg_timezone_names z ON z.name = c.timezone
CLOCKS
CREATE TEMP VIEW used AS
SELECT t.slug, d.channel, l.part, date_trunc(l.part, d.at AT TIME ZONE t.timezone) AS "window", count(*) AS used, l.cap
  FROM delivered d JOIN campaign.tenants t ON t.id = d.tenant_id
  JOIN (VALUES ('northside', 'email', 'hour', 100), ('northside', 'sms', 'hour', 100), ('brightwell', 'email', 'hour', 20),
    ('brightwell', 'email', 'day', 80), ('brightwell', 'sms', 'hour', 100), ('harbour', 'email', 'hour', 100),
    ('harbour', 'linkedin_connect', 'day', 80)) AS l (slug, channel, part, cap) ON l.slug = t.slug AND l.channel = d.channel
 GROUP BY t.slug, d.channel, l.part, l.cap, 4
USED
CREATE TEMP VIEW recounted AS
SELECT k.id AS campaign_id, e.*, s.*, v.*
  FROM campaign.campaigns k
 CROSS JOIN LATERAL (
       SELECT count(*) AS enrolled, count(*) FILTER (WHERE status = 'completed') AS completed, count(*) FILTER (WHERE status = 'stopped') AS stopped,
              count(*) FILTER (WHERE status = 'active') AS live
         FROM campaign.campaign_enrollments WHERE campaign_id = k.id) e
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE status = 'sent') AS sent, count(*) FILTER (WHERE status = 'skipped') AS skipped,
              count(*) FILTER (WHERE status = 'failed') AS failed
         FROM campaign.send_logs WHERE campaign_id = k.id AND is_final) s
 CROSS JOIN LATERAL (
       SELECT count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'delivered') AS delivered,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'opened' AND NOT is_machine) AS opened,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'opened' AND is_machine) AS machine_opened,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'clicked') AS clicked,
              count(DISTINCT enrollment_id) FILTER (WHERE link = 'review') AS converted,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'replied') AS replied,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'feedback') AS feedback,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE bounce = 'hard') AS bounced_hard,
              count(DISTINCT (enrollment_id, touch_number)) FILTER (WHERE kind = 'unsubscribed') AS unsubscribed
         FROM campaign.touch_events WHERE campaign_id = k.id) v
RECOUNTED
}

sub run
{
	my ($world, $isolated) = @_;
	my ($dba, $seen) = @$world{qw(dba seen)};
	my ($messages, $keys) = $dba->selectrow_array('SELECT count(*), count(DISTINCT key) FROM delivered');
	my $sent = $world->value(q{SELECT count(*) FROM campaign.send_logs WHERE status = 'sent'});
	my $passed = verdict($isolated, 'the second business sees and reaches nothing of the first');
	$passed &= verdict(($seen->{killed} // 0) >= 12, 'at least twelve workers were killed at work');
	$passed &= verdict($keys == $messages && $sent == $messages, 'as many messages as keys as sent rows');
	$passed &= verdict(($seen->{capped}{stops} // 0) > 0 && !$seen->{capped}{held_up},
		'one business waited at its limit, and no touch of the other waited with it', $seen->{capped}{held_up} || 'it never had to');
	my $writer = $seen->{writer};
	$passed &= verdict($writer->{again} > 0, 'what a killed writer had claimed was claimed again by others');
	my ($status, $copy) = map { $world->value('SELECT status FROM campaign.campaigns WHERE id = $1', $_) } $world->{outreach}, $world->{campaigner}{copy};
	$passed &= verdict("$status $copy" eq 'completed exported', 'the outreach campaign is completed, and the one for sending by hand exported');
	my $blind = 0;
	for my $rule (@rules)
	{
		my ($what, $query, $fault) = @$rule;
		my $n = $world->value($query);
		$passed &= verdict($n == 0, $what, $n);
		next if with_fault($world, $query, $fault) > $n;
		$blind += !verdict(0, 'but this could not have failed: its fault was not seen');
	}
	$passed &= verdict($blind == 0, sprintf 'each of these %d rules was seen to fail on a fault put in for it, and taken back', scalar @rules);
	print "\n  ", $passed ? 'No touch was sent twice, none was lost, and none went out when it must not.' : 'Something is wrong: see above.', "\n";
	return $passed;
}

# How many do not fit once the fault is there. Triggers would not let it in.
sub with_fault
{
	my ($world, $query, $fault) = @_;
	my $dba = $world->{dba};
	$dba->begin_work;
	$dba->do('SET LOCAL session_replication_role = replica');
	$dba->do($fault);
	my $n = $world->value($query);
	$dba->rollback;
	return $n;
}

sub verdict
{
	my ($good, $what, $n) = @_;
	printf "  %-7s %s%s\n", $good ? 'ok' : 'FAILED', $what, $good || !defined $n ? '' : " ($n do not fit)";
	return $good ? 1 : 0;
}

1;
