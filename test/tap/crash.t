# Eight workers, and one who stops enrolments, while the server is killed with
# SIGKILL again and again: nothing is lost, nothing is reported sent twice, and
# only what was begun becomes uncertain.  The library is preloaded, so that what
# claims remember of lanes is shared, and lost with each kill.
#
# The seed is printed; CAMPAIGN_CRASH_SEED repeats its choices, though not the
# races.  CAMPAIGN_SOAK=1 runs five times the touches and kills.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP;
use POSIX ':sys_wait_h';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest qw(campaign_database);
use CrashCrew qw(start_worker start_stopper read_journals);
use WholeServer qw(kill_whole_server);

my $scale = $ENV{CAMPAIGN_SOAK} ? 5 : 1;
my $seed = $ENV{CAMPAIGN_CRASH_SEED} // int rand 1_000_000;
my $workers = 8;
my $kills = 20 * $scale;
my $contacts = 2_000 * $scale;    # of each of four tenants
my $touches = 10 * $contacts;
my $folder = PostgreSQL::Test::Utils::tempdir();
diag("seed $seed");
srand $seed;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = none\nmax_wal_size = 256MB\nshared_preload_libraries = 'campaign'\n");
$node->start;
fill();

pipe my $events, my $telling or die "pipe: $!";
my %progress = (c => 0, s => 0, i => 0);
my $idle = 0;

# ---- the storm

my @crew = start_crew();
my $killed = 0;
my $planned = 0.85 * $touches / $kills;
while ($killed < $kills)
{
	my $sends = int(($killed + 0.5 + rand 0.5) * $planned);
	last unless wait_for(sub { $progress{s} >= $sends });
	# Every second time in the middle of somebody's claim, or near it.
	my $claims = $progress{c};
	last unless $killed % 2 == 0 || wait_for(sub { $progress{c} > $claims });
	kill_whole_server($node);
	$killed++;
	$node->start;
}
is($killed, $kills, "the server was killed $kills times while there was work");
diag("$progress{s} sends in the storm, ", time - $^T, " s");
wait_for(sub { 0 });
dismiss_crew();

# ---- when it is over

my $journal = read_journals($folder);
my @uncertain = rows(
	q{SELECT u.tenant_id, u.enrollment_id AS enrollment, u.touch_number AS touch, u.attempt, u.channel,
	         u.lease_token, w.name AS worker, e.status
	    FROM campaign.uncertain_touches u
	    JOIN campaign.touch_queue q USING (tenant_id, enrollment_id)
	    JOIN campaign.campaign_enrollments e ON e.tenant_id = u.tenant_id AND e.id = u.enrollment_id
	    JOIN campaign.workers w ON w.id = q.worker_id});
diag("drained, ", time - $^T, " s");
check_crew();
check_waiting();
check_uncertain();

# ---- a person settles what is uncertain, and the rest is sent

settle();
@crew = start_crew();
wait_for(sub { 0 });
dismiss_crew();
$journal = read_journals($folder);
check_end();
check_plan();
check_sends();
check_stops();
$node->command_ok([ 'pg_amcheck', '--install-missing', '--heapallindexed', 'shop' ], 'tables and indexes are whole, and agree');

$node->stop;
done_testing();

# ---- the stage

