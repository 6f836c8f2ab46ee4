# Tables that are larger than the buffers: a claim asks for the pages of its
# batch ahead, so that they come together. What it hands out is the same, also
# where a row is no longer where it was asked for.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CampaignTest qw(campaign_database);
use Sessions qw(session);

my $touches = 2000;
my $batch = 100;

# So few buffers that the tables are large beside them, and the rows of a batch in no order.
my $node = PostgreSQL::Test::Cluster->new('large_tables');
$node->init;
$node->append_conf('postgresql.conf', "shared_buffers = 1MB\nautovacuum = off\n");
$node->start;
campaign_database($node, 'shop');
$node->safe_psql('shop', <<"SQL");
SELECT campaign.create_tenant('Shop', 'shop', 'UTC', current_user);
UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE slug = 'shop';
INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, 'call', '0' FROM campaign.tenants t WHERE slug = 'shop';
SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'C', '[{"channel": "call", "body_text": "Dear {{contact.first_name}}"}]', 'contacts'))
  FROM campaign.tenants t WHERE slug = 'shop';
INSERT INTO campaign.contacts (tenant_id, first_name, phone, attributes)
SELECT t.id, 'C' || i, '+1212' || 5000000 + i, jsonb_build_object('about', repeat('x', 500)) FROM campaign.tenants t, generate_series(1, $touches) i WHERE slug = 'shop';
SELECT sum(e.contacts) FROM campaign.tenants t, campaign.campaigns c,
       campaign.enroll_contacts(c.id, ARRAY(SELECT k.id FROM campaign.contacts k WHERE k.tenant_id = t.id)) e WHERE t.slug = 'shop' AND c.tenant_id = t.id;
UPDATE campaign.touch_queue SET due_at = due_at - interval '1 second' * (('x' || left(md5(enrollment_id::text), 4))::bit(16)::int);
VACUUM ANALYZE;
SQL
my $buffers = $node->safe_psql('shop', q{SELECT setting FROM pg_settings WHERE name = 'shared_buffers'});
foreach my $table (qw(contacts campaign_enrollments touch_queue))
{
	cmp_ok($node->safe_psql('shop', "SELECT pg_relation_size('campaign.$table') / 8192"), '>', $buffers / 4, "$table is large");
}

my ($one_by_one, $found) = claim(0);
is_deeply($found, { contacts => $batch, campaign_enrollments => $batch }, 'effective_io_concurrency = 0: each row is read through the index');
is(scalar(@$one_by_one), $batch, 'a batch is handed out');
my ($together, $expected) = claim(1);
# where two rows are kept in one place, the first is looked for once more
cmp_ok($expected->{$_}, '<', $batch / 5, "else the index has said where it is, and it is read there: $_") foreach sort keys %$expected;
is_deeply($together, $one_by_one, 'the same touches with the same texts');
is_deeply((claim(1, $touches))[0], (claim(0, $touches))[0], 'and of more than are asked for at once');

# New versions on the page of the old one, and on other pages.
$node->safe_psql('shop', q{UPDATE campaign.contacts SET first_name = first_name || '!'});
is_deeply((claim(1))[0], [ map { "$_!" } @$one_by_one ], 'rows that have moved are found all the same');
$node->safe_psql('shop', q{UPDATE campaign.contacts SET first_name = first_name || '?', phone = replace(phone, '+1212', '+1313')});
is_deeply((claim(1))[0], [ map { s/\+1212/+1313/r . '!?' } @$one_by_one ], 'also where the index has new entries');
$node->safe_psql('shop', 'VACUUM campaign.contacts');
is_deeply((claim(1))[0], (claim(0))[0], 'and after vacuum');

# A backend that has asked for a row before somebody changed it.
my $dbh = worker(1);
$dbh->begin_work;
$dbh->selectall_arrayref('SELECT FROM campaign.claim_due_touches(?, ?)', undef, 'w', $batch);
$dbh->rollback;
$node->safe_psql('shop', q{UPDATE campaign.contacts SET first_name = 'Z'});
is_deeply([ map { $_->[0] } @{ $dbh->selectall_arrayref('SELECT DISTINCT body FROM campaign.claim_due_touches(?, ?)', undef, 'w', $batch) } ],
	['Dear Z'], 'what it remembers of a row is no more than where to look first');

# All that is left.
my $sent = 0;
$node->safe_psql('shop', q{UPDATE campaign.touch_queue SET lease_until = '-infinity', claimed_at = '-infinity'});
while (my @tokens = map { $_->[0] } @{ $dbh->selectall_arrayref('SELECT lease_token FROM campaign.claim_due_touches(?, ?)', undef, 'w', $batch) })
{
	$sent += @tokens;
	$dbh->selectall_arrayref(q{SELECT r.result FROM campaign.report_touches(ARRAY(
		SELECT ROW(t, 'sent', NULL, NULL, NULL, NULL, NULL, NULL)::campaign.touch_result FROM unnest(?::text[]) t)) r}, undef, \@tokens);
}
is($sent, $touches, 'all are handed out');
is($node->safe_psql('shop', q{SELECT count(*), count(DISTINCT contact_id) FROM campaign.send_logs WHERE status = 'sent'}),
	"$touches|$touches", 'each contact is written to once');
$dbh->disconnect;
$node->stop;
done_testing;

sub worker
{
	my ($concurrency) = @_;
	my $dbh = session($node, 'shop');
	$dbh->do("SET effective_io_concurrency = $concurrency");
	return $dbh;
}

# What a new backend is handed, and how many rows it has read through indexes; undone.
sub claim
{
	my ($concurrency, $wanted) = @_;
	my $dbh = worker($concurrency);
	$dbh->begin_work;
	my $claimed = $dbh->selectcol_arrayref(q{SELECT address || ': ' || body FROM campaign.claim_due_touches('w', ?)}, undef, $wanted // $batch);
	my $read = $dbh->selectall_arrayref(q{SELECT relname, coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
		WHERE schemaname = 'campaign' AND relname IN ('contacts', 'campaign_enrollments')});
	$dbh->rollback;
	$dbh->disconnect;
	return ($claimed, { map { $_->[0] => $_->[1] } @$read });
}
