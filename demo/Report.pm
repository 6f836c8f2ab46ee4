package Report;

# Report: what came of the fifteen days. Prints a funnel per campaign, the story
# of one enrolment, what the second tenant's role sees of the first, and the
# closing check of the provider's records against the database.

use strict;
use warnings;
use utf8;

use constant WIDTH => 32;    # of the longest bar

# Returns whether everything is as it should be.
sub print_all
{
	my ($dba, $member, $provider, $seen) = @_;
	funnels($member->{$_}) for qw(northside brightwell);
	timeline($member->{northside}, $provider);
	my $isolated = isolation($dba, $member);
	return check($dba, $provider, $seen, $isolated);
}

sub heading { printf "\n── %s %s\n\n", $_[0], '─' x (96 - length $_[0]); }

sub thousands
{
	my ($n) = @_;
	1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;
	return $n;
}

# ---- the funnels, as each business sees them

sub funnels
{
	my ($db) = @_;
	my ($tenant) = $db->selectrow_array(q{SELECT name FROM campaign.tenants WHERE slug <> 'system'});
	heading("$tenant: what the campaigns did");
	my $campaigns = $db->selectall_arrayref(<<'SQL', { Slice => {} });
SELECT c.id, c.name, c.external_id AS preset, coalesce(o.service_type || ' jobs', 'all other jobs') AS jobs,
       count(e.id) AS enrolled, count(*) FILTER (WHERE e.status = 'completed') AS completed,
       count(*) FILTER (WHERE e.status = 'active') AS active, count(*) FILTER (WHERE e.status = 'stopped') AS stopped
  FROM campaign.campaigns c
  JOIN campaign.outreach_campaigns o ON o.tenant_id = c.tenant_id AND o.campaign_id = c.id
  LEFT JOIN campaign.campaign_enrollments e ON e.tenant_id = c.tenant_id AND e.campaign_id = c.id
 GROUP BY c.tenant_id, c.id, o.service_type ORDER BY c.name
SQL
	my $jobs = $db->selectall_arrayref(<<'SQL');
SELECT reason, count(*) FROM campaign.job_enrollments WHERE outcome <> 'enrolled' GROUP BY 1 ORDER BY 2 DESC, 1
SQL
	for my $campaign (@$campaigns)
	{
		printf "  \"%s\" (preset %s, %s)\n", @$campaign{qw(name preset jobs)};
		line('enrolled', $campaign->{enrolled}, $campaign->{enrolled}, '');
		touches($db, $campaign);
		my $stops = $db->selectall_arrayref(<<'SQL', undef, $campaign->{id});
SELECT stop_reason, count(*) FROM campaign.campaign_enrollments
 WHERE campaign_id = $1 AND status = 'stopped' GROUP BY 1 ORDER BY 2 DESC, 1
SQL
		printf "    %-16s%6s completed, %s waiting for their next touch, %s stopped%s\n\n", 'now',
			map({ thousands($_) } @$campaign{qw(completed active stopped)}), bracketed($stops);
	}
	print '  Jobs that enrolled nobody, and why: ', join(', ', map { thousands($_->[1]) . " $_->[0]" } @$jobs), "\n" if @$jobs;
}

sub touches
{
	my ($db, $campaign) = @_;
	my $touches = $db->selectall_arrayref(<<'SQL', { Slice => {} }, $campaign->{id});
SELECT t.touch_number, t.channel, count(*) FILTER (WHERE l.status = 'sent') AS sent,
       count(*) FILTER (WHERE l.status = 'failed') AS failed
  FROM campaign.campaign_touches t
  LEFT JOIN campaign.send_logs l ON l.tenant_id = t.tenant_id AND l.campaign_id = t.campaign_id
        AND l.touch_number = t.touch_number AND l.is_final
 WHERE t.campaign_id = $1 GROUP BY 1, 2 ORDER BY 1
SQL
	for my $touch (@$touches)
	{
		my $skips = $db->selectall_arrayref(<<'SQL', undef, $campaign->{id}, $touch->{touch_number});
SELECT reason, count(*) FROM campaign.send_logs
 WHERE campaign_id = $1 AND touch_number = $2 AND is_final AND status = 'skipped' GROUP BY 1 ORDER BY 2 DESC, 1
SQL
		my @besides = @$skips ? 'skipped: ' . join(', ', map { "$_->[1] $_->[0]" } @$skips) : ();
		push @besides, "failed: $touch->{failed}" if $touch->{failed};
		line("$touch->{touch_number}. $touch->{channel} sent", $touch->{sent}, $campaign->{enrolled}, join '; ', @besides);
	}
}

