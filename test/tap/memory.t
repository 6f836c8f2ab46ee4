# How much memory a backend takes: for one claim of as many touches as there
# may be in one, and for hundreds of claims and reports one after the other.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest qw(campaign_database);
use Sessions qw(session sqlstate_of);

my $megabyte = 1024 * 1024;

my $node = PostgreSQL::Test::Cluster->new('memory');
$node->init;
# Nothing that happens beside the backend, and no compiler loaded into it.
$node->append_conf('postgresql.conf', "log_statement = none\nautovacuum = off\njit = off\n");
$node->start;
campaign_database($node, 'shop');
fill();
claim_of_ten_thousand();
claims_and_reports();
$node->stop;
done_testing();

# A campaign of 10000 enrolments whose messages have all that is ever rendered,
# and one whose touches are due as fast as they are worked on.
sub fill
{
	$node->safe_psql(
		'shop', q{
		CREATE ROLE regress_memory_owner;
		SELECT campaign.grant_access('regress_memory_owner', 'member');
		SELECT campaign.create_tenant('Acme', 'acme', 'UTC', 'regress_memory_owner');
		UPDATE campaign.tenants SET min_gap = '0', quiet_from = '00:00', quiet_until = '00:00', link_base_url = 'https://go.example', review_url = 'https://r.example' WHERE NOT seeded;
		INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
		SELECT campaign.launch_campaign(campaign.create_campaign(t.id, c.name, c.steps, 'contacts'))
		  FROM campaign.tenants t,
		       (VALUES ('wide', jsonb_build_array(jsonb_build_object('channel', 'email', 'delay_hours', 0, 'subject', 'To {{contact.name}}',
		                  'body_text', repeat('Dear {{contact.first_name|friend}}, {{link.review}} {{contact.attributes.city}} ', 20),
		                  'body_html', repeat('<p>{{contact.name}} {{link.unsubscribe}}</p>', 20)))),
		               ('long', (SELECT jsonb_agg(jsonb_build_object('channel', (ARRAY['email', 'call'])[1 + n % 2], 'delay_hours', 0,
		                           'body_text', 'Touch {{contact.name}}') || CASE n % 2 WHEN 0 THEN '{"subject": "Hello"}' ELSE '{}'::jsonb END)
		                           FROM generate_series(1, 5) n))) c (name, steps)
		 WHERE NOT t.seeded;
		INSERT INTO campaign.contacts (tenant_id, first_name, last_name, email, phone, attributes)
		SELECT t.id, 'First' || n, 'Last' || n, 'c' || n || '@example.com', '+1212' || 1000000 + n, '{"city": "Rome"}'
		  FROM campaign.tenants t, generate_series(1, 10700) n WHERE NOT t.seeded;
		SELECT count(campaign.enroll(c.id, k.id, NULL, '2026-01-01'))
		  FROM (SELECT tenant_id, id, row_number() OVER (ORDER BY id) AS n FROM campaign.contacts) k
		  JOIN campaign.campaigns c ON c.tenant_id = k.tenant_id AND c.name = CASE WHEN k.n > 600 THEN 'wide' ELSE 'long' END;
		UPDATE campaign.lanes l SET paused = true FROM campaign.campaigns c
		 WHERE c.tenant_id = l.tenant_id AND c.id = l.campaign_id AND c.name = 'long';
		ANALYZE});
	return;
}

# The most address space that a backend has had, in bytes.  All shared memory
# is part of it from the start, so what it grows by is the backend's own; what
# is resident would count shared buffers as they are touched.
sub peak
{
	my ($pid) = @_;
	return 1024 * (slurp_file("/proc/$pid/status") =~ /^VmPeak:\s+(\d+) kB/m)[0];
}

