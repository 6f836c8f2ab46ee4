# Validation (f): template_config through the C validator behind the domain, and through a PL/pgSQL
# validator with the same rules (sql/validator.sql). Both are called in a loop on the
# server; a hundred documents, most of them faulty, show first that they agree.
package Validation;
use strict;
use warnings;
use Bench qw($db rounds psql value turns median spread number heading table goal);

sub measure
{
	psql('test/bench/sql/validator.sql');
	my $differ = $db->selectcol_arrayref('SELECT bench.disagreements()');
	die "the validators disagree on $differ->[0]\n" if @$differ;

	my (%times, @rows, %ratio);
	for my $steps (1, 4, 50)
	{
		for my $round (0 .. rounds())
		{
			for my $in_c (turns($round, 1, 0))
			{
				my $time = value('SELECT bench.time_validation(?, ?, ?)', $in_c, $steps, int(($in_c ? 40_000 : 1_000) / $steps) + 1);
				push @{ $times{$steps}{$in_c} }, $time if $round > 0;
			}
		}
		my ($own, $others) = map { $times{$steps}{$_} } 1, 0;
		$ratio{$steps} = [ map { $others->[$_] / $own->[$_] } 0 .. $#$own ];
		push @rows, [ $steps, spread(2, @$own), spread(2, map { $_ / $steps } @$own), spread(1, @$others), spread(0, @{ $ratio{$steps} }) ];
	}
	heading('f', 'validation of template_config, in us');
	table([ 'steps', 'campaign', 'a step', 'PL/pgSQL', 'ratio' ], @rows);
	my ($ratio, $step) = (median(@{ $ratio{4} }), median(@{ $times{4}{1} }) / 4);
	goal('validation', number($ratio) . ' times; ' . number($step, 2) . ' us a step', $ratio >= 50, $step <= 2);
}

1;
