# Pause (d): pausing and resuming a campaign of a million enrolments, by a member, with
# the commit. The reference updates the status of each enrolment; that is done once,
# and rolled back.
package Pause;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as value timed median spread number heading table goal);
use Systems qw(@systems make_tenants grow load_up);

sub measure
{
	my $rows = setting('MILLION');
	make_tenants('hog', 1, 'bench_member');
	grow('hog', $rows);
	load_up('campaign', 'hog', $rows);
	my $campaign = value(q{SELECT campaign_id FROM bench.tenants WHERE population = 'hog'});
	my $member = connect_as('bench_member');
	my %times;
	for my $round (0 .. rounds())
	{
		for my $act (qw(pause resume))
		{
			my $time = timed(sub { $member->do("SELECT campaign.${act}_campaign(?)", undef, $campaign) });
			push @{ $times{$act} }, $time * 1000 if $round > 0;
		}
	}
	# what is overdue goes out at once again
	$member->do('SELECT campaign.pause_campaign(?)', undef, $campaign);
	$member->do(q{SELECT campaign.resume_campaign(?, 'keep', '0')}, undef, $campaign);
	$member->disconnect;

	my $reference;
	if (grep { $_ eq 'reference' } @systems)
	{
		load_up('reference', 'hog', $rows);
		$db->begin_work;
		$reference = 1000 * timed(sub { $db->do(q{UPDATE reference.enrollments SET status = 'paused' WHERE campaign_id = ? AND status = 'active'}, undef, $campaign) });
		$db->rollback;
		Bench::execute('VACUUM reference.enrollments');
	}
	heading('d', 'pause and resume of a campaign of ' . size($rows) . ' enrolments, in ms');
	table([ '', 'campaign', 'reference' ], map { [ $_, spread(2, @{ $times{$_} }), number($reference) ] } qw(pause resume));
	my @medians = map { median(@{ $times{$_} }) } qw(pause resume);
	goal('pause', join('; ', map { number($_, 2) . ' ms' } @medians), map { $_ <= 2 } @medians);
}

1;