sub line
{
	my ($label, $n, $of, $besides) = @_;
	my $bar = $of ? '█' x int(WIDTH * $n / $of + 0.5) : '';
	(my $text = sprintf '    %-16s%6s  %-*s  %s', $label, thousands($n), WIDTH, $bar, $besides) =~ s/ +$//;
	print "$text\n";
}

sub bracketed
{
	my ($counts) = @_;
	return @$counts ? ' (' . join(', ', map { "$_->[1] $_->[0]" } @$counts) . ')' : '';
}

# ---- the story of one enrolment

sub timeline
{
	my ($db, $provider) = @_;
	my $chosen = $db->selectrow_hashref(<<'SQL');
SELECT v.enrollment_id, v.tenant_id, c.name, c.timezone, c.attributes ->> 'city' AS city, k.name AS campaign, j.service_type
  FROM campaign.enrollment_timeline v
  JOIN campaign.contacts c ON c.tenant_id = v.tenant_id AND c.id = v.contact_id
  JOIN campaign.campaigns k ON k.tenant_id = v.tenant_id AND k.id = v.campaign_id
  JOIN campaign.jobs j ON j.tenant_id = v.tenant_id AND j.id = v.job_id
 WHERE v.status = 'completed' AND v.touch_4_status = 'sent' AND v.touch_1_status = 'sent'
 ORDER BY (SELECT count(*) FROM campaign.send_logs l
            WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id AND l.status = 'failed') = 0,
          extract(hour FROM v.touch_1_scheduled_at AT TIME ZONE c.timezone) NOT BETWEEN 9 AND 18,
          v.touch_3_status <> 'sent', c.external_id LIMIT 1
SQL
	heading('One enrolment, step by step');
	printf "  %s in %s, after a %s job, in \"%s\"; times in %s\n\n", @$chosen{qw(name city service_type campaign timezone)};
	my $steps = $db->selectall_arrayref(<<'SQL', { Slice => {} }, @$chosen{qw(tenant_id enrollment_id timezone)});
SELECT to_char(s.at AT TIME ZONE $3, 'Dy FMDD Mon HH24:MI') AS at, s.what FROM (
  SELECT e.enrolled_at AS at, 0 AS n, 'the job is completed and enrols the customer' AS what
    FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2
  UNION ALL
  SELECT l.logged_at, l.touch_number, format('touch %s, attempt %s: %s', l.touch_number, l.attempt,
           CASE l.status WHEN 'sent' THEN format('%s sent to %s', l.channel, l.address)
                         WHEN 'failed' THEN format('%s failed (%s)%s', l.channel, l.error, CASE WHEN l.is_final THEN '' ELSE ', to be tried again' END)
                         ELSE format('%s skipped (%s)', l.channel, l.reason) END)
    FROM campaign.send_logs l WHERE l.tenant_id = $1 AND l.enrollment_id = $2
  UNION ALL
  SELECT e.completed_at, 99, 'no touch is left: the enrolment is completed'
    FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2) s
 ORDER BY s.at, s.n
SQL
	printf "  %16s  %s\n", $_->{at}, $_->{what} for @$steps;
	my ($message) = grep { $_->{enrollment_id} eq $chosen->{enrollment_id} && $_->{touch_number} == 4 } $provider->messages('email');
	return unless $message;
	print "\n  The last message read:\n\n";
	print '    │', (length ? " $_" : ''), "\n" for "Subject: $message->{subject}", '', split /\n/, $message->{body};
}

# ---- what the second tenant sees of the first

