# Fifty jobs of one contact are completed in the same instant, by fifty
# sessions: one sequence is live, and forty-nine conflicts are recorded, by
# every policy; and several who settle them a day later leave one live sequence.
#
# CAMPAIGN_SOAK=1 does it ten times as often.
use strict;
use warnings;

use DBD::Pg ':async';
use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'sleep';

use CampaignTest qw(campaign_database);
use Sessions qw(session);

my $sessions = 50;
my $rounds = $ENV{CAMPAIGN_SOAK} ? 25 : 3;    # of each kind
my @kinds = (
	[ ask => 'one campaign', '49 ask', 1 ],
	[ ask => 'fifty campaigns', '49 ask', 1 ],
	[ skip => 'one campaign', '49 skip skipped', 1 ],
	[ queue => 'fifty campaigns', '49 queue', 1 ],
	[ replace => 'one campaign', '49 replace replaced', 50 ],
	[ replace => 'fifty campaigns', '49 replace replaced', 50 ]);

my $node = PostgreSQL::Test::Cluster->new('conflicts');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 70\nlog_statement = none\nfsync = off\n");
$node->start;
campaign_database($node, 'shop');
fill();

my $control = session($node, 'shop');
my @crew = map { session($node, 'shop') } 1 .. $sessions;
foreach my $kind (@kinds)
{
	subtest "$kind->[0], $kind->[1]" => sub { storm(@$kind) foreach 1 .. $rounds; };
}
$_->disconnect foreach @crew, $control;
$node->stop;
done_testing();

sub fill
{
	$node->safe_psql(
		'shop', q{
		SELECT campaign.create_tenant('Acme', 'acme', 'UTC', current_user);
		INSERT INTO campaign.service_types (tenant_id, service_type, name)
		SELECT t.id, 'service_' || n, 'Service ' || n FROM campaign.tenants t, generate_series(1, 50) n WHERE NOT t.seeded;
		SELECT campaign.grant_access(current_user, 'member');
		SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'Campaign ' || n,
		         '[{"channel": "email", "subject": "x", "body_text": "x"}, {"channel": "email", "subject": "y", "body_text": "y", "delay_hours": 24}]',
		         service_type => 'service_' || n))
		  FROM campaign.tenants t, generate_series(1, 50) n WHERE NOT t.seeded});
	return;
}

sub storm
{
	my ($policy, $where, $conflicts, $enrollments) = @_;
	my $contact = new_contact($policy, $where);

	# Everybody stands before the contact's lock, and it is let go.
	$control->begin_work;
	$control->do('SELECT FROM campaign.contacts WHERE id = ? FOR UPDATE', undef, $contact);
	foreach my $i (0 .. $#crew)
	{
		# without parameters: the statement of those would be waited for at the end of do()
		$crew[$i]->do("UPDATE campaign.jobs SET status = 'completed' WHERE external_id = '$contact-" . ($i + 1) . "'",
			{ pg_async => PG_ASYNC });
	}
	wait_until(
		sub {
			one(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'shop'}) == $sessions;
		}) or fail('everybody waits for the contact');
	$control->commit;
	my @failed = grep { !eval { $_->pg_result; 1 } } @crew;
	is(join("\n", map { $_->errstr } @failed), '', 'no completion fails');

	is(one(q{SELECT count(*) FROM campaign.jobs WHERE contact_id = ? AND status = 'completed'}, $contact), $sessions, 'all jobs are completed');
	is(one(q{SELECT string_agg(n || ' ' || what, ', ') FROM (SELECT count(*) AS n, concat_ws(' ', policy, resolution) AS what
	           FROM campaign.enrollment_conflicts WHERE contact_id = ? GROUP BY 2) c}, $contact), $conflicts, 'conflicts');
	check_sequences($contact, $enrollments);

	# A day, or a week after the end, later.
	return if $conflicts =~ /skip|replace/;
	$control->do('SELECT campaign.stop_contact(?)', undef, $contact) if $policy eq 'queue';
	my @settlers = @crew[ 0 .. 7 ];
	foreach my $settler (@settlers)
	{
		$settler->do("SET campaign.clock_offset = '8 days'");
		$settler->do('SELECT campaign.settle_conflicts()', { pg_async => PG_ASYNC });
	}
	@failed = grep { !eval { $_->pg_result; 1 } } @settlers;
	is(join("\n", map { $_->errstr } @failed), '', 'nobody who settles fails');
	$_->do('RESET campaign.clock_offset') foreach @settlers;
	is(one(q{SELECT string_agg(n || ' ' || what, ', ' ORDER BY what) FROM (SELECT count(*) AS n, concat_ws(' ', resolution, reason) AS what
	           FROM campaign.enrollment_conflicts WHERE contact_id = ? GROUP BY 2) c}, $contact),
		$policy eq 'queue' ? '48 , 1 enrolled' : '1 replaced, 48 skipped superseded', 'conflicts are settled once');
	check_sequences($contact, 2);
	$control->do('SELECT campaign.stop_contact(?)', undef, $contact);
	return;
}

# A contact with fifty jobs to complete, each for a campaign of its own or all for one.
sub new_contact
{
	my ($policy, $where) = @_;
	$control->do('UPDATE campaign.tenants SET conflict_policy = ? WHERE NOT seeded', undef, $policy);
	my $contact = one(q{INSERT INTO campaign.contacts (tenant_id, email) SELECT id, 'bob@example.com' FROM campaign.tenants WHERE NOT seeded RETURNING id});
	$control->do(
		q{INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, external_id)
		  SELECT k.tenant_id, k.id, 'service_' || CASE WHEN ? THEN 1 ELSE n END, k.id || '-' || n
		    FROM campaign.contacts k, generate_series(1, 50) n WHERE k.id = ?}, undef, $where eq 'one campaign' ? 1 : 0, $contact);
	return $contact;
}

sub check_sequences
{
	my ($contact, $enrollments) = @_;
	is(one(q{SELECT count(*) FROM campaign.campaign_enrollments WHERE contact_id = ? AND status = 'active'}, $contact), 1, 'one live sequence');
	is(one(q{SELECT count(*) FROM campaign.campaign_enrollments WHERE contact_id = ?}, $contact), $enrollments, "of $enrollments");
	is(one(q{SELECT count(*) FROM campaign.touch_queue q JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
	          WHERE e.contact_id = ?}, $contact), 1, 'one next touch');
	return;
}

sub one
{
	my ($sql, @values) = @_;
	return ($control->selectrow_array($sql, undef, @values))[0];
}

sub wait_until
{
	my ($holds) = @_;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;
	until ($holds->())
	{
		return 0 if time > $end;
		sleep 0.01;
	}
	return 1;
}
