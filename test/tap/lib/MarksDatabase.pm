package MarksDatabase;

# A database for tests of how far claims have read: places for queue rows, put
# there and taken away without the engine's help.

use strict;
use warnings;

use Exporter 'import';

use CampaignTest qw(campaign_database);

our @EXPORT_OK = qw(fill_places put claim);

# Twelve lanes of three tenants, with so many places each.
sub fill_places
{
	my ($node, $each) = @_;
	campaign_database($node, 'shop');
	$node->safe_psql('shop', <<"SQL");
	SELECT campaign.create_tenant('T' || n, 'marks-' || n, 'UTC', 'postgres') FROM generate_series(1, 3) n;
	UPDATE campaign.tenants SET quiet_from = '00:00', quiet_until = '00:00' WHERE NOT seeded;
	INSERT INTO campaign.send_limits (tenant_id, channel, contact_interval) SELECT t.id, c.channel, '0' FROM campaign.tenants t, campaign.channels c WHERE NOT t.seeded;
	SELECT campaign.launch_campaign(campaign.create_campaign(t.id, 'C' || n, '[{"channel": "call", "body_text": "x"}]', 'contacts'))
	  FROM campaign.tenants t, generate_series(1, 4) n WHERE NOT t.seeded;
	UPDATE campaign.outreach_campaigns SET max_attempts = 20;
	INSERT INTO campaign.contacts (tenant_id, first_name, phone)
	SELECT l.tenant_id, l.lane, '+1212' || 1000000 + row_number() OVER () FROM campaign.lanes l, generate_series(1, $each);
	INSERT INTO campaign.campaign_enrollments (tenant_id, campaign_id, contact_id, plan_version, anchor_at, first_scheduled_at, enrolled_at)
	SELECT k.tenant_id, l.campaign_id, k.id, 1, t.at, t.at, t.at FROM campaign.contacts k
	  JOIN campaign.lanes l ON l.tenant_id = k.tenant_id AND l.lane = k.first_name::integer, (SELECT now() - interval '1 day' AS at) t;
	CREATE TABLE places AS
	SELECT (row_number() OVER (ORDER BY e.tenant_id, l.lane, e.id))::integer AS n, e.tenant_id, l.lane, e.id AS enrollment
	  FROM campaign.campaign_enrollments e JOIN campaign.lanes l USING (tenant_id, campaign_id);
	ALTER TABLE places ADD PRIMARY KEY (n);
	-- whoever claims by a name that is new waits for others who do
	SELECT FROM campaign.claim_due_touches('worker', 1, '1 second');
	ANALYZE;
SQL
	return;
}

# A row for a place, unless it has one, or somebody gives it one just now: due so many seconds ago.
sub put
{
	my ($dbh, $n, $age, $touch_number) = @_;
	return $dbh->do(
		q{INSERT INTO campaign.touch_queue (tenant_id, lane, due_at, enrollment_id, scheduled_at, touch_number)
		  SELECT p.tenant_id, p.lane, clock_timestamp() - make_interval(secs => ?), p.enrollment, now(), ? FROM places p
		   WHERE p.n = ? AND NOT EXISTS (SELECT FROM campaign.touch_queue q WHERE q.tenant_id = p.tenant_id AND q.enrollment_id = p.enrollment)
		  ON CONFLICT DO NOTHING},
		undef, $age, $touch_number // 1, $n) + 0;
}

# The places that a claim leases, and their tokens.
sub claim
{
	my ($dbh, $most, $lease) = @_;
	return $dbh->selectall_arrayref(
		q{SELECT p.n, c.lease_token FROM campaign.claim_due_touches('worker', ?, ?::interval) c
		    JOIN places p ON p.tenant_id = c.tenant_id AND p.enrollment = c.enrollment_id},
		undef, $most, $lease // '5 minutes');
}

1;
