# Bench: what all parts of the benchmark share: sizes, connections, pgbench, the
# server's settings, medians, tables, and the goals with what came of them.
package Bench;
use strict;
use warnings;
use DBI;
use Exporter 'import';
use Time::HiRes 'time';

our @EXPORT_OK = qw($db setting differing size rounds connect_as psql execute value configure checkpoint pgbench
  cpu_time timed turns median spread number heading say_line table goal print_goals);

our $db;

# ---- what is measured, and how much of it

my %defaults = (
	#            full        smoke
	ROUNDS   => [ 5,          1 ],
	BATCHES  => [ '1 10 100 1000', '1 100' ],
	CLIENTS  => [ '1 2 4 8',  '1 2' ],
	BACKLOG  => [ 500_000,    20_000 ],
	LARGE    => [ 10_000_000, 0 ],
	SLICE    => [ 30_000,     1_000 ],
	HELD     => [ 2_000_000,  40_000 ],
	SECONDS  => [ 60,         2 ],
	MILLION  => [ 1_000_000,  20_000 ],
	ASSIGNED => [ 100_000,    2_000 ],
	TENANTS  => [ 1_000,      100 ],
	LOG      => [ 10_000_000, 20_000 ],
	SYSTEMS  => [ ('campaign reference graphile-worker pg-boss pgq') x 2 ],
	PARTS    => [ ('a b c d e f g h i') x 2 ],
);