sub isolation
{
	my ($dba, $member) = @_;
	heading('What brightwell sees of northside');
	my ($tenant) = $dba->selectrow_array(q{SELECT id FROM campaign.tenants WHERE slug = 'northside'});
	my $failed = 0;
	print "  SELECT count(*) FROM campaign.<table> WHERE tenant_id = '<northside>'\n\n";
	printf "  %-22s %14s %14s\n", 'table', 'as northside', 'as brightwell';
	for my $table (qw(contacts consents suppressions jobs campaigns campaign_enrollments touch_queue send_logs tenant_members))
	{
		my @counts = map { ($member->{$_}->selectrow_array("SELECT count(*) FROM campaign.$table WHERE tenant_id = \$1", undef, $tenant))[0] }
			qw(northside brightwell);
		printf "  %-22s %14s %14s\n", $table, map { thousands($_) } @counts;
		$failed++ if $counts[1] != 0 || $counts[0] == 0;
	}
	my ($enrollment, $contact, $campaign) = $dba->selectrow_array(
		q{SELECT id, contact_id, campaign_id FROM campaign.campaign_enrollments WHERE tenant_id = $1 AND status = 'active' ORDER BY id LIMIT 1}, undef, $tenant);
	print "\n  and if it tries with an id of northside, or at what nobody may write:\n\n";
	for my $try (
		[ P0002 => qq{SELECT campaign.stop_enrollment('$enrollment')} ],
		[ P0002 => qq{SELECT campaign.archive_contact('$contact')} ],
		[ P0002 => qq{SELECT campaign.pause_campaign('$campaign')} ],
		[ 42501 => qq{INSERT INTO campaign.contacts (tenant_id, email) VALUES ('$tenant', 'x\@example.com')} ],
		[ 42501 => q{UPDATE campaign.send_logs SET status = 'sent'} ],
		[ 42501 => q{SELECT * FROM campaign.claim_due_touches('me')} ])
	{
		my ($expected, $query) = @$try;
		my $done = eval { $member->{brightwell}->do($query); 1 };
		my $state = $done ? '00000' : $member->{brightwell}->state;
		(my $message = $done ? 'done!' : $member->{brightwell}->errstr) =~ s/\n.*//s;
		$message =~ s/^ERROR:\s+//;
		(my $shown = $query) =~ s/([0-9a-f]{8})[0-9a-f-]{28}/$1.../;
		$message =~ s/([0-9a-f]{8})[0-9a-f-]{28}/$1.../;
		printf "  %s\n      %s  %s\n", $shown, $state, $message;
		$failed++ if $state ne $expected;
	}
	return $failed == 0;
}

# ---- nothing sent twice, nothing lost

# Each query counts what must not be there.
my @rules = (
	[ 'no touch has more than one sent row', <<'SQL' ],
SELECT count(*) FROM (SELECT FROM campaign.send_logs WHERE status = 'sent' GROUP BY tenant_id, enrollment_id, touch_number HAVING count(*) > 1) x
SQL
	[ 'no message left the provider more than once', <<'SQL' ],
SELECT count(*) FROM (SELECT FROM delivered GROUP BY enrollment_id, touch_number HAVING count(*) > 1) x
SQL
	[ 'every touch has one idempotency key of its own', <<'SQL' ],
SELECT count(*) FROM (SELECT FROM delivered GROUP BY key HAVING count(DISTINCT (enrollment_id, touch_number)) > 1) x
SQL
	[ 'every message that the provider sent has its sent row', <<'SQL' ],
SELECT count(*) FROM delivered d WHERE NOT EXISTS (SELECT FROM campaign.send_logs l
 WHERE l.enrollment_id = d.enrollment_id AND l.touch_number = d.touch_number AND l.status = 'sent' AND coalesce(l.provider_id, d.id) = d.id)
SQL
	[ 'every sent row has its message at the provider', <<'SQL' ],
SELECT count(*) FROM campaign.send_logs l WHERE l.status = 'sent' AND NOT EXISTS (SELECT FROM delivered d
 WHERE d.enrollment_id = l.enrollment_id AND d.touch_number = l.touch_number)
SQL
	[ 'nothing was claimed for an enrolment after its stop', <<'SQL' ],
SELECT count(*) FROM campaign.send_logs l JOIN campaign.campaign_enrollments e ON e.tenant_id = l.tenant_id AND e.id = l.enrollment_id
 WHERE l.status = 'sent' AND l.claimed_at > e.stopped_at
SQL
	[ 'nothing went to an address after it was suppressed', <<'SQL' ],
SELECT count(*) FROM campaign.send_logs l JOIN campaign.suppressions s ON s.tenant_id = l.tenant_id AND s.address = campaign.normalize_address(l.address)
 WHERE l.status = 'sent' AND l.claimed_at > s.at
SQL
	[ 'no SMS went to somebody who had not agreed to it, no email to one who had refused', <<'SQL' ],
SELECT count(*) FROM campaign.send_logs l LEFT JOIN campaign.consents c
    ON c.tenant_id = l.tenant_id AND c.contact_id = l.contact_id AND c.channel = l.channel AND c.at < l.claimed_at
 WHERE l.status = 'sent' AND (c.state = 'opted_out'
   OR l.channel = 'sms' AND c.state IS DISTINCT FROM 'opted_in' AND NOT EXISTS (SELECT FROM campaign.consents n
     WHERE n.tenant_id = l.tenant_id AND n.contact_id = l.contact_id AND n.channel = l.channel AND n.at >= l.claimed_at))
SQL
	[ 'every completed enrolment has an outcome for each of its touches', <<'SQL' ],
SELECT count(*) FROM campaign.enrollment_touches t JOIN campaign.campaign_enrollments e ON e.tenant_id = t.tenant_id AND e.id = t.enrollment_id
 WHERE e.status = 'completed' AND t.status NOT IN ('sent', 'skipped', 'failed')
SQL
	[ 'every live enrolment waits for its next touch, and no touch is overdue', <<'SQL' ],
SELECT count(*) FROM campaign.campaign_enrollments e
  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
 WHERE e.status = 'active' AND (q.enrollment_id IS NULL OR q.due_at <= campaign.now() - interval '10 minutes' OR q.due_at = 'infinity'
   OR q.lease_until > clock_timestamp() OR q.touch_number <> 1 + (SELECT coalesce(max(l.touch_number), 0) FROM campaign.send_logs l
        WHERE l.tenant_id = e.tenant_id AND l.enrollment_id = e.id AND l.is_final))
SQL
	[ 'nothing is queued for an enrolment that has ended', <<'SQL' ],
SELECT count(*) FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
 WHERE e.status <> 'active'
SQL
	[ 'nobody is left in doubt: no touch is uncertain', 'SELECT count(*) FROM campaign.uncertain_touches' ],
	[ 'every completed job has enrolled somebody, or says why not', <<'SQL' ],
SELECT count(*) FROM campaign.jobs j WHERE j.status = 'completed'
   AND NOT EXISTS (SELECT FROM campaign.job_enrollments r WHERE r.tenant_id = j.tenant_id AND r.job_id = j.id)
SQL
);

