# Thirty-two workers at the caps of four tenants, while the server is killed with
# SIGKILL in the middle: of no hour, day or month is more sent than it has, and
# everything that it has is: what was released, skipped, rolled back or left to
# its lease's end comes back.
#
# The seed is printed; CAMPAIGN_CAPS_SEED repeats its choices, though not the
# races.  CAMPAIGN_SOAK=1 kills five times as often.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use DBI;
use POSIX ':sys_wait_h';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'sleep';

use CampaignTest qw(campaign_database);
use WholeServer qw(kill_whole_server);

my $workers = 32;
my $kills = $ENV{CAMPAIGN_SOAK} ? 10 : 2;
my $seed = $ENV{CAMPAIGN_CAPS_SEED} // int rand 1_000_000;
my $folder = PostgreSQL::Test::Utils::tempdir();
diag("seed $seed");
srand $seed;

# Caps, and what each phase can send under them: three hours of a day in Berlin,
# and one of the next.
my %caps = (
	channel => { set => '', sends => [ 100, 100, 100, 100 ] },
	hour_day => { set => "set_send_limit(id, 'sms', 40, 100)", sends => [ 40, 40, 20, 40 ] },
	day_month => { set => "set_send_limit(id, 'sms', NULL, 70, 110)", sends => [ 70, 0, 0, 40 ] },
	warmup => {
		set => "set_send_limit(id, 'sms', 10), campaign.start_warmup(id, 'sms', caps => '{\"1\": 15, \"2\": 25}')",
		sends => [ 10, 5, 0, 10 ]
	});
my @phases = ('2030-01-10 10:10+01', '2030-01-10 11:10+01', '2030-01-10 12:10+01', '2030-01-11 10:10+01');

my $node = PostgreSQL::Test::Cluster->new('caps');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = none\nmax_connections = 100\n");
$node->start;
campaign_database($node, 'shop');
move_clock($phases[0]);
fill();

