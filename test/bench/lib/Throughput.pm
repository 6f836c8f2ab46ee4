# Throughput (a): touches a second, through claim and completion with next step and
# log row, of every system, by batch size, number of clients and backlog.
#
# Each round loads the backlog afresh and then works slices of it off with pgbench:
# for each batch size and number of clients one, by each system in turn. A slice is a
# fixed number of touches; how many were logged is what counts. Smaller batches have
# smaller slices. The large backlog is loaded once for each system, between two loads
# of the small one, and its slices are of batches of 100 by one and two clients.
package Throughput;
use strict;
use warnings;
use Bench qw(setting size rounds execute configure checkpoint pgbench turns median spread number heading table goal);
use Systems qw(@systems @per_row label make_tenants grow load_up script user logged);

use constant { TENANTS => 10, LONGEST => 8 };

my %measured;    # {case}{system}: one figure a round
my %pace;        # {system}{batch}: touches a second, the last time

sub measure
{
	my @batches = split ' ', setting('BATCHES');
	my @clients = split ' ', setting('CLIENTS');
	prepare(setting('BACKLOG'));
	for my $round (1 .. rounds())
	{
		load_up([ grep { $_ ne 'pgq' } @systems ], 'spread', setting('BACKLOG'));
		for my $clients (@clients)
		{
			for my $batch (@batches)
			{
				slice($round, "$batch/$clients", $batch, $clients);
			}
		}
		# the disk taken out
		configure(fsync => 'off');
		slice($round, 'no fsync', 1, 1);
		configure(fsync => undef);
	}
	report(\@batches, \@clients);
	large() if setting('LARGE');
}

# The population that parts a, b and i share.
sub prepare
{
	my ($people) = @_;
	make_tenants('spread', TENANTS);
	grow('spread', $people);
}

# Transactions of each client: enough to measure, and of a system that is known to be
# slow no more than it does in some seconds.
sub transactions
{
	my ($system, $batch, $clients) = @_;
	my $touches = setting('SLICE') / ($batch == 1 ? 20 : $batch < 100 ? 4 : 1);
	my $pace = $pace{$system}{$batch};
	$touches = $pace * LONGEST if $pace && $pace * LONGEST < $touches;
	my $transactions = int($touches / $batch / $clients);
	return ($transactions < 1 ? 1 : $transactions);
}

sub slice
{
	my ($round, $case, $batch, $clients) = @_;
	for my $system (turns($round, @systems))
	{
		# PgQ's batches are made when it is loaded
		next if $system eq 'pgq' && ($batch != 100 || $clients > 2);
		push @{ $measured{$case}{$system} }, work($system, $batch, $clients);
	}
}

sub work
{
	my ($system, $batch, $clients) = @_;
	my $transactions = transactions($system, $batch, $clients);
	my $wanted = $transactions * $clients * $batch;
	if ($system eq 'pgq')
	{
		execute("CALL bench.load_pgq(" . ($wanted + $clients * $batch) . ", $clients, $batch)");
		checkpoint();
	}
	my $before = $system eq 'pgq' ? 0 : logged($system);
	my $result = pgbench(user => user($system), clients => $clients, transactions => $transactions,
		script => script($system, $batch), variables => { batch => $batch });
	if ($system ne 'pgq')
	{
		# a claim may come back with less than it asked for where others are at it
		my $done = logged($system) - $before;
		die "$system completed $done touches of $wanted\n" if $done < 0.5 * $wanted || $done > $wanted;
		print STDERR "# $system completed $done touches of $wanted ($clients clients, batches of $batch)\n" if $done != $wanted;
		$wanted = $done;
	}
	return $pace{$system}{$batch} = $result->{tps} * $wanted / $transactions / $clients;
}

# ---- the large backlog

