# BulkEnrollment (e): a million contacts of one tenant enrolled by one call, by a member,
# with the commit; the reference inserts as many rows into its table of enrolments,
# with its indexes and foreign keys, and asks nothing. Then, of these contacts a hundred
# thousand with a tag are assigned by a filter in one call, to a campaign of its own.
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
	measure_assignment($tenant);
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

sub measure_assignment
{
	my ($tenant) = @_;
	my $rows = setting('ASSIGNED');
	execute('SELECT bench.clear_campaign()');    # nobody is in another campaign
	my $member = connect_as('bench_member');
	my ($tagged) = $member->selectrow_array(
		q{SELECT campaign.tag_contacts($1, ARRAY(SELECT id FROM campaign.contacts WHERE tenant_id = $1 ORDER BY id LIMIT $2), '{bench}')},
		undef, $tenant, $rows);
	die "not all have the tag\n" unless $tagged == $rows;
	execute('VACUUM (ANALYZE) campaign.contact_tags');
	my @times;
	push @times, assign($member, $tenant, $rows) for 1 .. rounds();
	$member->disconnect;
	heading('e', 'assignment of ' . size($rows) . ' contacts of ' . size(setting('MILLION')) . ' by a filter, in s');
	table([ 'system', 's' ], [ 'campaign', spread(2, @times) ]);
	my $median = median(@times);
	goal('assignment', number($median, 2) . ' s', $median < 5);
}

# Seconds of one call, with its commit; the campaign is gone afterwards.
sub assign
{
	my ($member, $tenant, $rows) = @_;
	my ($campaign) = $member->selectrow_array(
		q{SELECT campaign.create_campaign($1, 'Assigned', '[{"channel": "email", "subject": "Hi", "body_text": "Hi"}]', 'assigned')}, undef, $tenant);
	checkpoint();
	my $outcomes;
	my $time = timed(sub {
		$outcomes = $member->selectall_arrayref(
			q{SELECT outcome, contacts FROM campaign.assign_contacts($1, filter => '{"tags": ["bench"], "require_email": true}')}, undef, $campaign);
	});
	die "not all were assigned\n" unless @$outcomes == 1 && $outcomes->[0][0] eq 'added' && $outcomes->[0][1] == $rows;
	$member->do("SELECT campaign.${_}_campaign(\$1)", undef, $campaign) for qw(delete purge);
	return $time;
}

1;
