# Fairness (c): what one tenant's backlog costs a thousand others. Beside a tenant with
# a million due touches, all due before theirs, a thousand tenants have one each.
# Measured are the times of claims of 100, without their commit, against those of the
# large tenant alone; and after how many batches the last of the thousand was served.
#
# Leases are taken back between measurements; the first batches of a session fill its
# caches and are not counted.
package Fairness;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as execute turns median spread number heading table say_line);
use Systems qw(make_tenants grow load_up);

use constant { SMALL => 1000, BATCHES => 12, BATCH => 100 };

sub measure
{
	my $rows = setting('MILLION');
	make_tenants('hog', 1, 'bench_member');
	grow('hog', $rows);
	make_tenants('small', SMALL);
	grow('small', SMALL);
	load_up('campaign', 'hog', $rows);
	execute(q{UPDATE bench.people SET due_at = now() - interval '1 hour' WHERE population = 'small'},
		q{DELETE FROM campaign.campaign_enrollments WHERE tenant_id IN (SELECT tenant_id FROM bench.tenants WHERE population = 'small')});

	my (%times, @served);
	for my $round (1 .. rounds())
	{
		for my $who (turns($round, 'alone', 'among others'))
		{
			my $small = q{tenant_id IN (SELECT tenant_id FROM bench.tenants WHERE population = 'small')};
			execute("DELETE FROM campaign.touch_queue WHERE $small", "DELETE FROM campaign.campaign_enrollments WHERE $small");
			execute("SELECT bench.add_campaign('small', " . SMALL . ')') if $who ne 'alone';
			execute('VACUUM (ANALYZE) campaign.touch_queue');
			my ($times, $last) = claims($who ne 'alone');
			push @{ $times{$who} }, median(@$times) / 1000;
			push @served, $last if $who ne 'alone';
		}
	}
	heading('c', 'fairness: a tenant with ' . size($rows) . ' due touches, alone and among ' . size(SMALL) . ' with one each');
	my @ratios = map { $times{'among others'}[$_] / $times{alone}[$_] } 0 .. $#served;
	table([ 'claim of 100', 'ms' ], map({ [ $_, spread(2, @{ $times{$_} }) ] } 'alone', 'among others'), [ 'ratio', spread(2, @ratios) ]);
	my $all = !grep { !defined } @served;
	say_line('Each of the thousand is served within the first ', BATCHES, ' batches: ',
		$all ? 'yes, the last of them in batch ' . spread(0, @served) : 'no', '.');
}

# The times of claims in microseconds, and the batch that served the last small tenant.
sub claims
{
	my ($others) = @_;
	my $worker = connect_as('bench_worker');
	my @times;
	my $last;
	for my $turn (1, 2)
	{
		my %waiting = map { $_ => 1 } @{ $db->selectcol_arrayref(q{SELECT tenant_id FROM bench.tenants WHERE population = 'small'}) };
		@times = ();
		for my $batch (1 .. BATCHES)
		{
			my ($time, $tenants) = $worker->selectrow_array('SELECT microseconds, tenants FROM bench.time_campaign(?)', undef, BATCH);
			push @times, $time;
			delete @waiting{@$tenants};
			$last //= $batch if !%waiting;
		}
		execute('SELECT bench.end_leases()');
	}
	$worker->disconnect;
	return (\@times, $last);
}

1;
