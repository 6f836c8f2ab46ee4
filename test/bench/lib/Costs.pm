# Costs (i): what a touch costs, apart from how fast it goes.
#
# - Bytes of the queue's indexes after a load of a million, against those of the reference's four
#   partial indexes. The reference has the next touch of an enrolment in one of the four; how
#   large they are where all four touches are scheduled at once is said beside it.
# - Time of a claim of 100, without its commit, of a million due ones, warm; the
#   reference's claim and its bare SELECT beside it.
# - Time of claims of one touch with ten thousand leases in flight, against none.
# - WAL bytes and processor time of the server for each touch, of claims and of completions in
#   batches of 100, by one connection that first claims all and then completes all.
#   Full-page images and autovacuum are off meanwhile. Processor time is that of the
#   backend in /proc, commits included.
package Costs;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as execute value configure checkpoint cpu_time turns median spread number heading table goal);
use Systems qw(@systems label load_up script user);
use Throughput;

use constant BATCH => 100;

my @compared;

sub measure
{
	my $rows = setting('MILLION');
	Throughput::prepare($rows);
	@compared = grep { /^(campaign|reference)$/ } @systems;
	load_up([ grep { $_ ne 'pgq' } @systems ], 'spread', $rows);
	indexes($rows) if @compared == 2;
	claims($rows);
	leases($rows);
	touches($rows);
}

# ---- indexes

sub indexes
{
	my ($rows) = @_;
	my $sum = 'SELECT sum(pg_relation_size(indexrelid)) FROM pg_index WHERE indrelid =';
	my $own = value("$sum 'campaign.touch_queue'::regclass");
	my $others = value("$sum 'reference.enrollments'::regclass AND indexrelid::regclass::text LIKE '%.enrollments_touch_%_due'");
	my $all = value('SELECT bench.size_of_all_scheduled(?, ?)', 'spread', $rows);
	my $share = 100 * $own / $others;
	heading('i', 'indexes of the queue with ' . size($rows) . ' live enrolments');
	table([ '', 'bytes', 'campaign to it, %' ], [ 'campaign', size($own), '' ],
		[ 'reference, the next touch scheduled', size($others), number($share) ],
		[ 'reference, all four touches scheduled', size($all), number(100 * $own / $all) ]);
	goal('index', number($share) . ' %, or ' . number(100 * $own / $all) . ' % where all four are scheduled', $share <= 50);
}

# ---- claims by themselves

# The median of some claims, in microseconds, after a few that warm up.
sub claim_time
{
	my ($session, $what, $max, $times) = @_;
	my $claim = sub { $session->selectrow_array("SELECT microseconds FROM bench.time_$what(?)", undef, $max) };
	$claim->() for 1 .. $times / 5;
	return median(map { $claim->() } 1 .. $times);
}

sub claims
{
	my ($rows) = @_;
	my %times;
	for my $round (1 .. rounds())
	{
		for my $what (turns($round, 'campaign', @compared == 2 ? qw(reference select) : ()))
		{
			my $session = connect_as($what eq 'campaign' ? 'bench_worker' : 'postgres');
			push @{ $times{$what} }, claim_time($session, $what, BATCH, 40) / 1000;
			$session->disconnect;
			execute('SELECT bench.end_leases()');
		}
		tidy();
	}
	heading('i', 'a claim of 100 of ' . size($rows) . ' due, warm, without its commit');
	my %name = (campaign => 'campaign, claim', reference => 'reference, claim', select => 'reference, bare SELECT');
	table([ '', 'ms' ], map { [ $name{$_}, spread(2, @{ $times{$_} }) ] } grep { $times{$_} } qw(campaign reference select));
	my $median = median(@{ $times{campaign} });
	goal('claim', number($median, 2) . ' ms' . ($times{select} ? ', the SELECT ' . number(median(@{ $times{select} }), 2) . ' ms' : ''), $median <= 1);
}