sub setting
{
	my ($name) = @_;
	my $own = $ENV{"CAMPAIGN_BENCH_$name"};
	return $own if defined $own && $own ne '';
	return $defaults{$name}[ ($ENV{CAMPAIGN_BENCH_SIZE} // 'full') eq 'smoke' ];
}

# The sizes that are not those of a full run.
sub differing { return grep { !/^(ROUNDS|PARTS|SYSTEMS)$/ && setting($_) ne $defaults{$_}[0] } sort keys %defaults }

sub rounds { return setting('ROUNDS') }

# Sizes as people say them.
sub size
{
	my ($n) = @_;
	1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;
	return $n;
}

# ---- the server

sub connect_as
{
	my ($user) = @_;
	my $handle = DBI->connect('dbi:Pg:', $user, '', { AutoCommit => 1, RaiseError => 1, PrintError => 0 });
	$handle->do('SET client_min_messages = warning');
	return $handle;
}

sub psql
{
	my ($file, @more) = @_;
	system('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', @more, '-f', $file) == 0 or die "$file failed\n";
}

sub execute { $db->do($_) for @_ }
sub value { my ($sql, @values) = @_; return ($db->selectrow_array($sql, undef, @values))[0] }

# Settings of the whole server, until they are given again as undef.
sub configure
{
	my (%settings) = @_;
	for my $name (sort keys %settings)
	{
		$db->do(defined $settings{$name} ? "ALTER SYSTEM SET $name = '$settings{$name}'" : "ALTER SYSTEM RESET $name");
	}
	$db->do('SELECT pg_reload_conf()');
	select undef, undef, undef, 0.3;
}

# Before each measurement: what was loaded is on disk, so that writing it is
# nobody's burden but its own.
sub checkpoint { $db->do('CHECKPOINT') }

# One run of pgbench; each transaction is one execution of a script. Returns
# transactions a second, and the mean latencies of the statements in microseconds.
sub pgbench
{
	my (%with) = @_;
	my @command = ('pgbench', '-n', '-r', '-M', 'prepared', '-c', $with{clients}, '-j', $with{clients}, '-U', $with{user},
		'-f', $with{script});
	push @command, $with{seconds} ? ('-T', $with{seconds}) : ('-t', $with{transactions});
	push @command, map { ('-D', "$_=$with{variables}{$_}") } sort keys %{ $with{variables} // {} };
	open my $pipe, '-|', join(' ', map { "'$_'" } @command) . ' 2>&1' or die "pgbench: $!";
	my $said = do { local $/; <$pipe> };
	close $pipe or die "pgbench failed\n$said";
	my ($tps) = $said =~ /^tps = ([\d.]+) \(without initial connection time\)/m or die "pgbench said no tps\n$said";
	return { tps => $tps, latencies => [ map { $_ * 1000 } $said =~ /^\s+([\d.]+)\s+(?:\d+\s+)?(?:WITH|SELECT)\b/mgi ] };
}

# Seconds that a backend has run on a processor, in user and kernel mode.
sub cpu_time
{
	my ($pid) = @_;
	if (open my $file, '<', "/proc/$pid/schedstat")
	{
		my ($nanoseconds) = split ' ', <$file>;
		return $nanoseconds / 1e9 if $nanoseconds > 0;    # 0: the kernel does not count them
	}
	open my $file, '<', "/proc/$pid/stat" or die "/proc/$pid/stat: $!\n";
	my @fields = split ' ', (<$file> =~ /\) (.*)/)[0];
	return ($fields[11] + $fields[12]) / 100;
}

sub timed
{
	my ($work) = @_;
	my $start = time;
	$work->();
	return time - $start;
}

# Whoever was first in one round is last in the next.
sub turns
{
	my ($round, @systems) = @_;
	return $round % 2 ? @systems : reverse @systems;
}

# ---- figures

sub median
{
	my @sorted = sort { $a <=> $b } @_ or return undef;
	return ($sorted[ $#sorted / 2 ] + $sorted[ @sorted / 2 ]) / 2;
}

# The median, with the least and the most of the rounds.
sub spread
{
	my ($digits, @values) = @_;
	my @sorted = sort { $a <=> $b } @values or return '-';
	my ($middle, $least, $most) = map { number($_, $digits) } median(@sorted), @sorted[ 0, -1 ];
	return @sorted == 1 || $least eq $most ? $middle : "$middle ($least to $most)";
}

sub number
{
	my ($value, $digits) = @_;
	return '-' unless defined $value;
	return size(sprintf '%.*f', $digits // 0, $value);
}

# ---- what is printed

sub say_line { print @_, "\n" }

sub heading
{
	my ($part, $title) = @_;
	print "### ($part) $title\n\n";
}

# In Markdown, with columns that a terminal shows as such.
sub table
{
	my ($head, @rows) = @_;
	my @width = map { my $column = $_; my $most = 3; for ($head, @rows) { my $n = length($_->[$column] // ''); $most = $n if $n > $most } $most } 0 .. $#$head;
	my $line = sub { '| ' . join(' | ', map { sprintf '%-*s', $width[$_], $_[0][$_] // '' } 0 .. $#$head) . " |\n" };
	print $line->($head), '|', join('|', map { '-' x ($_ + 2) } @width), "|\n", (map { $line->($_) } @rows), "\n";
}

# ---- goals, in the order of issue 4

my @goals = (
	[ reference => 'claim, complete, next step, log row, batches of 100, 1 and 2 clients, against the reference', '>= 7 times' ],
	[ peer => 'the same against the best per-row peer', '>= 2.5 times' ],
	[ cpu => 'server CPU per touch in batches of 100: claim; report', '<= 5; <= 8 us' ],
	[ one => 'batch 1, fsync off, against the best peer', '>= 1.7 times' ],
	[ claim => 'lease 100 due of 1,000,000 live, warm, claim alone', '<= 1 ms' ],
	[ leases => 'claim of one with 10,000 leases in flight against none', '<= 1.2 times' ],
	[ index => "bytes of the queue's indexes against the reference's four partial ones", '<= 50 %' ],
	[ wal => 'WAL per touch, batches of 100, without full-page images', '<= 600 B; <= 35 %' ],
	[ held => "held snapshot: last 10 s against first; last against the reference's", '>= 0.9; >= 15 times' ],
	[ large => 'backlog 10,000,000 against 500,000', '>= 0.95' ],
	[ clients => '8 clients against 2', '>= 1' ],
	[ pause => 'pause or resume of a campaign of 1,000,000', '<= 2 ms' ],
	[ bulk => 'bulk enrolment', '>= 100,000/s' ],
	[ assignment => 'assignment of 100,000 contacts by a filter, in one call', '< 5 s' ],
	[ validation => 'template_config, 4 steps, against PL/pgSQL; a step', '>= 50 times; <= 2 us' ],
	[ security => "row-level security on a member's indexed reads", '<= 5 %' ],
	[ analytics => 'analytics of one campaign at 10,000,000 log rows', '<= 10 ms' ],
);
my %outcome;

# conditions: what has to hold, all of it, for the goal to be reached
sub goal
{
	my ($name, $figure, @conditions) = @_;
	$outcome{$name} = [ (grep { !$_ } @conditions) ? 'no' : 'yes', $figure ];
}

sub print_goals
{
	print "### Goals\n\n";
	print 'Measured at other sizes (', join(', ', differing()), "), so none of this is a verdict on the goals.\n\n" if differing();
	table([ 'measure', 'goal', 'reached', 'figure' ],
		map { [ $_->[1], $_->[2], @{ $outcome{ $_->[0] } // [ '-', 'not measured' ] } ] } @goals);
}

1;
