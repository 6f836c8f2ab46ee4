# Four workers generate messages for 5,000 contacts while the server is killed
# with SIGKILL again and again: nothing is lost, no contact is generated twice,
# and the cost is that of the reports, each counted once.
#
# Some workers go on with what they held when the server was killed, and report
# again what they got no answer for; others forget it, and its leases end.
#
# The seed is printed; CAMPAIGN_CRASH_SEED repeats its choices, though not the
# races.
use strict;
use warnings;

use DBI;
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX ();
use Test::More;

use CampaignTest qw(campaign_database);
use WholeServer qw(kill_whole_server);

my $seed = $ENV{CAMPAIGN_CRASH_SEED} // int rand 1_000_000;
my $contacts = 5_000;
my $workers = 4;
my $kills = 8;
my $folder = PostgreSQL::Test::Utils::tempdir();
diag("seed $seed");
srand $seed;

my $node = PostgreSQL::Test::Cluster->new('generation');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = none\nsynchronous_commit = off\n");
$node->start;
fill();

# ---- the storm

my @crew = map { start_worker($_) } 1 .. $workers;
my $killed = 0;
my @misreserved;
while ($killed < $kills)
{
	my $wanted = int(($killed + 0.5 + rand 0.4) * 0.9 * $contacts / $kills);
	last unless wait_for_ended($wanted);
	kill_whole_server($node);
	$killed++;
	$node->start;
	push @misreserved, misreserved();
}
is($killed, $kills, "the server was killed $kills times while there was work");
ok(wait_for_ended($contacts), 'every contact ends');
append_to_file("$folder/stop", '');
waitpid($_, 0) foreach @crew;
diag("generated, ", time - $^T, " s");

# ---- when it is over

my (%tried, %answered, @errors);
foreach my $line (map { split /\n/, slurp_file($_) } glob "$folder/journal*")
{
	my ($kind, $token, @fields) = split / /, $line;
	$tried{$token} = $fields[0] if $kind eq 'trying';
	push @{ $answered{$token} }, $fields[0] if $kind eq 'answer';
	push @errors, $line if $kind eq 'error';
}
is(join("\n", @errors), '', 'no worker met an error but a lost connection and a lost lease');

is(query('SELECT status FROM campaign.campaigns'), 'review', 'the campaign is in review');
is(query('SELECT status FROM campaign.generation_jobs'), 'finished', 'the job has finished');
is( query(q{SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM (SELECT DISTINCT coalesce(outcome, 'none') FROM campaign.generation_items) o (outcome)}),
	'failed generated',
	'contacts were generated or failed');
is( query(
		q{SELECT count(*) FROM campaign.generation_items i JOIN campaign.campaign_contacts k USING (tenant_id, campaign_id, contact_id)
		   WHERE k.status IS DISTINCT FROM i.outcome OR k.error IS DISTINCT FROM i.error}),
	0,
	'every contact is as its item says');
is( query(
		q{SELECT count(*) FROM campaign.generation_items i
		   WHERE (i.outcome = 'generated')::integer <> (SELECT count(*) FROM campaign.messages m WHERE m.contact_id = i.contact_id)}),
	0,
	'who was generated has his message, and nobody else has');
is(query('SELECT count(*) FROM campaign.message_versions WHERE version > 1'), 0, 'no contact was generated twice');
is( query(q{SELECT count(*) FROM campaign.generation_items WHERE error LIKE '%without a report'}),
	0,
	'no contact ran out of attempts');

# a lease by its token, and what it has cost
my %booked = map { my ($token, $usd, $rows) = split /\|/; ($token => [ $usd, $rows ]) } split /\n/, query(
	q{SELECT campaign.lease_token(tenant_id, job_id, contact_id, fence) || '|' || sum(usd)::double precision || '|' || count(*)
	    FROM campaign.generation_costs GROUP BY tenant_id, job_id, contact_id, fence});
is(scalar(grep { $booked{$_}[1] != 1 } keys %booked), 0, 'the cost of a lease is counted once');
is(scalar(grep { !defined $tried{$_} || abs($tried{$_} - $booked{$_}[0]) > 1e-9 } keys %booked), 0, 'what is booked was reported');
is(scalar(grep { !$booked{$_} } keys %answered), 0, 'every report that was answered is booked');
is(scalar(grep { grep({ $_ eq 'generated' } @{ $answered{$_} }) > 1 } keys %answered), 0, 'no report was taken twice');

# in millionths of a dollar
my $spent = 0;
$spent += sprintf('%.0f', $tried{$_} * 1e6) foreach grep { $booked{$_} && defined $tried{$_} } keys %booked;
is(query('SELECT (usd * 1000000)::bigint FROM campaign.campaign_generation_costs'), $spent, "the campaign has cost what the workers' journals say");
is(query('SELECT (sum(usd) * 1000000)::bigint FROM campaign.contact_generation_costs'), $spent, 'and so have its contacts');
is( query('SELECT (left_usd * 1000000)::bigint FROM campaign.generation_budget_status WHERE limit_usd IS NOT NULL'),
	1_200_000_000 - $spent,
	'all that the journals do not say is left of the budget: nothing is reserved any more');
is(join(' ', @misreserved), '', 'after each kill as much was reserved as the contacts cost that were not done yet');
diag(scalar(keys %booked), ' leases have cost something');
diag(scalar(grep { !$answered{$_} } keys %tried), ' reports were not answered');

$node->stop;
done_testing();

# ---- the stage

