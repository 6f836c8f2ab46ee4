# A streaming standby: it replays everything, answers reads under the same row
# security, refuses what workers write, and goes on from there when promoted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest qw(campaign_database all_rows differences);
use Sessions qw(session sqlstate_of);

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
fill();

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my $first = $primary->safe_psql('shop', "SELECT id FROM campaign.tenants WHERE slug = 'first'");
my $second = $primary->safe_psql('shop', "SELECT id FROM campaign.tenants WHERE slug = 'second'");
my $sender = session($primary, 'shop', 'regress_standby_worker');
my $reader = session($standby, 'shop', 'regress_standby_ann');
my $worker = session($standby, 'shop', 'regress_standby_worker');

# On the primary, while the standby follows: of five messages and five texts
# some are sent, some begun, some leased; one tenant's contact opts out.
my @claimed = claim($sender, 'before');
is(scalar(@claimed), 10, 'ten touches are claimed on the primary');
my ($sent, $begun, $leased, @rest) = @claimed;
$sender->do('SELECT campaign.begin_send(?)', undef, $_->{lease_token}) foreach $sent, $begun;
is(report($sender, $sent), 'ok', 'one of them is sent');
$primary->wait_for_catchup($standby);

replays();
answers();
refuses();
goes_on();

$standby->stop;
done_testing();

sub fill
{
	campaign_database($primary, 'shop');
	$primary->safe_psql(
		'shop', q{
		CREATE ROLE regress_standby_ann LOGIN;
		CREATE ROLE regress_standby_worker LOGIN;
		SELECT campaign.grant_access('regress_standby_ann', 'member');
		SELECT campaign.grant_access('regress_standby_worker', 'worker');
		SELECT campaign.create_tenant('First', 'first', 'UTC', 'regress_standby_ann');
		SELECT campaign.create_tenant('Second', 'second', 'UTC', current_user);
		UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
		INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
		INSERT INTO campaign.contacts (tenant_id, first_name, email, phone)
		SELECT t.id, 'C' || n, 'c' || n || '@example.com', '+1212555000' || n
		  FROM campaign.tenants t, generate_series(1, 5) n WHERE NOT t.seeded;
		INSERT INTO campaign.consents (tenant_id, contact_id, channel, state, at)
		SELECT tenant_id, id, 'sms', 'opted_in', campaign.now() FROM campaign.contacts;
		SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'Two steps', jsonb_build_array(
		         jsonb_build_object('channel', CASE t.slug WHEN 'first' THEN 'sms' ELSE 'call' END, 'delay_hours', 0, 'body_text', 'One'),
		         jsonb_build_object('channel', 'email', 'delay_hours', 24, 'subject', 'Two', 'body_text', 'Two')), 'contacts'))
		  FROM campaign.tenants t WHERE NOT t.seeded;
		SELECT count(campaign.enroll(c.id, k.id, NULL, '2026-01-01')) FROM campaign.campaigns c JOIN campaign.contacts k USING (tenant_id)});
	return;
}

sub claim
{
	my ($session, $name) = @_;
	return @{ $session->selectall_arrayref(
			q{SELECT tenant_id, enrollment_id, touch_number, lease_token FROM campaign.claim_due_touches(?)
			   ORDER BY tenant_id, enrollment_id},
			{ Slice => {} }, $name) };
}

sub report
{
	my ($session, $touch) = @_;
	return scalar $session->selectrow_array('SELECT result FROM campaign.complete_touch(?)',
		undef, $touch->{lease_token});
}

sub replays
{
	is(differences(all_rows($primary, 'shop'), all_rows($standby, 'shop')),
		'', 'the standby has all rows of the primary, and no others');
	is(
		$standby->safe_psql('shop', "SELECT count(*) FROM campaign.touch_queue WHERE lease_until > clock_timestamp()"),
		9, 'leases among them');
	return;
}

sub tenants_seen
{
	return join ' ', @{ $reader->selectcol_arrayref(
			'SELECT DISTINCT t.slug FROM campaign.contacts JOIN campaign.tenants t ON t.id = tenant_id ORDER BY 1') };
}

