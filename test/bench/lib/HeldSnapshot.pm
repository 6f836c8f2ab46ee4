# HeldSnapshot (b): touches a second while another session holds an old snapshot, as
# pg_dump does or a report that runs long: nothing that dies meanwhile can be removed, and
# who finds due work by walking over it gets slower and slower. Caps and counters are on
# in the extension; the caps are never used up.
#
# One client works in batches of 100 for a minute; the log says what was done in the
# first ten seconds and in the last ten. The extension and the reference have all
# rounds, the other queues one.
package HeldSnapshot;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as execute pgbench turns median spread number heading table goal say_line);
use Systems qw(@systems @per_row label load_up script user log_table);
use Throughput;

my %measured;    # {system}{first, last}: one figure a round
my %ended;       # systems that ran out of due touches

sub measure
{
	my $rows = setting('HELD');
	Throughput::prepare($rows);
	limits('100000000, 100000000, 100000000');
	my %each_round = map { $_ => 1 } grep { /^(campaign|reference)$/ } @systems;
	for my $round (1 .. rounds())
	{
		hold($_, $rows) for grep { $each_round{$_} || $round == 1 } turns($round, grep { $_ ne 'pgq' } @systems);
	}
	limits(q{NULL, NULL, NULL, '0'});
	report($rows);
}

sub limits
{
	my ($arguments) = @_;
	execute("SELECT campaign.set_send_limit(tenant_id, 'email', $arguments) FROM bench.tenants WHERE population = 'spread'");
}

sub hold
{
	my ($system, $rows) = @_;
	load_up($system, 'spread', $rows);
	my $holder = connect_as('postgres');
	$holder->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$holder->do('SELECT count(*) FROM pg_class');
	pgbench(user => user($system), clients => 1, seconds => setting('SECONDS'), script => script($system, 100), variables => { batch => 100 });
	$holder->do('COMMIT');
	$holder->disconnect;

	my $log = log_table($system);
	my $window = setting('SECONDS') >= 20 ? 10 : setting('SECONDS') / 2;
	my ($first, $last, $done) = $db->selectrow_array(<<"SQL", undef, $window, $window);
SELECT count(*) FILTER (WHERE l.sent_at < t.first + make_interval(secs => ?)),
       count(*) FILTER (WHERE l.sent_at > t.last - make_interval(secs => ?)), count(*)
  FROM $log l, (SELECT min(sent_at) AS first, max(sent_at) AS last FROM $log) t
SQL
	push @{ $measured{$system}{first} }, $first / $window;
	push @{ $measured{$system}{last} }, $last / $window;
	$ended{$system} = 1 if $done >= $rows;
}

sub report
{
	my ($rows) = @_;
	heading('b', setting('SECONDS') . ' s with an old snapshot held, of ' . size($rows) . ' due: touches a second, batches of 100, one client');
	my %kept = map {
		my ($first, $last) = @{ $measured{$_} }{qw(first last)};
		$_ => [ map { $last->[$_] / $first->[$_] } 0 .. $#$first ]
	} keys %measured;
	table([ 'system', 'first ten seconds', 'last ten seconds', 'kept' ],
		map { [ label($_), spread(0, @{ $measured{$_}{first} }), spread(0, @{ $measured{$_}{last} }), spread(2, @{ $kept{$_} }) ] }
		grep { $measured{$_} } @systems);
	say_line("All that was due was done before the time was over: $_; raise CAMPAIGN_BENCH_HELD.") for sort keys %ended;
	return unless $measured{reference};
	my ($own, $others) = map { $measured{$_}{last} } qw(campaign reference);
	my $ratio = median(map { $own->[$_] / $others->[$_] } 0 .. $#$own);
	my $kept = median(@{ $kept{campaign} });
	goal('held', number($kept, 2) . '; ' . number($ratio, 1) . ' times', $kept >= 0.9, $ratio >= 15);
}

1;