sub claim_of_ten_thousand
{
	my $dbh = session($node, 'shop');
	my $pid = $dbh->{pg_pid};
	is($dbh->selectrow_array('SHOW work_mem'), '4MB', 'the setting that bounds the result is the usual one');
	# Library, catalog and plans are not the claim's.
	$dbh->do(q{SELECT count(length(body)) FROM campaign.claim_due_touches('warm')});

	my $before = peak($pid);
	my ($claimed) = $dbh->selectrow_array(
		q{SELECT count(length(body)) FROM campaign.claim_due_touches('worker', 10000)});
	my $grown = peak($pid) - $before;
	is($claimed, 10_000, 'a claim took as many as it may');
	cmp_ok($grown, '<', 16 * $megabyte, 'a claim of 10000 touches takes less than 16 MB')
	  or diag("$grown bytes");
	note("a claim of 10000: $grown bytes");

	$dbh = session($node, 'shop');
	$pid = $dbh->{pg_pid};
	$before = peak($pid);
	my ($reported) = $dbh->selectrow_array(
		q{SELECT count(*) FROM campaign.report_touches(ARRAY(
		    SELECT ROW(campaign.touch_token(q.tenant_id, q.lane, q.due_at, q.enrollment_id, q.touch_number, q.attempt, q.fence),
		               'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result
		      FROM campaign.touch_queue q WHERE q.lease_until > clock_timestamp())) WHERE result = 'ok'});
	$grown = peak($pid) - $before;
	is($reported, 10_100, 'a batch reported all of them');
	cmp_ok($grown, '<', 32 * $megabyte, 'a report of 10000 touches, array and library included, takes less than 32 MB')
	  or diag("$grown bytes");
	note("a report of 10000: $grown bytes");

	# The measure sees what it is there for.
	$before = peak($pid);
	$dbh->do(q{SELECT length(repeat('x', 40000000))});
	cmp_ok(peak($pid) - $before, '>', 16 * $megabyte, 'another 40 MB would be seen');
	$dbh->disconnect;
	return;
}

sub claims_and_reports
{
	$node->safe_psql('shop', 'UPDATE campaign.lanes SET paused = false');
	my $dbh = session($node, 'shop');
	# Until all kinds of work have been done once, looking included.
	a_round($dbh) foreach 1 .. 20;
	contexts($dbh);
	# A statement that is needed now and then, as when the counts of a call fall
	# into two buckets of time, is planned once; a leak grows each time.
	my ($grown, $rounds) = (0, 20);
	foreach my $try (1 .. 3)
	{
		my $before = contexts($dbh);
		a_round($dbh) foreach 1 .. 100;
		$rounds += 100;
		my $after = contexts($dbh);
		$grown = $after->{total} - $before->{total};
		last if $grown < 4096;
		note(map { "$_: " . ($after->{$_} - ($before->{$_} // 0)) . " bytes\n" } grep { $after->{$_} != ($before->{$_} // 0) } sort keys %$after);
	}
	cmp_ok($grown, '<', 4096, '100 claims and reports of 800 touches leave nothing behind');
	is($dbh->selectrow_array("SELECT count(*) FROM campaign.send_logs WHERE provider_id = 'round'"),
		$rounds * 6, 'and did what they were to do');
	$dbh->disconnect;
	return;
}

# Claims eight touches: gives one back, skips one, reports six as sent, all of
# it twice; and meets what is no token, and a lease that is lost.
sub a_round
{
	my ($dbh) = @_;
	my $tokens = $dbh->selectcol_arrayref(
		q{SELECT lease_token FROM campaign.claim_due_touches('round', 8)});
	die "claimed only @$tokens" if @$tokens != 8;
	my ($back, $skipped, @sent) = @$tokens;

	$dbh->do('SELECT campaign.extend_lease(?, ?)', undef, $back, '1 minute');
	$dbh->do('SELECT campaign.release_touch(?)', undef, $back);
	my $state = sqlstate_of($dbh, 'SELECT campaign.release_touch(?)', $back);
	die "a lost lease gave $state" if $state ne 'CP004';
	foreach my $token (@sent)
	{
		my ($answer) = $dbh->selectrow_array('SELECT campaign.begin_send(?)', undef, $token);
		die "begin_send answered $answer" if $answer ne 'go';
	}
	foreach my $time (1, 2)
	{
		$dbh->do('SELECT campaign.skip_touch(?, ?)', undef, $skipped, 'not wanted');
		$dbh->do(
			q{SELECT campaign.report_touches(ARRAY(
			    SELECT ROW(t, 'sent', 'round', NULL, NULL, NULL, NULL, '{"cost": 1}')::campaign.touch_result
			      FROM unnest(?::text[]) t))}, undef, [ @sent, 'no token' ]);
	}
	return;
}

# Bytes in use by context, and in total; but for the counters that the server
# gathers until it is their time to be sent.
sub contexts
{
	my ($dbh) = @_;
	my %bytes = (total => 0);
	foreach my $row (@{ $dbh->selectall_arrayref(
				q{SELECT coalesce(name || ' ' || ident, name), used_bytes FROM pg_backend_memory_contexts
				   WHERE name <> 'PgStat Pending'}) })
	{
		$bytes{ $row->[0] } += $row->[1];
		$bytes{total} += $row->[1];
	}
	return \%bytes;
}
