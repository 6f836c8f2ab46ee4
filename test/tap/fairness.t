# Fairness: one tenant's backlog delays nobody, and a capped lane costs the
# others nothing.  A thousand tenants with one due touch each stand beside one
# with twenty thousand that were due before them.  (Defect 10 of the multi-touch
# reference: a throttled tenant's backlog starved everybody else.)
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CampaignTest qw(campaign_database);
use Sessions qw(session);

my $node = PostgreSQL::Test::Cluster->new('fairness');
$node->init;
$node->start;
campaign_database($node, 'shop');
$node->safe_psql('shop', <<'SQL');
SELECT count(campaign.create_tenant(CASE i WHEN 0 THEN 'Hog' ELSE 'Small ' || i END, 'fair-' || i, 'UTC', current_user))
  FROM generate_series(0, 1000) i;
-- at any hour, and as much as there is
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT count(campaign.launch_campaign(campaign.create_campaign(t.id, 'C', '[{"channel": "call", "body_text": "x"}]', 'contacts')))
  FROM campaign.tenants t WHERE NOT t.seeded;
INSERT INTO campaign.contacts (tenant_id, first_name, phone)
SELECT t.id, t.name, '+1212' || 5000000 + i FROM campaign.tenants t, generate_series(1, CASE t.name WHEN 'Hog' THEN 20000 ELSE 1 END) i WHERE NOT t.seeded;
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
SELECT k.tenant_id, c.id, k.id, 1, a.at, a.at, a.at FROM campaign.contacts k JOIN campaign.campaigns c USING (tenant_id),
       LATERAL (SELECT campaign.now() - CASE k.first_name WHEN 'Hog' THEN interval '2 hours' ELSE interval '1 hour' END AS at) a;
INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
SELECT e.tenant_id, l.lane, e.first_scheduled_at, e.id, e.first_scheduled_at, 1
  FROM campaign.campaign_enrollments e JOIN campaign.lanes l USING (tenant_id, campaign_id);
CREATE TABLE batches (batch integer, hog boolean);
CREATE FUNCTION claim(batch integer) RETURNS void LANGUAGE sql AS $$
  INSERT INTO batches SELECT $1, t.name = 'Hog' FROM campaign.claim_due_touches('worker', 100) c JOIN campaign.tenants t ON t.id = c.tenant_id $$;
ANALYZE;
SQL

sub batches
{
	my ($n) = @_;
	$node->safe_psql('shop', "SELECT claim($_)") foreach 1 .. $n;
	return $node->safe_psql('shop',
		'SELECT count(*) FILTER (WHERE NOT hog), max(batch) FILTER (WHERE NOT hog), count(*) FILTER (WHERE hog), count(*) FILTER (WHERE hog AND batch <= 9) FROM batches');
}

# the small ones, the last batch that had one, all of the large one's, those of the first nine batches
is(batches(12), '1000|11|200|9',
	'each of a thousand is served within the first twelve batches of a hundred, the backlog has its turn beside them');

$node->safe_psql('shop', q{
	UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, attempt = 0;
	UPDATE campaign.send_limits SET per_hour = 5 WHERE tenant_id = (SELECT id FROM campaign.tenants WHERE name = 'Hog');
	TRUNCATE batches});
is(batches(11), '1000|11|5|5', 'a lane whose cap is used up costs the others nothing');
is($node->safe_psql('shop', q{SELECT count(*) FROM campaign.claim_due_touches('worker', 100)}),
	0, 'and is not looked at again');
is( $node->safe_psql('shop',
		q{SELECT throttled_until > campaign.now() FROM campaign.lanes JOIN campaign.tenants t ON t.id = tenant_id WHERE t.name = 'Hog'}),
	't', 'until it may send again');

# ---- one worker that stays: its claims go on round the ring from where the last one ended

$node->safe_psql('shop', q{
	UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, attempt = 0;
	UPDATE campaign.send_limits SET per_hour = NULL WHERE tenant_id = (SELECT id FROM campaign.tenants WHERE name = 'Hog');
	UPDATE campaign.lanes SET throttled_until = '-infinity';
	TRUNCATE batches});
my $worker = session($node, 'shop');
$worker->do('SELECT claim(?)', undef, $_) foreach 1 .. 12;
is($worker->selectrow_array(
		q{SELECT concat_ws('|', count(*) FILTER (WHERE NOT hog), max(batch) FILTER (WHERE NOT hog) <= 12, count(*) FILTER (WHERE hog) > 0) FROM batches}),
	'1000|t|t', 'a worker that stays serves all as soon, and the backlog beside them');

# what is found within the bound is handed out; who finds nothing goes all the way round
$worker->do(q{UPDATE campaign.touch_queue SET due_at = 'infinity' WHERE lease_until <= clock_timestamp() AND due_at < 'infinity'});
my $free = q{UPDATE campaign.touch_queue q SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, attempt = 0
	FROM (SELECT tenant_id FROM campaign.touch_queue WHERE lease_until > clock_timestamp() GROUP BY 1 ORDER BY 1 OFFSET ? LIMIT 1) t
	WHERE q.tenant_id = t.tenant_id AND q.due_at < 'infinity'};
foreach my $place (2, 300, 600, 900, 30)
{
	$worker->do($free, undef, $place);
	is($worker->selectrow_array(q{SELECT count(*) FROM campaign.claim_due_touches('worker', 1)}),
		1, "the only touch is found, wherever in the ring it is: $place");
	is($worker->selectrow_array(q{SELECT campaign.next_due_at() > campaign.now()}), 1, 'and nothing else was due');
}
$worker->disconnect;

$node->stop;
done_testing();