# Tenants with two campaigns each, of three and of two touches; half of the
# contacts in either.  Anchors lie up to two days back.
sub fill
{
	campaign_database($node, 'shop');
	$node->safe_psql(
		'shop', qq{
		CREATE ROLE regress_crash_worker LOGIN;
		CREATE ROLE regress_crash_owner LOGIN;
		SELECT campaign.grant_access('regress_crash_worker', 'worker');
		SELECT campaign.grant_access('regress_crash_owner', 'member');
		SELECT campaign.create_tenant('Tenant ' || n, 'tenant-' || n, 'UTC', 'regress_crash_owner')
		  FROM generate_series(1, 4) n;
		UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
		INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
		SELECT campaign.launch_campaign(
		         campaign.create_campaign(t.id, p.name, p.steps, 'contacts'))
		  FROM campaign.tenants t,
		       (VALUES ('three', '[{"channel": "email", "delay_hours": 2, "subject": "One", "body_text": "Hello {{contact.first_name}}"},
		                           {"channel": "sms", "delay_hours": 24, "body_text": "Two"},
		                           {"channel": "email", "delay_hours": 12, "subject": "Three", "body_text": "Bye"}]'::jsonb),
		               ('two', '[{"channel": "sms", "delay_hours": 1, "body_text": "One"},
		                         {"channel": "email", "delay_hours": 0, "subject": "Two", "body_text": "Bye"}]')) p (name, steps)
		 WHERE NOT t.seeded;
		UPDATE campaign.outreach_campaigns SET max_attempts = 20;
		INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, external_id)
		SELECT t.id, 'C' || n, 'c' || n || '\@example.com', '+1212' || 1000000 + n, n
		  FROM campaign.tenants t, generate_series(1, $contacts) n WHERE NOT t.seeded;
		INSERT INTO campaign.consents (tenant_id, contact_id, channel, state, at)
		SELECT tenant_id, id, 'sms', 'opted_in', campaign.now() FROM campaign.contacts;
		SELECT count(campaign.enroll(c.id, k.id, NULL, campaign.now() - make_interval(hours => k.external_id::int % 49)))
		  FROM campaign.contacts k JOIN campaign.campaigns c ON c.tenant_id = k.tenant_id
		   AND c.name = (ARRAY['two', 'three'])[1 + k.external_id::int % 2];
		ANALYZE});
	is($node->safe_psql('shop',
			q{SELECT count(*) FROM campaign.campaign_enrollments e JOIN campaign.campaign_touches USING (tenant_id, campaign_id)}),
		$touches, "$touches touches are enrolled");
	return;
}

sub start_crew
{
	unlink "$folder/stop";
	$idle = 0;
	my %crew = (folder => $folder, pipe => $telling);
	my $dsn = sub { 'dbi:Pg:' . join(';', split / /, $node->connstr('shop')) . ";user=$_[0]" };
	my @pids = map {
		start_worker(%crew, dsn => $dsn->('regress_crash_worker'), seed => $seed, number => $_)
	} 1 .. $workers;
	return @pids if -e "$folder/stopper0";

	my @victims = map { $_->{id} } rows(
		qq{SELECT id FROM campaign.campaign_enrollments ORDER BY md5(id::text || '$seed') LIMIT 400 * $scale});
	return @pids,
	  start_stopper(
		%crew,
		dsn => $dsn->('regress_crash_owner'),
		seed => $seed,
		number => 0,
		enrollments => \@victims);
}

# Each finishes what it has in hand.
sub dismiss_crew
{
	append_to_file("$folder/stop", '');
	foreach my $pid (@crew)
	{
		# Read on meanwhile: a full pipe would hold them up.
		read_events(0.02) while waitpid($pid, WNOHANG) == 0;
	}
	return;
}

# Reads what the crew tells until the condition holds: true; false when all is
# done that can be done.  Moves the clock when nothing is due.
sub wait_for
{
	my ($condition) = @_;
	until ($condition->())
	{
		read_events(60) or die 'the crew fell silent';
		next if $idle < $workers;
		$idle = 0;
		return 0 unless move_clock();
	}
	return 1;
}