sub answers
{
	is(tenants_seen(), 'first', 'a member reads the contacts of his tenant, and no others');
	is_deeply(
		$reader->selectall_arrayref(
			'SELECT status, touch_1_status, count(*)::int FROM campaign.enrollment_timeline GROUP BY 1, 2 ORDER BY 2'),
		[ [ 'active', 'leased', 4 ], [ 'active', 'sent', 1 ] ],
		'enrollment_timeline answers');
	is($reader->selectrow_array('SELECT count(*) FROM campaign.enrollment_touches'), 10, 'so does enrollment_touches');
	is($reader->selectrow_array('SELECT count(*) FROM campaign.uncertain_touches'), 0, 'so does uncertain_touches');
	is($reader->selectrow_array('SELECT status FROM campaign.send_logs'), 'sent', 'so does the log');
	is($worker->selectrow_array('SELECT campaign.next_due_at() IS NOT NULL'), 1, 'so does next_due_at');

	# What a session remembers of its member follows the primary.
	$primary->safe_psql('shop', "SELECT campaign.add_member('$second', 'regress_standby_ann', 'viewer')");
	$primary->wait_for_catchup($standby);
	is(tenants_seen(), 'first second', 'a new membership reaches a session of the standby');
	$primary->safe_psql('shop', "SELECT campaign.remove_member('$second', 'regress_standby_ann')");
	$primary->wait_for_catchup($standby);
	is(tenants_seen(), 'first', 'and so does its end');
	return;
}

sub refuses
{
	my $token = $leased->{lease_token};
	my %calls = (
		"claim_due_touches('standby')" => [],
		"claim_due_touches('standby', begin_now => true)" => [],
		"claim_generation('standby')" => [],
		'begin_send($1)' => [$token],
		"extend_lease(\$1, '1 hour')" => [$token],
		'release_touch($1)' => [$token],
		'complete_touch($1)' => [$token]);
	foreach my $call (sort keys %calls)
	{
		is(sqlstate_of($worker, "SELECT * FROM campaign.$call", @{ $calls{$call} }),
			'25006', "$call is refused on a standby");
	}
	is(sqlstate_of($reader, 'SELECT campaign.stop_enrollment($1)', $leased->{enrollment_id}),
		'25006', 'a stop is, too');
	return;
}

# The primary is gone; what it had handed out is honoured, and nothing of it
# is handed out again.
sub goes_on
{
	$primary->stop('immediate');
	$standby->promote;
	$standby->poll_query_until('shop', 'SELECT NOT pg_is_in_recovery()') or die 'no promotion';

	is_deeply([ claim($worker, 'after') ], [], 'what is leased is not claimed again');
	is(report($worker, $begun), 'ok', 'a send begun before the promotion is reported');
	is($worker->selectrow_array('SELECT campaign.begin_send(?)', undef, $leased->{lease_token}),
		'go', 'a token claimed before the promotion begins a send');
	is(report($worker, $leased), 'ok', 'and reports it');
	is(report($worker, $leased), 'ok', 'twice with the same answer');
	my $lost = shift @rest;
	$worker->do('SELECT campaign.release_touch(?)', undef, $lost->{lease_token});
	my @again = claim($worker, 'after');
	is_deeply([ map { $_->{enrollment_id} } @again ], [ $lost->{enrollment_id} ], 'claims go on');
	is(report($worker, $_), 'ok', 'the last of the first touches is sent') foreach @again, @rest;

	# The next day, all second touches.
	$standby->safe_psql('shop', q{SELECT campaign.now(); ALTER SYSTEM SET campaign.clock_offset = '2 days'});
	$standby->reload;
	$standby->poll_query_until('shop', q{SELECT campaign.now() > statement_timestamp() + interval '1 day'})
	  or die 'the clock stands still';
	is(report($worker, $_), 'ok', 'a second touch is sent') foreach claim($worker, 'after');
	is(
		$standby->safe_psql('shop', q{SELECT string_agg(DISTINCT status, ',') || ' ' || (SELECT count(*) FROM campaign.send_logs
			WHERE status = 'sent') || ' ' || (SELECT count(*) FROM campaign.touch_queue) FROM campaign.campaign_enrollments}),
		'completed 20 0', 'every enrolment runs to its end');
	is(tenants_seen(), 'first', 'the reader goes on reading');
	return;
}
