# A claim of few touches among some lanes: the oldest first touches of tenants,
# as if it had looked at all lanes, and it does not.  What comes in below what
# was read, is given back, or was held by a worker who died has its place in
# the order.
#
# CAMPAIGN_SEED=n repeats a run.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CampaignTest qw(campaign_database);
use Sessions qw(session);

use constant { TENANTS => 8, EACH => 40 };

my $seed = $ENV{CAMPAIGN_SEED} // int rand 1_000_000;
diag("seed $seed");
srand $seed;

my $node = PostgreSQL::Test::Cluster->new('oldest');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'campaign'\n");
$node->start;
campaign_database($node, 'shop');
# of every second tenant the touches are in two lanes
$node->safe_psql('shop', <<'SQL' =~ s/:tenants/TENANTS/er =~ s/:each/EACH/er =~ s/:seed/$seed \/ 1e6/er);
SELECT setseed(:seed);
SELECT count(campaign.create_tenant('T' || i, 'oldest-' || i, 'UTC', current_user)) FROM generate_series(1, :tenants) i;
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
SELECT count(campaign.launch_campaign(campaign.create_campaign(t.id, 'C' || n, '[{"channel": "call", "body_text": "x"}]', 'contacts')))
  FROM campaign.tenants t, generate_series(1, 2) n WHERE NOT t.seeded AND (n = 1 OR right(t.slug, 1)::integer % 2 = 0);
INSERT INTO campaign.contacts (tenant_id, first_name, phone) SELECT t.id, 'A', '+1212' || 5000000 + i FROM campaign.tenants t, generate_series(1, :each) i WHERE NOT t.seeded;
-- "k.id IS NOT NULL": draws anew for each contact
INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
SELECT k.tenant_id, c.id, k.id, 1, a.at, a.at, a.at
  FROM campaign.contacts k, LATERAL (SELECT c.id FROM campaign.campaigns c WHERE c.tenant_id = k.tenant_id AND k.id IS NOT NULL ORDER BY random() LIMIT 1) c,
       LATERAL (SELECT campaign.now() - random() * interval '2 hours' AS at WHERE k.id IS NOT NULL) a;
INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
SELECT e.tenant_id, l.lane, e.first_scheduled_at, e.id, e.first_scheduled_at, 1
  FROM campaign.campaign_enrollments e JOIN campaign.lanes l USING (tenant_id, campaign_id);
CREATE FUNCTION oldest(wanted integer) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(enrollment_id::text, ' ' ORDER BY due_at) FROM (
    SELECT * FROM (SELECT DISTINCT ON (q.tenant_id) q.* FROM campaign.touch_queue q
                    WHERE q.due_at <= campaign.now() AND q.lease_until <= clock_timestamp() ORDER BY q.tenant_id, q.due_at) f
     ORDER BY due_at LIMIT wanted) o $$;
CREATE FUNCTION claimed(wanted integer) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(c.enrollment_id::text, ' ' ORDER BY q.due_at)
    FROM campaign.claim_due_touches('worker', wanted) c JOIN campaign.touch_queue q ON q.tenant_id = c.tenant_id AND q.enrollment_id = c.enrollment_id $$;
ANALYZE;
SQL

my @sessions = map { session($node, 'shop') } 1 .. 3;
$_->do('SELECT setseed(?)', undef, rand) foreach @sessions;
my $scans = q{SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelid = 'campaign.touch_queue_pkey'::regclass};

sub one { return $sessions[ int rand @sessions ] }

# ---- beside what happens to the queue

# All three take their turns at random, and each finds what the others have left.
my $different = 0;
my $claims = 0;
while ($claims < 120)
{
	my $wanted = 1 + int rand 4;
	my $session = one();
	my $expected = $session->selectrow_array('SELECT oldest(?)', undef, $wanted);
	my $claimed = $session->selectrow_array('SELECT claimed(?)', undef, $wanted);
	$claims++;
	$different++, diag("claim $claims of $wanted: $claimed instead of $expected") if $claimed ne $expected;
	my $what = rand;
	if ($what < 0.2)
	{
		# somebody gives back what he has
		one()->do(q{SELECT campaign.release_touch(t.token) FROM (SELECT campaign.touch_token(tenant_id, lane, due_at, enrollment_id, touch_number, attempt, fence) AS token
			FROM campaign.touch_queue WHERE lease_until > clock_timestamp() ORDER BY random() LIMIT 2) t});
	}
	elsif ($what < 0.3)
	{
		# a worker has died
		one()->do(q{UPDATE campaign.touch_queue SET lease_until = clock_timestamp(), attempt = 0 WHERE lease_until > clock_timestamp() AND random() < 0.2});
	}
	elsif ($what < 0.4)
	{
		# what is due later is older than all of a sudden
		one()->do(q{UPDATE campaign.touch_queue SET due_at = due_at - interval '1 hour' WHERE enrollment_id IN
			(SELECT enrollment_id FROM campaign.touch_queue WHERE lease_until <= clock_timestamp() ORDER BY random() LIMIT 3)});
	}
}
is($different, 0, "each of $claims claims of one to four has the oldest of the tenants");

# ---- and in peace: few lanes are looked at for a touch

my $session = $sessions[0];
$session->do(q{UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity', fence = 0, attempt = 0});
$session->do('SELECT claimed(1)') for 1 .. 5;
$session->do('SELECT pg_stat_force_next_flush()');
my $before = $session->selectrow_array($scans);
$session->do('SELECT claimed(1)') for 1 .. 50;
$session->do('SELECT pg_stat_force_next_flush()');
my $looked = ($session->selectrow_array($scans) - $before) / 50;
my $lanes = $session->selectrow_array('SELECT count(*) FROM campaign.lanes');
cmp_ok($looked, '<', $lanes / 3, "$looked of $lanes lanes are looked at for a touch");

$_->disconnect foreach @sessions;
$node->stop;
done_testing();
