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

use constant { BATCHES => 12, BATCH => 100 };

sub measure
{
	my $rows = setting('MILLION');
	make_tenants('hog', 1, 'bench_member');
	grow('hog', $rows);
	my $others = setting('TENANTS');
	make_tenants('small', $others);
	grow('small', $others);
	load_up('campaign', 'hog', $rows);

	my (%times, @served);
	for my $round (1 .. rounds())
	{
		for my $who (turns($round, 'alone', 'among others'))
		{
			my $among = $who ne 'alone';
			# the product's own ways, since the engine may remember where it found nothing
			execute(q{SELECT campaign.enroll(campaign_id, contact_id, NULL, now() - interval '745 hours') FROM bench.people WHERE population = 'small'}) if $among;
			execute('VACUUM (ANALYZE) campaign.touch_queue');
			my ($times, $last) = claims();
			push @{ $times{$who} }, median(@$times) / 1000;
			push @served, $last if $among;
			execute(q{SELECT campaign.stop_contact(contact_id) FROM bench.people WHERE population = 'small'}) if $among;
		}
	}
	heading('c', 'fairness: a tenant with ' . size($rows) . ' due touches, alone and among ' . size($others) . ' with one each');
	my @ratios = map { $times{'among others'}[$_] / $times{alone}[$_] } 0 .. $#served;
	table([ 'claim of 100', 'ms' ], map({ [ $_, spread(2, @{ $times{$_} }) ] } 'alone', 'among others'), [ 'ratio', spread(2, @ratios) ]);
	my $all = !grep { !defined } @served;
	say_line('Each of the others is served within the first ', BATCHES, ' batches: ',
		$all ? 'yes, the last of them in batch ' . spread(0, @served) : 'no', '.');
}

# The times of claims in microseconds, and the batch that served the last small tenant.
sub claims
{
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