sub leases
{
	my ($rows) = @_;
	my $leases = $rows / 10 < 10_000 ? $rows / 10 : 10_000;
	my (%without, %with);
	for my $round (1 .. rounds())
	{
		for my $system (turns($round, @compared))
		{
			my $session = connect_as(user($system));
			push @{ $without{$system} }, claim_time($session, $system, 1, 100);
			my $other = connect_as(user($system));
			$other->do("SELECT bench.time_$system(100)") for 1 .. $leases / 100;
			push @{ $with{$system} }, claim_time($session, $system, 1, 100);
			$_->disconnect for $session, $other;
			execute('SELECT bench.end_leases()');
			tidy();
		}
	}
	heading('i', 'a claim of one, without its commit, and ' . size($leases) . ' leases in flight: us');
	my %ratio = map { my $system = $_; $system => [ map { $with{$system}[$_] / $without{$system}[$_] } 0 .. $#{ $with{$system} } ] } @compared;
	table([ 'system', 'none in flight', 'in flight', 'ratio' ],
		map { [ $_, spread(0, @{ $without{$_} }), spread(0, @{ $with{$_} }), spread(2, @{ $ratio{$_} }) ] } @compared);
	my $median = median(@{ $ratio{campaign} });
	goal('leases', number($median, 2), $median <= 1.2);
}

sub tidy { execute('VACUUM campaign.touch_queue', 'VACUUM reference.enrollments') }

# ---- WAL and processor time

sub touches
{
	my ($rows) = @_;
	my %cost;    # {system}{claim, complete}{cpu, wal}: one figure a round
	configure(full_page_writes => 'off', autovacuum => 'off');
	for my $round (1 .. rounds())
	{
		for my $system (turns($round, grep { $_ ne 'pgq' } @systems))
		{
			my $found = cost($system);
			for my $phase (keys %$found)
			{
				push @{ $cost{$system}{$phase}{$_} }, $found->{$phase}{$_} for qw(cpu wal);
			}
		}
	}
	configure(full_page_writes => undef, autovacuum => undef);

	my %wal = map { my $phases = $cost{$_}; $_ => [ map { $phases->{claim}{wal}[$_] + $phases->{complete}{wal}[$_] } 0 .. rounds() - 1 ] } keys %cost;
	heading('i', 'costs of a touch in batches of 100');
	table([ 'system', 'CPU us, claim', 'CPU us, completion', 'WAL bytes, claim', 'WAL bytes, completion', 'WAL bytes, both' ],
		map { my $phases = $cost{$_}; [ label($_), map({ spread(1, @{ $phases->{$_}{cpu} }) } qw(claim complete)),
			map({ spread(0, @{ $phases->{$_}{wal} }) } qw(claim complete)), spread(0, @{ $wal{$_} }) ] } grep { $cost{$_} } @systems);

	my ($claim, $report) = map { median(@{ $cost{campaign}{$_}{cpu} }) } qw(claim complete);
	goal('cpu', number($claim, 1) . '; ' . number($report, 1) . ' us', $claim <= 5, $report <= 8);
	return unless $wal{reference};
	my $own = median(@{ $wal{campaign} });
	my $share = 100 * median(map { $wal{campaign}[$_] / $wal{reference}[$_] } 0 .. rounds() - 1);
	goal('wal', number($own) . ' B; ' . number($share) . ' %', $own <= 600, $share <= 35);
}

# The two statements of the script that pgbench runs, for DBI: names of variables
# become numbers of parameters.
sub statements
{
	my ($session, $system) = @_;
	open my $file, '<', script($system, BATCH) or die "script of $system: $!\n";
	my @lines = <$file>;
	my @prepared;
	for my $line (@lines)
	{
		$line =~ s/\s*(?:\\gset|;)\s*\z//;
		$line =~ s/(?<!:):client_id\b/0/g;
		$line =~ s/(?<!:):batch\b/@{[BATCH]}/g;
		my @names;
		$line =~ s/(?<!:):([a-z]\w*)/push @names, $1; '$' . @names/ge;
		push @prepared, { names => \@names, statement => $session->prepare($line, { pg_placeholder_dollaronly => 1 }) };
	}
	return @prepared;
}

sub cost
{
	my ($system) = @_;
	my $session = connect_as(user($system));
	$session->{pg_expand_array} = 0;
	my ($claim, $complete) = statements($session, $system);
	my $batches = int(setting('SLICE') / BATCH);
	my @claimed;
	my $run_claim = sub {
		$claim->{statement}->execute;
		push @claimed, $claim->{statement}->fetchrow_hashref;
		$claim->{statement}->finish;
	};
	my $run_complete = sub {
		my $batch = shift @claimed;
		$complete->{statement}->execute(@{$batch}{ @{ $complete->{names} } });
		$complete->{statement}->finish;
	};
	# plans and caches
	for (1 .. 7) { $run_claim->(); $run_complete->() }
	checkpoint();
	my %found;
	$found{claim} = spent($session, sub { $run_claim->() for 1 .. $batches });
	$found{complete} = spent($session, sub { $run_complete->() for 1 .. $batches });
	for my $phase (values %found)
	{
		$phase->{$_} /= $batches * BATCH for qw(cpu wal);
	}
	$session->disconnect;
	return \%found;
}

sub spent
{
	my ($session, $work) = @_;
	my $insert = 'SELECT pg_current_wal_insert_lsn()';
	my ($wal, $cpu) = (value($insert), cpu_time($session->{pg_pid}));
	$work->();
	return { cpu => 1e6 * (cpu_time($session->{pg_pid}) - $cpu), wal => value('SELECT pg_current_wal_insert_lsn() - ?::pg_lsn', $wal) };
}

1;
