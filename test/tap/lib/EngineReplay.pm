package EngineReplay;

# From the plan and the log alone: which touch is next, when it is scheduled and
# whether the sequence is at its end.  What no log may show.  And that all that
# was counted on the way is what log, events and enrolments come to.

use strict;
use warnings;

use Exporter 'import';

use EngineSequence qw(check);

our @EXPORT_OK = qw(recount replay_log);

sub replay_log
{
	my ($db, $m) = @_;
	my $tenants = join ', ', map { "'$_->{id}'" } @{ $m->{tenants} };
	my %log;
	push @{ $log{ $_->{enrollment_id} } }, $_ foreach @{
		$db->look(
			qq{SELECT enrollment_id, touch_number, attempt, status, is_final::int, advanced::int, channel, plan_version, property.us(scheduled_at) AS scheduled,
			property.us(claimed_at) AS claimed, property.us(sent_at) AS sent, property.us(logged_at) AS logged
			FROM campaign.send_logs WHERE tenant_id IN ($tenants) AND enrollment_id IS NOT NULL ORDER BY id})
	};
	my $plans = read_plans($db, $tenants);
	foreach my $e (@{
		$db->look(
			qq{SELECT e.id, e.campaign_id, e.plan_version, e.status, property.us(e.anchor_at) AS anchor, property.us(e.first_scheduled_at) AS first,
			q.touch_number, q.resume_touch, property.us(q.scheduled_at) AS scheduled
			FROM campaign.campaign_enrollments e
			LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id AND e.status = 'active'
			WHERE e.tenant_id IN ($tenants)})
	  })
	{
		my @log = @{ $log{ $e->{id} } // [] };
		eval {
			check_log($e, $plans->{ $e->{campaign_id} }, @log);
			check_sends(@log);
			1;
		} or die "enrolment " . ((grep { $_->{id} eq $e->{id} } @{ $m->{enrollments} })[0]{name}) . ": $@";
	}
	return;
}

# By campaign, version and touch number.
sub read_plans
{
	my ($db, $tenants) = @_;
	my %plans;
	foreach my $touch (@{
		$db->look(
			qq{SELECT campaign_id, plan_version, touch_number, channel, (extract(epoch FROM delay) * 1000000)::bigint AS delay, use_service_delay::int
			FROM campaign.campaign_touches WHERE tenant_id IN ($tenants)})
	  })
	{
		$plans{ $touch->{campaign_id} }{ $touch->{plan_version} }{ $touch->{touch_number} } = $touch;
	}
	return \%plans;
}

# What moves the sequence moves it by one; a retry of an earlier touch does not.
# A touch is scheduled at the time of the one before it and its own delay, the
# first one at its delay after the anchor, in the plan that the enrolment followed
# then.
sub check_log
{
	my ($e, $versions, @log) = @_;
	my $next = 1;
	my @scheduled = ($e->{anchor});
	foreach my $entry (@log)
	{
		my $number = $entry->{touch_number};
		my $touch = $versions->{ $entry->{plan_version} }{$number};
		die "touch $number was logged when $next was next\n" if $number > $next;
		check("channel of touch $number", $entry->{channel}, $touch->{channel});
		# how long the services take is not written down, but for the plan that holds
		$scheduled[$number] =
		    !$touch->{use_service_delay} ? $scheduled[ $number - 1 ] + $touch->{delay}
		  : $entry->{plan_version} == $e->{plan_version} ? $e->{first}
		  : $entry->{scheduled}
		  if $number == $next;
		check("scheduled time of touch $number", $entry->{scheduled}, $scheduled[$number]);
		$next++ if $entry->{advanced} && $number == $next;
	}
	if ($e->{status} eq 'completed')
	{
		# by its last touch, or by a migration to a plan that has no more
		my $shortest = (sort { $a <=> $b } map { scalar keys %$_ } values %$versions)[0];
		die "completed, and touch $next is left\n" if $next <= $shortest;
	}
	elsif ($e->{status} eq 'active')
	{
		check('the next touch', $e->{resume_touch} || $e->{touch_number}, $next);
		die "the retried touch is not an earlier one\n" if $e->{resume_touch} && $e->{touch_number} >= $next;
		$scheduled[$next] = $scheduled[ $next - 1 ] + $versions->{ $e->{plan_version} }{$next}{delay}
		  if $next > 1 && $versions->{ $e->{plan_version} }{$next};
		$scheduled[1] = $e->{first} if $next == 1;
		check("scheduled time of the queued touch $e->{touch_number}", $e->{scheduled}, $scheduled[ $e->{touch_number} ]);
	}
	return;
}

# ---- counts

# By touch and metric as members are told; and by service, day and with the
# seconds of what has ended.
sub recount
{
	my ($s) = @_;
	my $tenants = join ', ', map { "'$_->{id}'" } @{ $s->{m}{tenants} };
	my %name = map { $_->{id} => $_->{name} } @{ $s->{m}{campaigns} };
	my @wrong = map { "$name{ $_->{id} } touch $_->{touch_number} $_->{metric}: $_->{counted}, recounted $_->{recounted}" }
	  $s->ask('owner', "SELECT c.id, r.* FROM campaign.campaigns c CROSS JOIN LATERAL campaign.recount(c.id) r WHERE c.tenant_id IN ($tenants) AND r.counted <> r.recounted");
	push @wrong, map { "$name{ $_->{campaign_id} } $_->{what}: $_->{counted}, recounted $_->{recounted}" } @{ $s->{db}->look(differences($tenants)) };
	die join('', map { "counted of $_\n" } sort @wrong) if @wrong;
	$s->see('recounted');
	return;
}

sub differences
{
	my ($tenants) = @_;
	# of two events of a kind that were told out of order either may be the one that counts
	my $own_day = '^(enrolled|completed|stopped|sent|failed|skipped)';
	return qq{
		SELECT b.campaign_id, b.what, sum(b.counted) AS counted, sum(b.recounted) AS recounted
		  FROM (SELECT k.campaign_id, concat_ws(' ', 'touch', k.touch_number, k.service_type, k.metric, p.part) AS what, p.n AS counted, 0 AS recounted
		          FROM campaign.counts k CROSS JOIN LATERAL (VALUES ('times', k.n), ('seconds', k.seconds)) AS p(part, n)
		         WHERE k.tenant_id IN ($tenants)
		        UNION ALL
		        SELECT d.campaign_id, concat_ws(' ', d.day, d.metric), d.n, 0
		          FROM (SELECT tenant_id, campaign_id, day, metric, n FROM campaign.daily_counts
		                UNION ALL SELECT tenant_id, campaign_id, day, metric, n FROM campaign.touch_count_deltas) d
		         WHERE d.tenant_id IN ($tenants) AND d.metric ~ '$own_day'
		        UNION ALL
		        SELECT o.campaign_id, p.what, 0, p.n
		          FROM campaign.outreach_campaigns o CROSS JOIN LATERAL campaign.recounted(o.tenant_id, o.campaign_id) r
		         CROSS JOIN LATERAL (VALUES (concat_ws(' ', 'touch', r.touch_number, r.service_type, r.metric, 'times'), r.n),
		                                    (concat_ws(' ', 'touch', r.touch_number, r.service_type, r.metric, 'seconds'), r.seconds),
		                                    (CASE WHEN r.metric ~ '$own_day' THEN concat_ws(' ', campaign.count_day(r.at, 'UTC'), r.metric) END, r.n)) AS p(what, n)
		         WHERE o.tenant_id IN ($tenants) AND p.what IS NOT NULL) b
		 GROUP BY b.campaign_id, b.what HAVING sum(b.counted) <> sum(b.recounted)};
}

# ---- sends

sub check_sends
{
	my (@log) = @_;
	my (%sent, %closed, $last_sent);
	foreach my $entry (@log)
	{
		my $touch = $entry->{touch_number};
		die "touch $touch was sent twice\n" if $entry->{status} eq 'sent' && $sent{$touch}++;
		die "touch $touch was closed as $closed{$touch} and logged again\n" if ($closed{$touch} // 'failed') ne 'failed';
		$closed{$touch} = $entry->{status} if $entry->{is_final};
		die "touch $touch was claimed before it was scheduled\n" if defined $entry->{claimed} && $entry->{claimed} < $entry->{scheduled};
	}
	return;
}

1;
