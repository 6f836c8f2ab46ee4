# CREATE, DROP and again CREATE EXTENSION: nobody slips in before it, nothing
# of it stays behind, and sessions that knew the old one work with the new.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest qw(differences);
use Sessions qw(session sqlstate_of);

my $node = PostgreSQL::Test::Cluster->new('install');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE ROLE regress_install_mallory LOGIN;
	CREATE ROLE regress_install_ann LOGIN;
	CREATE ROLE regress_install_worker LOGIN;
	CREATE DATABASE shop});
# It stays when campaign goes.
$node->safe_psql('shop', 'CREATE EXTENSION pg_trgm; GRANT CREATE ON DATABASE shop TO regress_install_mallory');

hostile_schema();
everything_goes();
sessions_go_on();

$node->stop;
done_testing();

# Who owns the schema could put functions of his own where ours are looked for.
sub hostile_schema
{
	my $mallory = session($node, 'shop', 'regress_install_mallory');
	is(sqlstate_of($mallory, 'CREATE EXTENSION campaign'), '42501', 'not everybody may install');
	$mallory->do('CREATE SCHEMA campaign');
	$mallory->do(q{CREATE FUNCTION campaign.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2000-01-01'::timestamptz $$});

	my $root = session($node, 'shop');
	is(sqlstate_of($root, 'CREATE EXTENSION campaign'), '42P06', 'a schema that was there before is not adopted');
	is(sqlstate_of($root, 'CREATE EXTENSION campaign SCHEMA campaign'),
		'0A000', 'nor if it is asked for');
	is($root->selectrow_array(q{SELECT count(*) FROM pg_extension WHERE extname = 'campaign'}), 0, 'nothing is installed');
	is($root->selectrow_array(q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'campaign'::regnamespace}),
		1, 'nothing was put into it');
	$mallory->do('DROP SCHEMA campaign CASCADE');

	# Functions of ours that he makes elsewhere are not found first.
	$mallory->do('CREATE SCHEMA mallory');
	foreach my $argument ('uuid', 'text')
	{
		$mallory->do(
			qq{CREATE FUNCTION mallory.equal($argument, $argument) RETURNS boolean LANGUAGE plpgsql AS \$\$ BEGIN RAISE 'caught'; END \$\$});
		$mallory->do(
			"CREATE OPERATOR mallory.= (LEFTARG = $argument, RIGHTARG = $argument, FUNCTION = mallory.equal)");
	}
	$root->do('SET search_path = mallory, pg_catalog');
	is(sqlstate_of($root, 'CREATE EXTENSION campaign'), '00000', 'an operator in the way is not used');
	is(sqlstate_of($root, "SELECT campaign.create_tenant('Acme', 'acme', 'UTC', 'regress_install_ann')"),
		'00000', 'neither later on');
	is(sqlstate_of($root, 'ALTER EXTENSION campaign SET SCHEMA public'), '0A000', 'it stays in its schema');
	$root->do('DROP EXTENSION campaign');
	$mallory->do('DROP SCHEMA mallory CASCADE');
	return;
}

# How many rows every catalog has, statistics left out.
sub catalogs
{
	my ($session) = @_;
	my $tables = $session->selectcol_arrayref(
		q{SELECT oid::regclass FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'
		     AND relname !~ '^pg_statistic' ORDER BY 1});
	return [ map { "$_: " . $session->selectrow_array("SELECT count(*) FROM $_") } @$tables ];
}

sub everything_goes
{
	my $root = session($node, 'shop');
	my $before = catalogs($root);
	$root->do('CREATE EXTENSION campaign');
	isnt(differences($before, catalogs($root)), '', 'the catalogs know of the extension');
	fill($root);
	$root->do('CREATE TABLE tickets (state text NOT NULL)');
	$root->do(
		q{CREATE TRIGGER states BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION campaign.enforce_life_cycle('outreach', 'state')});
	is(sqlstate_of($root, 'DROP EXTENSION campaign'), '2BP01', "a user's table that leans on it keeps it");
	$root->do('DROP TABLE tickets');
	$root->do('DROP EXTENSION campaign');
	is(differences($before, catalogs($root)), '', 'nothing of it is left');
	is($root->selectrow_array(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'campaign'}), 0, 'not even its schema');
	return;
}

