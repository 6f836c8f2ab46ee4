# Analytics (h): what a member waits for the analytics of one campaign with ten million
# log rows, its own counts folded but for a thousand: the funnel, the touches, the
# campaign, and the last thirty days; the slowest is the figure. The reference counts
# its log.
package Analytics;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as execute timed median spread number heading table goal);
use Systems qw(@systems make_tenants grow load_up);

use constant TOUCHES => 4;

my @questions = (
	[ 'campaign_analytics', 'SELECT * FROM campaign.campaign_analytics WHERE tenant_id = $1 AND campaign_id = $2' ],
	[ 'touch_analytics', 'SELECT * FROM campaign.touch_analytics WHERE tenant_id = $1 AND campaign_id = $2' ],
	[ 'campaign_funnel', 'SELECT * FROM campaign.campaign_funnel WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY stage' ],
	[ 'daily_analytics()', 'SELECT d.* FROM campaign.tenants t, campaign.daily_analytics($2) d WHERE t.id = $1' ]);

sub measure
{
	my $rows = setting('LOG');
	make_tenants('log', 1, 'bench_member');
	grow('log', $rows / TOUCHES);
	my ($tenant, $campaign) = $db->selectrow_array(q{SELECT tenant_id, campaign_id FROM bench.tenants WHERE population = 'log'});
	load_up('campaign', 'log', int($rows / TOUCHES));
	execute(q{SELECT bench.add_log('log', } . TOUCHES . ')', 'VACUUM (ANALYZE) campaign.send_logs');
	$db->do('SELECT campaign.count_history(?, ?)', undef, $tenant, $campaign);
	execute('SELECT campaign.fold_counts()');
	$db->do(q{SELECT campaign.count_touch_event(?, ?, 1, '', 'sent', campaign.now())}, undef, $tenant, $campaign) for 1 .. 1000;
	execute('VACUUM (ANALYZE) campaign.touch_counts', 'VACUUM (ANALYZE) campaign.touch_count_deltas', 'VACUUM (ANALYZE) campaign.daily_counts');
	my ($counted) = $db->selectrow_array(q{SELECT sum(n) FROM campaign.counts WHERE tenant_id = ? AND campaign_id = ? AND metric = 'sent'}, undef, $tenant, $campaign);
	die "counted $counted messages of $rows\n" if $counted != int($rows / TOUCHES) * TOUCHES + 1000;

	my $member = connect_as('bench_member');
	my %times;
	for my $question (@questions)
	{
		my ($name, $sql) = @$question;
		for my $round (-4 .. rounds())
		{
			my $time = timed(sub { $member->selectall_arrayref($sql, { pg_placeholder_dollaronly => 1 }, $tenant, $campaign) });
			push @{ $times{$name} }, $time * 1000 if $round > 0;
		}
	}
	$member->disconnect;
	my @rows = map { [ $_->[0], spread(2, @{ $times{ $_->[0] } }) ] } @questions;
	push @rows, [ 'reference: touches of its log', number(reference($rows, $campaign)) ] if grep { $_ eq 'reference' } @systems;
	heading('h', 'analytics of one campaign with ' . size($rows) . ' log rows, in ms');
	table([ 'question', 'ms' ], @rows);
	my ($worst) = sort { $b <=> $a } map { median(@$_) } values %times;
	goal('analytics', number($worst, 2) . ' ms', $worst <= 10);
}

sub reference
{
	my ($rows, $campaign) = @_;
	execute('SELECT bench.clear_reference()', q{SELECT bench.add_reference_log('log', } . TOUCHES . ')', 'VACUUM (ANALYZE) reference.send_logs');
	my @times = map {
		1000 * timed(sub { $db->selectall_arrayref('SELECT touch_number, status, count(*) FROM reference.send_logs WHERE campaign_id = ? GROUP BY 1, 2', undef, $campaign) })
	} 1 .. 3;
	return median(@times);
}

1;