foreach my $phase (0 .. $#phases)
{
	move_clock($phases[$phase]);
	my @crew = map { start_worker($phase, $_) } 1 .. $workers;
	foreach my $kill (1 .. $kills)
	{
		# In the middle of the first claims, and of what follows them.
		sleep(0.1 + rand 1.2);
		kill_whole_server($node);
		$node->start;
	}
	# A unit that comes back at the moment when a claim decides that none is left finds its lane closed,
	# for five minutes at most: they pass, within the hour.
	my $done = wait_for(sub { used_up($phase) });
	foreach my $minute (16, 22, 28)
	{
		last if $done;
		move_clock($phases[$phase] =~ s/:10/:$minute/r);
		$done = wait_for(sub { used_up($phase) });
	}
	ok($done, "phase $phase: everything that may be sent is sent");
	# Nobody finds a unit more.
	sleep 1;
	append_to_file("$folder/stop$phase", '');
	waitpid $_, 0 foreach @crew;
	check_phase($phase);
}
check_journals();

$node->stop;
done_testing();

# ---- the stage

sub move_clock
{
	my ($time) = @_;
	my $offset = $node->safe_psql('shop', "SELECT extract(epoch FROM '$time' - clock_timestamp()) || ' s'");
	# The setting is known once the library is loaded.
	$node->safe_psql('shop', "SELECT campaign.now(); ALTER SYSTEM SET campaign.clock_offset = '$offset'");
	$node->reload;
	return;
}

# One touch for each of 600 contacts of four tenants.
sub fill
{
	my $sets = join '; ',
	  map { "SELECT campaign.$caps{$_}{set} FROM campaign.tenants WHERE slug = '" . slug($_) . q{'} }
	  grep { $caps{$_}{set} } sort keys %caps;
	my $slugs = join ', ', map { q{'} . slug($_) . q{'} } sort keys %caps;
	$node->safe_psql(
		'shop', qq{
		CREATE ROLE regress_caps_crew LOGIN;
		SELECT campaign.grant_access('regress_caps_crew', 'worker');
		SELECT campaign.create_tenant(slug, slug, 'Europe/Berlin', current_user) FROM unnest(ARRAY[$slugs]) slug;
		UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
		$sets;
		SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'News',
		         '[{"channel": "sms", "delay_hours": 0, "body_text": "Hello"}]', 'contacts'))
		  FROM campaign.tenants t WHERE NOT t.seeded;
		UPDATE campaign.outreach_campaigns SET max_attempts = 20;
		INSERT INTO campaign.contacts (tenant_id, first_name, phone)
		SELECT t.id, 'C' || n, '+1212' || 1000000 + n FROM campaign.tenants t, generate_series(1, 600) n WHERE NOT t.seeded;
		INSERT INTO campaign.consents (tenant_id, contact_id, channel, state, at)
		SELECT tenant_id, id, 'sms', 'opted_in', campaign.now() FROM campaign.contacts;
		SELECT count(campaign.enroll(c.id, k.id)) FROM campaign.campaigns c JOIN campaign.contacts k USING (tenant_id);
		ANALYZE});
	return;
}

sub slug
{
	my ($name) = @_;
	return $name =~ tr/_/-/r;
}

sub wait_for
{
	my ($condition) = @_;
	foreach (1 .. 100)
	{
		return 1 if $condition->();
		sleep 0.2;
	}
	return 0;
}

# Rows of a query, as lists.
sub rows
{
	my ($sql) = @_;
	return map { [ split /\|/ ] } split /\n/, $node->safe_psql('shop', $sql);
}

# ---- what was sent, by the queue and the log; the ledger of the caps is not asked

# What was begun, by tenant and the hour of its claim: it is logged, or set
# aside as uncertain.
sub begun
{
	my %begun;
	$begun{ $_->[0] }{ $_->[1] } = $_->[2] foreach rows(
		q{SELECT t.slug, h.hour, count(*) FROM (
		    SELECT tenant_id, date_trunc('hour', claimed_at) AS hour FROM campaign.send_logs WHERE status <> 'skipped'
		    UNION ALL
		    SELECT tenant_id, date_trunc('hour', claimed_at) FROM campaign.touch_queue WHERE flags & 1 = 1) h
		  JOIN campaign.tenants t ON t.id = h.tenant_id GROUP BY 1, 2});
	return \%begun;
}

sub hour_of
{
	my ($phase) = @_;
	return $node->safe_psql('shop', "SELECT date_trunc('hour', '$phases[$phase]'::timestamptz)");
}

sub used_up
{
	my ($phase) = @_;
	my $begun = begun();
	my $hour = hour_of($phase);
	return !grep { ($begun->{ slug($_) }{$hour} // 0) < $caps{$_}{sends}[$phase] } keys %caps;
}

sub check_phase
{
	my ($phase) = @_;
	my $begun = begun();
	my $hour = hour_of($phase);
	foreach my $name (sort keys %caps)
	{
		is($begun->{ slug($name) }{$hour} // 0, $caps{$name}{sends}[$phase], "phase $phase: no more and no less of $name");
	}
	my ($wrong) = $node->safe_psql('shop',
		q{SELECT count(*) FROM campaign.send_usage WHERE used > size});
	is($wrong, 0, "phase $phase: no grant is overdrawn");
	my %ledger = map { ($_->[0] => $_->[1]) } rows(
		qq{SELECT t.slug, sum(u.used) FROM campaign.send_usage u JOIN campaign.tenants t ON t.id = u.tenant_id
		   WHERE u.starts_at = '$hour' GROUP BY 1});
	foreach my $name (sort keys %caps)
	{
		is($ledger{ slug($name) } // 0, $caps{$name}{sends}[$phase], "phase $phase: the ledger of $name has what was sent");
	}
	return;
}

# What the workers were told to send, each in the hour of its claim.
sub check_journals
{
	my (%told, @errors);
	foreach my $file (glob "$folder/worker*")
	{
		foreach my $line (split /\n/, slurp_file($file))
		{
			my ($kind, $tenant, $hour, $attempt) = split / /, $line, 4;
			push @errors, $line if $kind eq 'error';
			$told{$tenant}{$hour}{$attempt} = 1 if $kind eq 'go';
		}
	}
	is(join("\n", @errors), '', 'no error was seen of a server that was there');
	my %slug = map { @$_ } rows('SELECT id, slug FROM campaign.tenants');
	my %told_of = map { ($slug{$_} => $told{$_}) } keys %told;
	foreach my $name (sort keys %caps)
	{
		my @over = grep {
			my $hour = hour_of($_) =~ tr/ /_/r;
			keys %{ $told_of{ slug($name) }{ substr $hour, 0, 13 } // {} } > $caps{$name}{sends}[$_]
		} 0 .. $#phases;
		is("@over", '', "nobody was told to send more of $name");
		is(scalar(keys %{ $told_of{ slug($name) } }),
			scalar(grep { $_ } @{ $caps{$name}{sends} }), "the journals have every hour of $name");
	}
	return;
}

# ---- workers

sub start_worker
{
	my ($phase, $number) = @_;
	my $test = $$;
	my $pid = fork() // die "fork: $!";
	return $pid if $pid;

	srand $seed * 1000 + $phase * 100 + $number;
	open my $journal, '>>', "$folder/worker$number" or POSIX::_exit(1);
	my $dbh;
	while (getppid() == $test && !-e "$folder/stop$phase")
	{
		next if eval { $dbh //= connect_crew(); work($dbh, $journal, $number); 1 };
		my $error = $@ =~ s/\s+/ /gr;
		syswrite $journal, 'error ' . $dbh->state . " $error\n" if $dbh && $dbh->ping;
		eval { $dbh->disconnect } if $dbh;
		undef $dbh;
		sleep 0.02;
	}
	# Without the END blocks of the test, which stop the server.
	POSIX::_exit(0);
}

sub connect_crew
{
	return DBI->connect('dbi:Pg:' . join(';', split / /, $node->connstr('shop')) . ';user=regress_caps_crew',
		undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

sub work
{
	my ($dbh, $journal, $number) = @_;
	my $undo = rand() < 0.1;
	$dbh->begin_work if $undo || rand() < 0.5;
	my $touches = $dbh->selectall_arrayref(
		q{SELECT c.tenant_id, c.lease_token, c.enrollment_id, c.touch_number, c.attempt, to_char(campaign.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD_HH24') AS hour
		    FROM campaign.claim_due_touches(?, ?, make_interval(secs => ?)) c},
		{ Slice => {} }, "worker $number", 1 + int rand 20, 1 + rand 2);
	if ($undo)
	{
		$dbh->rollback;
		return;
	}
	$dbh->commit unless $dbh->{AutoCommit};
	sleep 0.02 + rand 0.05 unless @$touches;
	foreach my $touch (@$touches)
	{
		my $fate = rand;
		# a worker that forgets what it has: its lease ends
		next if $fate < 0.1;
		if ($fate < 0.2) { release($dbh, $touch); next }
		if ($fate < 0.25) { report($dbh, $touch, 'skipped'); next }
		my ($answer) = $dbh->selectrow_array('SELECT campaign.begin_send(?)', undef, $touch->{lease_token});
		next if $answer ne 'go';
		syswrite $journal, "go $touch->{tenant_id} $touch->{hour} $touch->{enrollment_id}/$touch->{touch_number}/$touch->{attempt}\n";
		# nobody knows whether it was sent
		next if $fate < 0.3;
		report($dbh, $touch, $fate < 0.4 ? 'failed' : 'sent');
	}
	return;
}

# A lease that has ended meanwhile cannot be given back, which is no fault.
sub release
{
	my ($dbh, $touch) = @_;
	eval { $dbh->do('SELECT campaign.release_touch(?)', undef, $touch->{lease_token}); 1 }
	  or ($dbh->state eq 'CP004' or die $@);
	return;
}

sub report
{
	my ($dbh, $touch, $outcome) = @_;
	$dbh->do(
		'SELECT campaign.report_touches(ARRAY[ROW(?, ?, NULL, NULL, false, NULL, NULL, NULL)::campaign.touch_result])',
		undef, $touch->{lease_token}, $outcome);
	return;
}