sub large
{
	my @compared = grep { /^(campaign|reference)$/ } @systems;
	my %ratio;
	my @rows;
	for my $system (@compared)
	{
		my %speed;
		prepare(setting('LARGE'));
		for my $backlog (setting('BACKLOG'), setting('LARGE'), setting('BACKLOG'))
		{
			load_up($system, 'spread', $backlog);
			for my $clients (1, 2)
			{
				work($system, 100, $clients);    # warm
				push @{ $speed{$backlog}{$clients} }, work($system, 100, $clients) for 1 .. rounds();
			}
		}
		for my $clients (1, 2)
		{
			my ($small, $large) = map { $speed{$_}{$clients} } setting('BACKLOG'), setting('LARGE');
			$ratio{$system}{$clients} = median(@$large) / median(@$small);
			push @rows, [ $system, $clients, spread(0, @$small), spread(0, @$large), number($ratio{$system}{$clients}, 2) ];
		}
	}
	heading('a', 'a large backlog: touches a second, batches of 100');
	table([ 'system', 'clients', 'of ' . size(setting('BACKLOG')), 'of ' . size(setting('LARGE')), 'ratio' ], @rows);
	my @own = map { $ratio{campaign}{$_} } 1, 2;
	goal('large', number($own[0], 2) . ' (1 client), ' . number($own[1], 2) . ' (2)', map { $_ >= 0.95 } @own);
}

# ---- what it comes to

sub report
{
	my ($batches, $clients) = @_;
	heading('a', 'touches a second: claim, then complete with next step and log row, of ' . size(setting('BACKLOG')) . ' due');
	my @rows;
	for my $case ((map { my $batch = $_; map { "$batch/$_" } @$clients } @$batches), 'no fsync')
	{
		my ($batch, $with) = $case eq 'no fsync' ? ('1, fsync off', 1) : split m{/}, $case;
		push @rows, [ $batch, $with, (map { spread(0, @{ $measured{$case}{$_} // [] }) } @systems),
			(grep { $_ eq 'reference' } @systems) ? spread(2, ratios($case, 'reference')) : '-' ];
	}
	table([ 'batch', 'clients', (map { label($_) } @systems), 'against the reference' ], @rows);

	if (grep { $_ eq 'reference' } @systems)
	{
		both('reference', 7, 'reference');
	}
	both('peer', 2.5, @per_row) if @per_row;
	if (@per_row)
	{
		my ($peer, $ratio) = best_peer('no fsync', @per_row);
		goal('one', number($ratio, 2) . " ($peer)", $ratio >= 1.7) if $peer;
	}
	if ($measured{'100/8'} && $measured{'100/2'})
	{
		my @eight = @{ $measured{'100/8'}{campaign} };
		my @two = @{ $measured{'100/2'}{campaign} };
		my $ratio = median(map { $eight[$_] / $two[$_] } 0 .. $#two);
		goal('clients', number($ratio, 2), $ratio >= 1);
	}
}

sub ratios
{
	my ($case, $other) = @_;
	my ($own, $others) = map { $measured{$case}{$_} } 'campaign', $other;
	return unless $own && $others;
	return map { $own->[$_] / $others->[$_] } 0 .. $#$own;
}

# The one that leaves the least advantage.
sub best_peer
{
	my ($case, @peers) = @_;
	my %ratio = map { $_ => median(ratios($case, $_)) } @peers;
	my ($best) = sort { $ratio{$a} <=> $ratio{$b} } grep { defined $ratio{$_} } keys %ratio;
	return $best ? ($best, $ratio{$best}) : ();
}

# With one client and with two.
sub both
{
	my ($name, $wanted, @others) = @_;
	my @found = map { my ($peer, $ratio) = best_peer("100/$_", @others); $peer ? { clients => $_, peer => $peer, ratio => $ratio } : () } 1, 2;
	return unless @found == 2;
	goal($name, join(', ', map { number($_->{ratio}, 2) . " with $_->{clients}" . (@others > 1 ? " ($_->{peer})" : '') } @found),
		map { $_->{ratio} >= $wanted } @found);
}

1;