sub read_events
{
	my ($timeout) = @_;
	my $ready = '';
	vec($ready, fileno $events, 1) = 1;
	return 0 unless select($ready, undef, undef, $timeout) > 0;
	sysread $events, my $told, 4096 or die "pipe: $!";
	$progress{$_}++ foreach split //, $told;
	$idle = $told =~ /c/ ? 0 : $idle + ($told =~ tr/i//);
	return 1;
}

# False if nothing waits any more but for a person.
sub move_clock
{
	my ($leased, $next, $now) = split /\|/, $node->safe_psql(
		'shop', q{
		SELECT count(*) FILTER (WHERE q.lease_until > clock_timestamp()),
		       extract(epoch FROM min(q.due_at) FILTER (WHERE q.due_at < 'infinity' AND q.flags & 2 = 0
		         AND (q.flags = 0 OR c.uncertain_policy = 'retry'))),
		       extract(epoch FROM campaign.now())
		  FROM campaign.touch_queue q JOIN campaign.lanes l USING (tenant_id, lane) JOIN campaign.channels c USING (channel)});
	return 1 if $leased > 0;
	return 0 if $next eq '';
	return 1 if $next <= $now;

	# Ahead by six hours at least: what was due in between is late then.
	my $ahead = $next - $now > 21_600 ? $next - $now : 21_600;
	$node->safe_psql('shop',
		q{SELECT campaign.now(); ALTER SYSTEM SET campaign.clock_offset = '}
		  . ($node->safe_psql('shop',
				"SELECT make_interval(secs => extract(epoch FROM campaign.now() - statement_timestamp()) + $ahead)"))
		  . q{'; SELECT pg_reload_conf()});
	return 1;
}

sub rows
{
	my ($sql) = @_;
	return @{ decode_json(
			$node->safe_psql('shop', "SELECT coalesce(json_agg(r), '[]') FROM ($sql) r")) };
}

sub touch_id { return join ' ', @{ $_[0] }{qw(enrollment touch)}; }
sub attempt_id { return join ' ', @{ $_[0] }{qw(enrollment touch attempt)}; }

sub errors { return map { "$_->{state} $_->{message}" } @{ $journal->{error} }; }

# Passes for an empty list; else shows how long it is, and its beginning.
sub none_of
{
	my ($name, @items) = @_;
	ok(@items == 0, $name)
	  or diag(scalar(@items), ' are, first of all: ', join ', ', (sort @items)[ 0 .. ($#items < 9 ? $#items : 9) ]);
	return;
}

# ---- what must hold

sub check_crew
{
	none_of('no worker met an error but a lost connection', errors());
	my %connections;
	$connections{ $_->{number} }++ foreach @{ $journal->{connected} };
	is(scalar(grep { ($connections{$_} // 0) > 3 } 1 .. $workers),
		$workers, 'every worker came back again and again');
	cmp_ok(scalar(grep { $_->{begun} } @{ $journal->{claimed} }), '>', 100, 'some claims began at once');
	cmp_ok(scalar(@{ $journal->{begun} }), '>', 1000, 'others began touch by touch');
	return;
}

# Nothing is lost: what has not ended waits in the queue, and is listed.
sub check_waiting
{
	my ($live) = rows(q{
		SELECT count(*) AS n, count(*) FILTER (WHERE q.enrollment_id IS NULL) AS nowhere,
		       count(*) FILTER (WHERE q.enrollment_id IS NOT NULL AND u.enrollment_id IS NULL) AS unlisted
		  FROM campaign.campaign_enrollments e
		  LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id
		  LEFT JOIN campaign.uncertain_touches u ON u.tenant_id = e.tenant_id AND u.enrollment_id = e.id
		 WHERE e.status = 'active'});
	diag("$live->{n} live enrolments wait for a person");
	is($live->{nowhere}, 0, 'every live enrolment has its touch in the queue');
	is($live->{unlisted}, 0, 'every live enrolment that goes no further is listed as uncertain');
	cmp_ok($live->{n}, '>', 0, 'the kills left something uncertain');
	return;
}

# A claim that begins at once may be swallowed whole by a crash: then nobody
# knows what it took, but somebody must have been asking.
sub check_uncertain
{
	my %beginning = map { attempt_id($_) => 1 } @{ $journal->{beginning} };
	my %begun = map { attempt_id($_) => 1 } grep { $_->{begun} } @{ $journal->{claimed} };
	my %asking = map { $_->{worker} => 1 } @{ $journal->{claiming} };
	my @others;
	foreach my $touch (@uncertain)
	{
		my $id = attempt_id($touch);
		my $swallowed = $touch->{worker} =~ /-begins$/ && $asking{ $touch->{worker} };
		push @others, $id unless $beginning{$id} || $begun{$id} || $swallowed;
	}
	none_of('uncertain is only what was begun', @others);
	none_of('only the channel that asks a person leaves live touches uncertain',
		map { touch_id($_) } grep { $_->{status} eq 'active' && $_->{channel} ne 'sms' } @uncertain);
	return;
}

# The provider knows what was sent; what was not is tried again, or given up.
sub settle
{
	my %sent = map { touch_id($_) => 1 } @{ $journal->{send} };
	my @answers = map {
		my $outcome = $sent{ touch_id($_) } ? 'sent' : (qw(retry retry failed skipped))[ rand 4 ];
		"('$_->{lease_token}', '$outcome')"
	} @uncertain;
	my $results = $node->safe_psql(
		'shop',
		'SET ROLE regress_crash_owner; SELECT string_agg(DISTINCT r.result, \',\' ORDER BY r.result) FROM (VALUES '
		  . join(', ', @answers)
		  . ') a (token, outcome), campaign.resolve_uncertain(a.token, a.outcome) r');
	like($results, qr/^(logged,)?ok$/, 'resolve_uncertain settles all of them');
	return;
}

sub check_end
{
	none_of('no error in the second part either', errors());
	my ($end) = rows(q{SELECT (SELECT count(*) FROM campaign.campaign_enrollments WHERE status = 'active') AS active,
		(SELECT count(*) FROM campaign.touch_queue) AS queued, (SELECT count(*) FROM campaign.uncertain_touches) AS uncertain});
	is($end->{active}, 0, 'every enrolment has ended');
	is($end->{uncertain}, 0, 'nothing is uncertain');
	is($end->{queued}, 0, 'the queue is empty');
	my ($log) = rows(q{SELECT
		(SELECT count(*) FROM (SELECT FROM campaign.send_logs WHERE status = 'sent'
		  GROUP BY tenant_id, enrollment_id, touch_number HAVING count(*) > 1) d) AS twice,
		(SELECT count(*) FROM (SELECT FROM campaign.send_logs
		  GROUP BY tenant_id, enrollment_id, touch_number, attempt HAVING count(*) > 1) d) AS attempts,
		(SELECT count(*) FROM campaign.campaign_enrollments e JOIN campaign.campaign_touches t USING (tenant_id, campaign_id, plan_version)
		  WHERE e.status = 'completed' AND 1 <> (SELECT count(*) FROM campaign.send_logs l
		    WHERE l.tenant_id = e.tenant_id AND l.enrollment_id = e.id AND l.touch_number = t.touch_number AND l.is_final)) AS unfinished,
		(SELECT count(*) FROM campaign.send_logs WHERE reason = 'attempts_exhausted') AS exhausted});
	is($log->{twice}, 0, 'no touch is reported sent twice');
	is($log->{attempts}, 0, 'no attempt is logged twice');
	is($log->{unfinished}, 0, 'every touch of every completed enrolment has one final outcome');
	is($log->{exhausted}, 0, 'no touch ran out of attempts');
	diag('attempts at a touch, at most: ', $node->safe_psql('shop', 'SELECT max(attempt) FROM campaign.send_logs'));
	return;
}

# The plan's times do not move, whatever happened.
sub check_plan
{
	my ($plan) = rows(q{SELECT
		(SELECT count(*) FROM campaign.campaign_enrollments e JOIN campaign.campaign_touches t USING (tenant_id, campaign_id, plan_version)
		  WHERE t.touch_number = 1 AND e.first_scheduled_at <> e.anchor_at + t.delay) AS first,
		(SELECT count(*) FROM campaign.send_logs l JOIN campaign.campaign_enrollments e ON e.tenant_id = l.tenant_id AND e.id = l.enrollment_id
		  WHERE l.scheduled_at <> e.anchor_at + (SELECT sum(t.delay) FROM campaign.campaign_touches t
		    WHERE t.tenant_id = e.tenant_id AND t.campaign_id = e.campaign_id AND t.plan_version = e.plan_version
		      AND t.touch_number <= l.touch_number)) AS later,
		(SELECT count(*) FROM campaign.send_logs l WHERE l.claimed_at < l.scheduled_at) AS early,
		(SELECT count(*) FROM campaign.send_logs l JOIN campaign.send_logs n USING (tenant_id, enrollment_id)
		  WHERE n.touch_number = l.touch_number + 1 AND l.status = 'sent' AND n.claimed_at < l.sent_at + interval '1 hour') AS hasty,
		(SELECT count(*) FROM campaign.send_logs l WHERE l.status = 'sent' AND l.sent_at < l.claimed_at) AS backwards});
	is($plan->{first}, 0, 'first touches are scheduled at the anchor and their delay');
	is($plan->{later}, 0, 'later touches are scheduled from the one before');
	is($plan->{early}, 0, 'nothing was claimed before its time');
	is($plan->{hasty}, 0, 'the gap after a send was kept');
	is($plan->{backwards}, 0, 'nothing was sent before it was claimed');
	return;
}

sub check_sends
{
	my %settled = map { touch_id($_) => 1 } @uncertain;
	my %log = map { touch_id($_) . " $_->{attempt}" => $_ } rows(
		q{SELECT enrollment_id AS enrollment, touch_number AS touch, attempt, channel, status FROM campaign.send_logs});
	my %sent_touch = map { touch_id($_) => 1 } grep { $_->{status} eq 'sent' } values %log;
	my %stopped = map { $_->{id} => 1 } rows(q{SELECT id FROM campaign.campaign_enrollments WHERE status = 'stopped'});
	my (%key, %lines, %channel);
	$channel{ touch_id($_) } = $_->{channel} foreach @{ $journal->{claimed} };
	foreach my $send (@{ $journal->{send} })
	{
		$lines{ touch_id($send) }{ attempt_id($send) }++;
		$key{ touch_id($send) }{ $send->{key} } = 1;
	}

	none_of('what is logged as sent was sent, in that attempt',
		grep {
			    $log{$_}{status} eq 'sent'
			  && !$lines{ touch_id($log{$_}) }{$_}
			  && !$settled{ touch_id($log{$_}) }
		} keys %log);
	none_of('what was sent is logged as sent, unless a stop came between',
		grep { !$sent_touch{$_} && !$stopped{ (split / /)[0] } } keys %lines);
	none_of('over a channel that asks a person nothing was sent twice',
		grep { keys %{ $lines{$_} } > 1 && $channel{$_} eq 'sms' } keys %lines);
	none_of('a touch has one idempotency key', grep { keys %{ $key{$_} } > 1 } keys %key);
	my %owners;
	$owners{ (keys %{ $key{$_} })[0] }++ foreach keys %key;
	none_of('and no other has it', grep { $owners{$_} > 1 } keys %owners);
	none_of('no attempt was sent twice',
		grep { my $touch = $_; grep { $_ > 1 } values %{ $lines{$touch} } } keys %lines);

	# The durable half of the crew reported what stays reported.
	none_of('every report that was answered ok is in the log',
		map { attempt_id($_) } grep {
			$_->{number} % 2 == 0
			  && $_->{outcome} ne 'released'
			  && $_->{result} =~ /^(ok|logged)$/
			  && ($log{ attempt_id($_) }{status} // '') ne $_->{outcome}
		} @{ $journal->{report} });
	none_of('no report was invalid',
		map { attempt_id($_) } grep { $_->{result} eq 'invalid' } @{ $journal->{report} });

	# Given back by the worker, whether or not he got the answer, or by the person who settled it.
	my %released = map { attempt_id($_) => 1 } @uncertain, @{ $journal->{releasing} };
	my %claimed;
	$claimed{ attempt_id($_) }++ foreach @{ $journal->{claimed} };
	none_of('no attempt was claimed twice, unless it was given back',
		grep { $claimed{$_} > 1 && !$released{$_} } keys %claimed);
	return;
}

sub check_stops
{
	my %stopped = map { $_->{enrollment} => $_->{time} } @{ $journal->{stopped} };
	my $too_late = sub { ($stopped{ $_[0]{enrollment} } // 9e99) < $_[0]{asked} };
	cmp_ok(scalar(keys %stopped), '>', 100, 'enrolments were stopped in the storm');
	none_of('after a stop nothing is claimed',
		map { touch_id($_) } grep { $too_late->($_) } @{ $journal->{claimed} });
	none_of('after a stop nothing is begun',
		map { touch_id($_) } grep { $_->{answer} eq 'go' && $too_late->($_) } @{ $journal->{begun} });
	return;
}
