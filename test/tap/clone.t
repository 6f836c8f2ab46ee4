# Copies of a cluster that sends, with campaign.clone_guard on: none of them
# sends until somebody says that it is to, and the original goes on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest qw(campaign_database);
use Sessions qw(session sqlstate_of);

my $claim = 'SELECT count(*) FROM campaign.claim_due_touches(?, 1)';

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'campaign.clone_guard = on');
$primary->start;
fill();

like(refusal($primary), qr/no cluster has been armed/, 'switched on, nobody sends before a cluster is armed');
arm($primary);
is(claimed($primary), 1, 'armed, it sends');

# Sessions that stay remember the answer, until it is another one.
my $worker = session($primary, 'shop', 'regress_clone_worker');
is($worker->selectrow_array($claim, undef, 'stays'), 1, 'a session claims');
$primary->safe_psql('shop', 'DELETE FROM campaign.armed_cluster');
is(sqlstate_of($worker, $claim, 'stays'), '55000', 'the same session is refused once the cluster is not armed any more');
arm($primary);
is($worker->selectrow_array($claim, undef, 'stays'), 1, 'and goes on when it is');
$worker->disconnect;

$primary->restart;
is(claimed($primary), 1, 'it goes on after a restart');
$primary->stop('immediate');
$primary->start;
is(claimed($primary), 1, 'and after a crash');

copies_of_files();
promoted_standby();
copies_within();

is(claimed($primary), 1, 'after all of that the original goes on');
$primary->stop;
done_testing();

sub fill
{
	campaign_database($primary, 'shop');
	$primary->safe_psql(
		'shop', q{
		CREATE ROLE regress_clone_worker LOGIN;
		CREATE ROLE regress_clone_admin LOGIN;
		SELECT campaign.grant_access('regress_clone_worker', 'worker'), campaign.grant_access('regress_clone_admin', 'admin');
		SELECT campaign.create_tenant('Shop', 'shop', 'UTC', current_user);
		UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00';
		INSERT INTO campaign.contacts (tenant_id, first_name, phone)
		SELECT t.id, 'C' || n, '+1212555' || 1000 + n FROM campaign.tenants t, generate_series(1, 40) n WHERE NOT t.seeded;
		SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'Call', '[{"channel": "call", "body_text": "x"}]', 'contacts'))
		  FROM campaign.tenants t WHERE NOT t.seeded;
		SELECT count(campaign.enroll(c.id, k.id, NULL, '2026-01-01')) FROM campaign.campaigns c JOIN campaign.contacts k USING (tenant_id)});
	return;
}

sub arm
{
	my ($node, $database) = @_;
	my $admin = session($node, $database // 'shop', 'regress_clone_admin');
	$admin->do('SELECT campaign.arm()');
	$admin->disconnect;
	return;
}

# How many of one touch a new worker gets.
sub claimed
{
	my ($node, $database) = @_;
	my $session = session($node, $database // 'shop', 'regress_clone_worker');
	my $n = $session->selectrow_array($claim, undef, 'worker');
	$session->disconnect;
	return $n;
}

# Why a new worker gets none; with the SQLSTATE that it has to be.
sub refusal
{
	my ($node, $database) = @_;
	my $session = session($node, $database // 'shop', 'regress_clone_worker');
	my $state = sqlstate_of($session, $claim, 'worker');
	my $message = $session->errstr // '';
	$session->disconnect;
	is($state, '55000', 'the claim is refused');
	return $message;
}

# A backup that was started by itself, where nothing was ever promoted.
sub copies_of_files
{
	$primary->backup('base');
	my $clone = PostgreSQL::Test::Cluster->new('clone');
	$clone->init_from_backup($primary, 'base');
	$clone->start;
	like(refusal($clone), qr/differs from the one that was armed in: data directory, control file\./,
		'a started backup says in what it differs');
	my $admin = session($clone, 'shop', 'regress_clone_admin');
	is(
		join(' ', @{ $admin->selectcol_arrayref('SELECT aspect FROM campaign.clone_guard_differences ORDER BY position') }),
		'data directory control file', 'and so does the view');
	$admin->disconnect;
	arm($clone);
	is(claimed($clone), 1, 'it sends once it is armed');
	$clone->restart;
	is(claimed($clone), 1, 'and after a restart');
	$clone->stop;

	# The same files at the same place, put back from a backup: the past, too, is a copy.
	my $data = $clone->data_dir;
	rename($data, "$data.old") or die "$data: $!";
	PostgreSQL::Test::Utils::system_or_bail('cp', '-a', "$data.old", $data);
	$clone->start;
	like(refusal($clone), qr/armed in: control file\./, 'files that were put back at the same path are a copy');
	$clone->stop;
	return;
}

sub promoted_standby
{
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->start;
	$primary->wait_for_catchup($standby);
	my $reader = session($standby, 'shop', 'regress_clone_worker');
	is(sqlstate_of($reader, $claim, 'reader'), '25006', 'a standby hands out nothing');
	$standby->promote;
	is(sqlstate_of($reader, $claim, 'reader'), '55000', 'promoted, it is refused, also in a session that was there before');
	like($reader->errstr, qr/armed in: timeline, data directory, control file\./, 'by its timeline as well');
	arm($standby);
	is($reader->selectrow_array($claim, undef, 'reader'), 1, 'armed, it takes over');
	$reader->disconnect;
	$standby->restart;
	is(claimed($standby), 1, 'and stays armed');
	$standby->stop;
	return;
}

# In the cluster that is armed: another database of it is another one.
sub copies_within
{
	$primary->safe_psql('postgres', 'CREATE DATABASE twin TEMPLATE shop');
	like(refusal($primary, 'twin'), qr/armed in: database\./, 'a database made from the armed one');

	my $folder = PostgreSQL::Test::Utils::tempdir();
	$primary->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
	$primary->command_ok([ 'pg_dump', '-Fc', '-f', "$folder/shop.dump", 'shop' ], 'dump');
	$primary->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', "$folder/shop.dump" ], 'restore');
	like(refusal($primary, 'restored'), qr/no cluster has been armed/, 'a dump does not carry that it was armed');
	arm($primary, 'restored');
	is(claimed($primary, 'restored'), 1, 'it sends once it is armed');
	return;
}
