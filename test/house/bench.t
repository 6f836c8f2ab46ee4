# The benchmark is not run by the tests, which do not depend on speed.  That its
# scripts can be read is checked, and that goals and measurements belong together.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

foreach my $script (qw(run setup))
{
	my $said = `bash -n test/bench/$script 2>&1`;
	is($said, '', "bash reads test/bench/$script");
}
my $said = `$^X -Itest/bench/lib -c test/bench/measure 2>&1`;
is($said, "test/bench/measure syntax OK\n", 'perl reads test/bench/measure and its modules');

my ($list) = slurp_file('test/bench/lib/Bench.pm') =~ /^my \@goals = \((.*?)^\);/ms;
my %goal = map { $_ => 0 } $list =~ /^\t\[ (\w+) =>/mg;
foreach my $module (glob 'test/bench/lib/*.pm')
{
	$goal{$_}++ for slurp_file($module) =~ /\b(?:goal|both)\('(\w+)',/g;
}
is(join(' ', grep { !$goal{$_} } sort keys %goal), '', 'every goal of the benchmark is measured');
is(join(' ', grep { $list !~ /^\t\[ $_ =>/m } sort keys %goal), '', 'and everything measured against a goal has one');

done_testing();
