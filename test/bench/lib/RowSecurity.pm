# RowSecurity (g): a member's indexed reads under row-level security, against the same reads by a
# role that has the same privileges and BYPASSRLS. Four reads: a contact by its key, a
# page of fifty contacts, the enrolments of a contact, the log of a contact; prepared, one
# client, in many short runs by turns: latency as the client sees it, and processor time of
# the backend. The figure is the processor time of all four together: no round trip hides a part
# of the difference in it, and the rest of the machine disturbs it less than latency.
package RowSecurity;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as execute value checkpoint cpu_time pgbench turns median spread number heading table goal);
use Systems qw(make_tenants grow load_up);

my @reads = ('contact by key', 'page of 50 contacts', 'enrolments of a contact', 'log of a contact');

sub measure
{
	my $rows = setting('MILLION');
	make_tenants('hog', 1, 'bench_member');
	grow('hog', $rows);
	load_up('campaign', 'hog', $rows);
	execute(<<'SQL', 'VACUUM (ANALYZE) campaign.send_logs', 'DROP TABLE IF EXISTS bench.keys', <<'KEYS', 'GRANT USAGE ON SCHEMA bench TO bench_member, bench_reader', 'GRANT SELECT ON bench.keys TO bench_member, bench_reader');
SELECT bench.add_log('hog', 2)
SQL
CREATE TABLE bench.keys AS SELECT (i - 1) / 10 AS n, tenant_id, contact_id FROM bench.people WHERE population = 'hog' AND i % 10 = 1
KEYS
	execute('CREATE UNIQUE INDEX ON bench.keys (n)', 'VACUUM (ANALYZE) bench.keys');
	checkpoint();

	my %latencies;    # {user}[read]: one figure a run
	my (%total, %cpu);
	my $people = $db->selectall_arrayref('SELECT tenant_id, contact_id FROM bench.keys ORDER BY md5(n::text) LIMIT 1000');
	for my $round (0 .. 4 * rounds())
	{
		for my $user (turns($round, qw(bench_member bench_reader)))
		{
			my $result = pgbench(user => $user, clients => 1, transactions => setting('MILLION') >= 1_000_000 ? 2_500 : 250,
				script => 'test/bench/reads.pgbench', variables => { keys => value('SELECT count(*) FROM bench.keys') });
			next if $round == 0;
			my ($key, @latency) = @{ $result->{latencies} };
			push @{ $latencies{$user}[$_] }, $latency[$_] for 0 .. $#reads;
			push @{ $total{$user} }, eval { my $sum = 0; $sum += $_ for @latency; $sum };
			push @{ $cpu{$user} }, cpu($user, $people);
		}
	}
	heading('g', 'reads of a member under row-level security, in us');
	my $costs = sub { my ($with, $without) = @_; map { 100 * ($with->[$_] / $without->[$_] - 1) } 0 .. $#$with };
	my @costs = $costs->(@total{qw(bench_member bench_reader)});
	table([ 'read', 'with', 'without', 'costs %' ],
		map({ my $read = $_; [ $reads[$read], map({ spread(1, @{ $latencies{$_}[$read] }) } qw(bench_member bench_reader)),
			spread(1, $costs->(map { $latencies{$_}[$read] } qw(bench_member bench_reader))) ] } 0 .. $#reads),
		[ 'all four', map({ spread(1, @{ $total{$_} }) } qw(bench_member bench_reader)), spread(1, @costs) ],
		[ 'all four, CPU of the server', map({ spread(1, @{ $cpu{$_} }) } qw(bench_member bench_reader)), spread(1, $costs->(@cpu{qw(bench_member bench_reader)})) ]);
	my ($cpu, $latency) = (median($costs->(@cpu{qw(bench_member bench_reader)})), median(@costs));
	goal('security', number($cpu, 1) . ' % of CPU; of latency ' . number($latency, 1) . ' %', $cpu <= 5);
}

# Microseconds of the backend for the four reads of a contact.
sub cpu
{
	my ($user, $people) = @_;
	my $session = connect_as($user);
	open my $file, '<', 'test/bench/reads.pgbench' or die "reads.pgbench: $!\n";
	my @statements;
	for my $line (grep { /:tenant/ } <$file>)
	{
		chomp $line;
		$line =~ s/;\z//;
		$line =~ s/:tenant\b/\$1::uuid/;
		$line =~ s/:contact\b/\$2::uuid/;
		push @statements, $session->prepare($line, { pg_placeholder_dollaronly => 1 });
	}
	my $read = sub { for my $statement (@statements) { $statement->execute(@{ $_[0] }); $statement->fetchall_arrayref } };
	$read->($_) for @$people[ 0 .. 99 ];
	my $before = cpu_time($session->{pg_pid});
	$read->($_) for @$people;
	my $spent = cpu_time($session->{pg_pid}) - $before;
	$session->disconnect;
	return 1e6 * $spent / @$people;
}

1;