# A tenant with a campaign of one touch and three enrolments.
sub fill
{
	my ($session) = @_;
	$session->do($_) foreach (
		q{SELECT campaign.grant_access('regress_install_ann', 'member')},
		q{SELECT campaign.grant_access('regress_install_worker', 'worker')},
		q{SELECT campaign.create_tenant('Acme', 'acme', 'UTC', 'regress_install_ann')},
		q{UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded},
		q{INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded},
		q{INSERT INTO campaign.contacts (tenant_id, first_name, email)
		  SELECT t.id, 'C', 'c' || n || '@example.com' FROM campaign.tenants t, generate_series(1, 3) n WHERE NOT t.seeded},
		q{SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'One step',
		    '[{"channel": "email", "delay_hours": 0, "subject": "One", "body_text": "Dear {{contact.first_name}}"}]', 'contacts'))
		  FROM campaign.tenants t WHERE NOT t.seeded},
		q{SELECT campaign.enroll(c.id, k.id) FROM campaign.campaigns c JOIN campaign.contacts k USING (tenant_id)});
	return;
}

# A touch of each kind of work, so that all caches and plans are filled.
sub work
{
	my ($root, $ann, $worker) = @_;
	my $claim = q{SELECT lease_token, enrollment_id FROM campaign.claim_due_touches('worker', 1)};
	my ($token) = $worker->selectrow_array($claim);
	my @answers = $worker->selectrow_array('SELECT campaign.begin_send(?)', undef, $token);
	push @answers, $worker->selectrow_array('SELECT result FROM campaign.complete_touch(?)', undef, $token);
	($token) = $worker->selectrow_array($claim);
	$worker->do('SELECT campaign.release_touch(?)', undef, $token);
	($token, my $enrollment) = $worker->selectrow_array($claim);
	push @answers, $ann->selectrow_array('SELECT campaign.stop_enrollment(?)', undef, $enrollment);
	push @answers, $worker->selectrow_array('SELECT result FROM campaign.complete_touch(?)', undef, $token);
	push @answers, $ann->selectrow_array('SELECT count(*) FROM campaign.enrollment_timeline');
	push @answers, sqlstate_of($ann, q{SELECT campaign.resume_campaign(id, spread => '0') FROM campaign.campaigns});
	push @answers, $ann->selectrow_array(q{SELECT campaign.pause_campaign(id) FROM campaign.campaigns});
	push @answers, $root->selectrow_array('SELECT count(*) FROM campaign.send_logs');
	return "@answers";
}

sub sessions_go_on
{
	my $root = session($node, 'shop');
	my @sessions = ($root, map { session($node, 'shop', "regress_install_$_") } 'ann', 'worker');
	foreach my $time ('at first', 'after DROP and CREATE', 'and once more')
	{
		$root->do('CREATE EXTENSION campaign');
		fill($root);
		is(work(@sessions), 'go ok 1 logged 3 CP001 paused 2', "claims, reports, stops and reads work $time");
		$root->do('DROP EXTENSION campaign');
		is(sqlstate_of($sessions[2], q{SELECT * FROM campaign.claim_due_touches('worker', 1)}),
			'3F000', 'without the extension there is no claim');
	}

	# In one transaction with all of it, and undone.
	$root->begin_work;
	$root->do('CREATE EXTENSION campaign');
	fill($root);
	is($root->selectrow_array(q{SELECT count(*) FROM campaign.claim_due_touches('worker')}), 3, 'a claim in the transaction of CREATE');
	$root->rollback;
	$root->do('CREATE EXTENSION campaign');
	fill($root);
	is(work(@sessions), 'go ok 1 logged 3 CP001 paused 2', 'what is undone is forgotten');
	return;
}
