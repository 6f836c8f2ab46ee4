# BulkEnrollment (e): a million contacts of one tenant enrolled by one call, by a member,
# with the commit; the reference inserts as many rows into its table of enrolments,
# with its indexes and foreign keys, and asks nothing.
package BulkEnrollment;
use strict;
use warnings;
use Bench qw($db setting size rounds connect_as execute checkpoint timed turns median spread number heading table goal);
use Systems qw(@systems make_tenants grow);

sub measure
{
	my $rows = setting('MILLION');
	make_tenants('hog', 1, 'bench_member');
	grow('hog', $rows);
	my ($tenant, $campaign) = $db->selectrow_array(q{SELECT tenant_id, campaign_id FROM bench.tenants WHERE population = 'hog'});
	my %speed;
	for my $round (1 .. rounds())
	{
		for my $system (turns($round, grep { /^(campaign|reference)$/ } @systems))
		{
			execute("SELECT bench.clear_$system()");
			checkpoint();
			push @{ $speed{$system} }, $rows / ($system eq 'campaign' ? enroll($tenant, $campaign, $rows) : insert($tenant, $campaign));
		}
	}
	heading('e', 'bulk enrolment of ' . size($rows) . ' contacts: contacts a second');
	table([ 'system', 'contacts/s' ], map { [ $_, spread(0, @{ $speed{$_} }) ] } grep { $speed{$_} } @systems);
	my $median = median(@{ $speed{campaign} });
	goal('bulk', number($median) . '/s', $median >= 100_000);
}

sub enroll
{
	my ($tenant, $campaign, $rows) = @_;
	my $member = connect_as('bench_member');
	$member->do('SELECT campaign.current_member()');    # loads the library
	my $outcomes;
	my $time = timed(sub {
		$outcomes = $member->selectall_arrayref('SELECT outcome, contacts FROM campaign.enroll_contacts(?::uuid, ?::text)', undef, $campaign,
			"SELECT id FROM campaign.contacts WHERE tenant_id = '$tenant'");
	});
	$member->disconnect;
	die "not all were enrolled\n" unless @$outcomes == 1 && $outcomes->[0][0] eq 'enrolled' && $outcomes->[0][1] == $rows;
	return $time;
}

sub insert
{
	my ($tenant, $campaign) = @_;
	return timed(sub { $db->do(<<'SQL', undef, $campaign, $tenant) });
INSERT INTO reference.enrollments (id, tenant_id, campaign_id, contact_id, touch_count, touch_1_scheduled_at, touch_1_status)
SELECT gen_random_uuid(), c.tenant_id, t.campaign_id, c.id, 4, now() + t.delay, 'pending'
  FROM reference.contacts c JOIN reference.touches t ON t.campaign_id = ? AND t.touch_number = 1 WHERE c.tenant_id = ?
SQL
}

1;
