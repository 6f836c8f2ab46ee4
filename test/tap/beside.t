# Eight workers beside each other, who find the same touches due: each is sent
# once, and none who reports waits for the end of another's claim, which would
# have locked what it did not take.
use strict;
use warnings;

use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CampaignTest qw(campaign_database);
use Sessions qw(session);

my $workers = 8;
my $touches = 8000;

# Every wait for another's row is logged.
my $node = PostgreSQL::Test::Cluster->new('beside');
$node->init;
$node->append_conf('postgresql.conf', "log_lock_waits = on\ndeadlock_timeout = 1ms\n");
$node->start;
campaign_database($node, 'shop');
$node->safe_psql('shop', <<"SQL");
SELECT campaign.create_tenant('Shop', 'shop', 'UTC', current_user);
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE slug = 'shop';
SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'C', '[{"channel": "call", "body_text": "x"}]', 'contacts'))
  FROM campaign.tenants t WHERE slug = 'shop';
INSERT INTO campaign.contacts (tenant_id, first_name, phone)
SELECT t.id, i, '+1212' || 5000000 + i FROM campaign.tenants t, generate_series(1, $touches) i WHERE slug = 'shop';
SELECT sum(e.contacts) FROM campaign.tenants t, campaign.campaigns c,
       campaign.enroll_contacts(c.id, ARRAY(SELECT k.id FROM campaign.contacts k WHERE k.tenant_id = t.id)) e WHERE t.slug = 'shop' AND c.tenant_id = t.id;
SQL

my @crew = map { start_worker($_) } 1 .. $workers;
waitpid $_, 0 foreach @crew;

is($node->safe_psql('shop', q{SELECT count(*), count(DISTINCT enrollment_id) FROM campaign.send_logs WHERE status = 'sent'}),
	"$touches|$touches", 'every touch is sent once');
my @waits = slurp_file($node->logfile) =~ /^.*while locking tuple .* in relation "touch_queue".*$/mg;
is_deeply(\@waits, [], 'nobody waits for a row of the queue');
$node->stop;
done_testing;

sub start_worker
{
	my ($number) = @_;
	my $pid = fork() // die "fork: $!";
	return $pid if $pid;
	eval { work($number) };
	# without the END blocks of the test, which stop the server
	POSIX::_exit($@ ? 1 : 0);
}

sub work
{
	my ($number) = @_;
	my $dbh = session($node, 'shop');
	while (my @tokens = map { $_->[0] } @{ $dbh->selectall_arrayref('SELECT lease_token FROM campaign.claim_due_touches(?, 20)', undef, "worker $number") })
	{
		$dbh->selectall_arrayref(q{SELECT r.result FROM campaign.report_touches(ARRAY(
			SELECT ROW(t, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result FROM unnest(?::text[]) t)) r}, undef, \@tokens);
	}
	return;
}