sub check
{
	my ($dba, $provider, $seen, $isolated) = @_;
	heading('Nothing sent twice, nothing lost');
	my @delivered = $provider->messages('email', 'sms');
	my @repeated = $provider->messages('repeated');
	$dba->do('CREATE TEMP TABLE delivered (key uuid, channel text, id text, enrollment_id uuid, touch_number int)');
	my $insert = $dba->prepare('INSERT INTO delivered VALUES ($1, $2, $3, $4, $5)');
	$dba->begin_work;
	$insert->execute(@$_{qw(idempotency_key channel id enrollment_id touch_number)}) for @delivered;
	$dba->commit;
	$dba->do('ANALYZE delivered');

	my ($keys) = $dba->selectrow_array('SELECT count(DISTINCT key) FROM delivered');
	my ($sent, $by_hand) = $dba->selectrow_array(
		q{SELECT count(*), count(*) FILTER (WHERE provider_id IS NULL) FROM campaign.send_logs WHERE status = 'sent'});
	fact('messages that the provider sent', scalar @delivered);
	fact('idempotency keys among them', $keys);
	fact('sent rows in send_logs', $sent, $by_hand ? "$by_hand of them settled by a person, after asking the provider" : '');
	fact('emails handed over once more', scalar @repeated, 'by whoever took over from the dead; the provider knew the key and sent nothing');
	fact('reports that came too late', $seen->{'report-lease_lost'} // 0, 'answered lease_lost: somebody else had the touch by then');
	fact('sends that did not begin', sum($seen, 'begin-'), 'the touch was stopped, paused or suppressed after its claim');
	fact('workers killed', $seen->{killed} // 0, 'with SIGKILL, at work');
	fact('uncertain SMS', ($seen->{uncertain}{sent} // 0) + ($seen->{uncertain}{retry} // 0), 'begun by a worker that died: left to a person, never sent blindly');
	print "\n";

	my $passed = verdict($isolated, 'the second tenant sees and reaches nothing of the first');
	$passed &= verdict(($seen->{killed} // 0) >= 8, 'at least eight workers were killed at work');
	$passed &= verdict($keys == @delivered && $sent == @delivered, 'as many messages as keys as sent rows');
	for my $rule (@rules)
	{
		my ($what, $query) = @$rule;
		my ($n) = $dba->selectrow_array($query);
		$passed &= verdict($n == 0, $what, $n);
	}
	print "\n  ", $passed ? 'No touch was sent twice, and none was lost.' : 'Something is wrong: see above.', "\n";
	return $passed;
}

sub fact
{
	my ($what, $n, $remark) = @_;
	(my $text = sprintf '  %-32s%6s  %s', $what, thousands($n), $remark // '') =~ s/ +$//;
	print "$text\n";
}

sub sum
{
	my ($seen, $prefix) = @_;
	my $sum = 0;
	$sum += $seen->{$_} for grep { /^\Q$prefix\E/ } keys %$seen;
	return $sum;
}

sub verdict
{
	my ($good, $what, $n) = @_;
	printf "  %-7s %s%s\n", $good ? 'ok' : 'FAILED', $what, $good || !defined $n ? '' : " ($n do not fit)";
	return $good ? 1 : 0;
}

1;
