# Maintenance scheduled with the real pg_cron: it runs every minute, as whoever
# scheduled it, until that is ended.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest qw(campaign_database);
use Sessions qw(session sqlstate_of);

chomp(my $sharedir = `$ENV{PG_CONFIG} --sharedir`);
plan skip_all => "this server has no pg_cron (Debian's package postgresql-<major>-cron)"
  unless -e "$sharedir/extension/pg_cron.control";

# pg_cron looks for its database as soon as it is loaded.
my $node = PostgreSQL::Test::Cluster->new('node');
$node->init;
$node->start;
campaign_database($node, $_) foreach 'shop', 'other';
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_cron'
cron.database_name = 'shop'
cron.use_background_workers = on
max_worker_processes = 20
CONF
$node->restart;
$node->safe_psql('shop', 'CREATE EXTENSION pg_cron');
$node->safe_psql('shop', <<'SQL');
CREATE ROLE regress_cron_admin LOGIN;
CREATE ROLE regress_cron_member LOGIN;
SELECT campaign.grant_access('regress_cron_admin', 'admin'), campaign.grant_access('regress_cron_member', 'member');
SQL
my $admin = session($node, 'shop', 'regress_cron_admin');
my $jobs = q{SELECT string_agg(concat_ws('; ', jobname, schedule, command, database, username, active), ' | ') FROM cron.job};

permissions();
my $job = schedules();
work();
elsewhere();
runs($job);
ends();

$admin->disconnect;
$node->stop;
done_testing();

sub permissions
{
	my $member = session($node, 'shop', 'regress_cron_member');
	is(sqlstate_of($member, 'SELECT campaign.schedule_maintenance()'), '42501', 'members schedule nothing');
	$member->disconnect;
	foreach my $call ('schedule_maintenance', 'unschedule_maintenance')
	{
		is(sqlstate_of($admin, "SELECT campaign.$call()"), '42501', "$call needs the schema of pg_cron");
		like($admin->errstr, qr/GRANT USAGE ON SCHEMA cron TO regress_cron_admin/, 'and says how to get it');
	}
	$node->safe_psql('shop', 'GRANT USAGE ON SCHEMA cron TO regress_cron_admin');
	ok(!$admin->selectrow_array('SELECT campaign.unschedule_maintenance()'), 'there is nothing to end yet');
	return;
}

sub schedules
{
	is(sqlstate_of($admin, q{SELECT campaign.schedule_maintenance('whenever')}), '22023', 'a schedule that is none is refused');
	is($node->safe_psql('shop', 'SELECT count(*) FROM cron.job'), 0, 'and nothing is left of it');
	my $first = $admin->selectrow_array(q{SELECT campaign.schedule_maintenance('0 3 * * *')});
	my $second = $admin->selectrow_array('SELECT campaign.schedule_maintenance()');
	is($second, $first, 'scheduled again it is the same job');
	is(
		$node->safe_psql('shop', $jobs),
		'campaign maintenance; * * * * *; SELECT campaign.run_maintenance(); shop; regress_cron_admin; t',
		'the job runs every minute, here, as whoever scheduled it');
	return $first;
}

# Something that only maintenance does: a lease that ran out in a paused campaign.
sub work
{
	$node->safe_psql('shop', <<'SQL');
SELECT campaign.create_tenant('Shop', 'shop', 'UTC', current_user) AS shop \gset
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00';
INSERT INTO campaign.contacts (tenant_id, first_name, phone) VALUES (:'shop', 'Ann', '+12125550100');
SELECT campaign.create_campaign(:'shop', 'Call', '[{"channel": "call", "body_text": "x"}]', 'contacts') AS call \gset
SELECT campaign.launch_campaign(:'call');
SELECT campaign.enroll(:'call', id, NULL, '2026-01-01') FROM campaign.contacts;
SELECT count(*) FROM campaign.claim_due_touches('worker');
SELECT campaign.pause_campaign(:'call');
UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second';
SQL
	return;
}

# pg_cron keeps its jobs in one database, and may run them in others.
sub elsewhere
{
	my ($out, $err);
	$node->psql('other', 'SELECT campaign.schedule_maintenance()', stdout => \$out, stderr => \$err);
	like($err, qr/pg_cron is not installed in this database\n.*keeps its jobs in database "shop"/, 'in another database it says where to go');
	my ($command) = $err =~ /HINT:  There, call (.*)\.\n/ or die $err;
	$node->safe_psql('shop', $command);
	is(
		$node->safe_psql('shop', "SELECT database FROM cron.job WHERE jobid <> $job"),
		'other', 'and what to call there');
	return;
}

# Both of them, the next time that a minute is full.
sub runs
{
	my ($first) = @_;
	ok($node->poll_query_until('shop', q{SELECT every(claimed_at = '-infinity') FROM campaign.touch_queue}), 'what was to do is done');
	ok(
		$node->poll_query_until('shop', q{SELECT count(DISTINCT jobid) = 2 FROM cron.job_run_details WHERE status = 'succeeded'}),
		'both jobs have run');
	is(
		$node->safe_psql('shop', "SELECT DISTINCT username || ' ' || database FROM cron.job_run_details WHERE jobid = $first"),
		'regress_cron_admin shop', 'in the name of the one who scheduled it');
	is($node->safe_psql('shop', q{SELECT count(*) FROM cron.job_run_details WHERE status = 'failed'}), 0, 'and nothing went wrong');
	return;
}

sub ends
{
	ok($admin->selectrow_array('SELECT campaign.unschedule_maintenance()'), 'it is ended');
	is($node->safe_psql('shop', "SELECT count(*) FROM cron.job WHERE jobid = $job"), 0, 'and the job is gone');
	ok(!$admin->selectrow_array('SELECT campaign.unschedule_maintenance()'), 'which can be done once');
	is($node->safe_psql('shop', 'SELECT count(*) FROM cron.job'), 1, 'to nobody else\'s job');
	return;
}
