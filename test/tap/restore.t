# A campaign in the middle of its work is dumped and goes on in another
# cluster: what was sent stays sent, what was leased is reported there, what
# was uncertain is settled there, and all the rest is sent once.
#
# test/dump compares what a dump carries, table by table; this goes on from it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest
  qw(make_roles campaign_database fill_database fingerprint all_rows differences);
use Sessions qw(session sqlstate_of);

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init;
$old->start;
make_roles($old);
campaign_database($old, 'shop');
fill_database($old, 'shop');

# What the workers of the old cluster have in hand.
my %token = map { split /\|/ } split /\n/, $old->safe_psql(
	'shop', q{
	SELECT CASE flags WHEN 1 THEN 'begun' ELSE 'leased' END,
	       campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, attempt, fence)
	  FROM campaign.touch_queue WHERE lease_until > clock_timestamp() AND flags IN (0, 1)});
is(join(' ', sort keys %token), 'begun leased', 'workers have touches in hand');

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->start;
move();

my %session = map { $_ => session($new, 'shop', "regress_dump_$_") } qw(ada bob worker admin);
grants();
leases();
uncertain();
goes_on();

$new->stop;
$old->stop;
done_testing();

# Through one archive, twice: in one process, and in two at a time, which needs
# the foreign keys off, since an archive does not say which of an extension's
# tables comes first.
sub move
{
	my $folder = PostgreSQL::Test::Utils::tempdir();
	make_roles($new);
	quiet([ 'pg_dump', '-h', $old->host, '-p', $old->port, '-Fc', '-f', "$folder/shop.dump", 'shop' ], 'dump');
	my @restore = ('pg_restore', '--exit-on-error', '-h', $new->host, '-p', $new->port);
	$new->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE template0") foreach 'shop', 'second';
	quiet([ @restore, '-d', 'shop', "$folder/shop.dump" ], 'restore');
	{
		local $ENV{PGOPTIONS} = '-c session_replication_role=replica';
		quiet([ @restore, '-j', '2', '-d', 'second', "$folder/shop.dump" ], 'second restore, by two processes');
	}
	foreach my $database ('shop', 'second')
	{
		is(differences(all_rows($old, 'shop'), all_rows($new, $database)), '', "$database has the same rows");
		is(differences(fingerprint($old, 'shop'), fingerprint($new, $database)),
			'', "$database has the same objects and privileges");
	}
	return;
}

# Succeeds, and has nothing to say.
sub quiet
{
	my ($command, $name) = @_;
	my ($out, $err) = run_command($command);
	is($err . $out, '', "$name without a word");
	return;
}

sub grants
{
	is($session{ada}->selectrow_array('SELECT string_agg(slug, \' \' ORDER BY slug) FROM campaign.tenants'),
		'ada system', 'an owner sees his tenant');
	is($session{bob}->selectrow_array('SELECT string_agg(slug, \' \' ORDER BY slug) FROM campaign.tenants'),
		'ada bob system', 'a guest sees two');
	is(sqlstate_of($session{bob}, q{SELECT campaign.pause_campaign(id) FROM campaign.campaigns WHERE name = 'Reviews'}),
		'P0002', 'and changes one');
	is(sqlstate_of($session{ada}, q{SELECT * FROM campaign.claim_due_touches('ada')}), '42501', 'members do not claim');
	is(sqlstate_of($session{worker}, 'SELECT * FROM campaign.contacts'), '42501', 'workers do not read');
	is(sqlstate_of($session{admin}, q{SELECT campaign.add_channel('x_fax', 'Fax', 'phone')}),
		'23505', 'the channel that was added is there');
	is(sqlstate_of($session{ada}, q{SELECT campaign.create_campaign_from_template(t.id, 'From the imported one', n.id)
			FROM campaign.campaign_templates t, campaign.tenants n WHERE t.name = 'Imported' AND n.slug = 'ada'}),
		'00000', "so is the system tenant's imported template");
	return;
}

# A token is what its row says, so it is good wherever the row is.
sub leases
{
	my ($worker) = $session{worker};
	is(scalar $worker->selectrow_array('SELECT result FROM campaign.complete_touch(?)', undef, $token{begun}),
		'ok', 'what was begun before the dump is reported after it');
	is(scalar $worker->selectrow_array('SELECT campaign.begin_send(?)', undef, $token{leased}),
		'go', 'what was leased is begun');
	is(scalar $worker->selectrow_array('SELECT result FROM campaign.complete_touch(?)', undef, $token{leased}),
		'ok', 'and reported');
	return;
}

sub uncertain
{
	my ($ada) = $session{ada};
	is($ada->selectrow_array('SELECT count(*) FROM campaign.dead_touches'), 1, 'what failed for good is listed');
	my ($lost) = $ada->selectrow_array(q{SELECT lease_token FROM campaign.uncertain_touches WHERE channel = 'x_fax'});
	is(scalar $ada->selectrow_array(q{SELECT result FROM campaign.resolve_uncertain(?, 'sent')}, undef, $lost),
		'ok', 'what was uncertain is listed and settled');
	is($ada->selectrow_array('SELECT count(*) FROM campaign.uncertain_touches'), 0, 'nothing else was');
	return;
}

# Day by day, until nothing is left.
sub goes_on
{
	$session{ada}->do(q{SELECT campaign.resume_campaign(id, spread => '0') FROM campaign.campaigns WHERE name = 'Faxes' OR name = 'Fax'});
	my $log = sub {
		$new->safe_psql('shop', q{SELECT count(*) FROM campaign.send_logs WHERE status = 'sent' AND enrollment_id IS NOT NULL});
	};
	my $sent = $log->();
	my $claimed = 0;
	foreach my $day (0 .. 30)
	{
		$new->safe_psql('shop', qq{SELECT campaign.now(); ALTER SYSTEM SET campaign.clock_offset = '$day days'});
		$new->reload;
		$new->poll_query_until('shop', "SELECT campaign.now() - statement_timestamp() = interval '$day days'")
		  or die 'the clock stands still';
		my $touches = $session{worker}->selectcol_arrayref(
			q{SELECT lease_token FROM campaign.claim_due_touches('worker 3', begin_now => true)});
		$claimed += @$touches;
		$session{worker}->do('SELECT campaign.complete_touch(t) FROM unnest(?::text[]) t', undef, $touches);
	}
	cmp_ok($claimed, '>', 0, 'workers of the new cluster find work');
	is($log->(), $sent + $claimed, 'and report all of it as sent');
	is($new->safe_psql('shop', q{SELECT count(*) FROM campaign.campaign_enrollments WHERE status = 'active'}),
		0, 'every enrolment comes to its end');
	is($new->safe_psql('shop', 'SELECT count(*) FROM campaign.touch_queue WHERE flags = 0'), 0, 'nothing waits in the queue');
	is($new->safe_psql('shop', q{SELECT count(*) FROM (SELECT FROM campaign.send_logs WHERE status = 'sent' AND enrollment_id IS NOT NULL
			GROUP BY tenant_id, enrollment_id, touch_number HAVING count(*) > 1) d}), 0, 'nothing is sent twice');
	return;
}