sub query { return $node->safe_psql('shop', $_[0]); }

sub fill
{
	campaign_database($node, 'shop');
	$node->safe_psql(
		'shop', qq{
		CREATE ROLE regress_generation_worker LOGIN;
		SELECT campaign.grant_access('regress_generation_worker', 'worker');
		SELECT campaign.create_tenant('Tenant', 'tenant', 'UTC', 'nobody') AS tenant \\gset
		INSERT INTO campaign.contacts (tenant_id, first_name, email)
		SELECT :'tenant', 'C' || n, 'c' || n || '\@example.com' FROM generate_series(1, $contacts) n;
		INSERT INTO campaign.readiness_stages (tenant_id, entity_kind, stage, required) VALUES (:'tenant', 'contact', 'person', false);
		INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) VALUES (:'tenant', 'soft', 1000);
		SELECT campaign.create_campaign(:'tenant', 'Big', '[{"channel": "email"}]', 'assigned') AS big \\gset
		UPDATE campaign.outreach_campaigns SET max_attempts = 20;
		SELECT campaign.assign_contacts(:'big', filter => '{}');
		SELECT campaign.transition_campaign(:'big', 'ready');
		SELECT campaign.start_generation(:'big');
		ANALYZE});
	is(query('SELECT count(*) FROM campaign.generation_items'), $contacts, "$contacts contacts are to be written to");
	is( query('SELECT (reserved_usd * 1000000)::bigint FROM campaign.generation_budget_status WHERE limit_usd IS NOT NULL'),
		$contacts * 1440,
		'a message each is reserved');
	return;
}

# What is reserved, if it is not the price of a message for each contact that is not done.
sub misreserved
{
	return query(q{SELECT s.reserved_usd FROM campaign.generation_budget_status s
		WHERE s.limit_usd IS NOT NULL
		  AND s.reserved_usd <> 0.00144 * (SELECT count(*) FROM campaign.campaign_contacts k WHERE k.status NOT IN ('generated', 'failed'))}) || ();
}

# False if it does not come to that in three minutes.
sub wait_for_ended
{
	my ($wanted) = @_;
	my $end = time + 180;
	while (query('SELECT count(*) FROM campaign.generation_items WHERE outcome IS NOT NULL') < $wanted)
	{
		return 0 if time > $end;
		select undef, undef, undef, 0.05;
	}
	return 1;
}

# ---- workers

sub start_worker
{
	my ($number) = @_;
	my $test = $$;
	my $dsn = 'dbi:Pg:' . join(';', split / /, $node->connstr('shop')) . ';user=regress_generation_worker';
	my $pid = fork() // die "fork: $!";
	return $pid if $pid;

	srand $seed * 100 + $number;
	open my $journal, '>>', "$folder/journal$number" or POSIX::_exit(1);
	my %me = (dsn => $dsn, number => $number, journal => $journal);
	my @held;
	while (getppid() == $test && !-e "$folder/stop")
	{
		eval { work(\%me, \@held); 1 } or lost(\%me, \@held, $@);
	}
	# Without the END blocks of the test, which stop the server.
	POSIX::_exit(0);
}

sub note
{
	my ($me, @fields) = @_;
	my $line = join(' ', @fields) . "\n";
	length($line) == (syswrite($me->{journal}, $line) // 0) or die "journal: $!";
	return;
}

sub work
{
	my ($me, $held) = @_;
	$me->{dbh} //= DBI->connect($me->{dsn}, undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
	if (!@$held)
	{
		@$held = map { { token => $_->[0], usd => int(rand 5000) / 1e6, fails => rand() < 0.05 } } @{
			$me->{dbh}->selectall_arrayref('SELECT lease_token FROM campaign.claim_generation(?, 25, lease => ?)',
				undef, "worker $me->{number}", '3 seconds')
		};
		select undef, undef, undef, 0.05 unless @$held;
	}
	while (@$held)
	{
		report($me, $held->[0]);
		shift @$held;
	}
	return;
}

sub report
{
	my ($me, $item) = @_;
	my $costs = qq{[{"model": "m", "tokens_in": 800, "tokens_out": 200, "usd": $item->{usd}}]};
	my $message = '[{"touch_number": 1, "subject": "Hello", "body": "Hello"}]';
	note($me, 'trying', $item->{token}, $item->{usd});
	my $answer = $item->{fails} ? undef : eval {
		($me->{dbh}->selectrow_array('SELECT campaign.save_generated(?, ?, ?)', undef, $item->{token}, $message, $costs))[0];
	};
	# a lease that was lost, be it by one's own report, leaves the cost to be told
	die $@ if !defined $answer && !$item->{fails} && ($me->{dbh}->state // '') ne 'CP004';
	$answer //= ($me->{dbh}->selectrow_array('SELECT campaign.fail_generation(?, ?, ?)', undef, $item->{token}, 'the model refused', $costs))[0];
	note($me, 'answer', $item->{token}, $answer);
	return;
}

# The server is down or starts; an error of a live one is none that a worker may see.
sub lost
{
	my ($me, $held, $error) = @_;
	my $dbh = delete $me->{dbh};
	if ($dbh && $dbh->ping)
	{
		$error =~ s/\s+/ /g;
		note($me, 'error', $dbh->state, $error);
		shift @$held;
	}
	@$held = () if $dbh && $me->{number} % 2;
	eval { $dbh->disconnect } if $dbh;
	select undef, undef, undef, 0.05;
	return;
}
