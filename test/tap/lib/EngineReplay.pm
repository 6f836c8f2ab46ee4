package EngineReplay;

# From the plan and the log alone: which touch is next, when it is scheduled and
# whether the sequence is at its end.  And what no log may show.

use strict;
use warnings;

use Exporter 'import';

use EngineSequence qw(check);

our @EXPORT_OK = qw(replay_log);

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
			qq{SELECT e.id, e.campaign_id, e.plan_version, e.status, e.stop_reason, property.us(e.first_scheduled_at) AS first,
			property.us(e.anchor_at) AS anchor, q.touch_number, q.resume_touch, property.us(q.scheduled_at) AS scheduled,
			(extract(epoch FROM t.min_gap) * 1000000)::bigint AS gap
			FROM campaign.campaign_enrollments e JOIN campaign.tenants t ON t.id = e.tenant_id
			LEFT JOIN campaign.touch_queue q ON q.tenant_id = e.tenant_id AND q.enrollment_id = e.id AND e.status = 'active'
			WHERE e.tenant_id IN ($tenants)})
	  })
	{
		my @log = @{ $log{ $e->{id} } // [] };
		my $plan = $plans->{"$e->{campaign_id} $e->{plan_version}"};
		eval {
			check_position($e, $plan, @log);
			check_schedule($e, $plan, @log);
			check_sends(@log);
			1;
		} or die "enrolment $e->{id}: $@";
	}
	return;
}

sub read_plans
{
	my ($db, $tenants) = @_;
	my %plans;
	push @{ $plans{"$_->{campaign_id} $_->{plan_version}"} }, $_ foreach @{
		$db->look(
			qq{SELECT campaign_id, plan_version, channel, (extract(epoch FROM delay) * 1000000)::bigint AS delay
			FROM campaign.campaign_touches WHERE tenant_id IN ($tenants) ORDER BY campaign_id, plan_version, touch_number})
	};
	return \%plans;
}

# What moves the sequence moves it by one; a retry of an earlier touch does not.
sub check_position
{
	my ($e, $plan, @log) = @_;
	my $next = 1;
	my $stops = 0;
	foreach my $entry (@log)
	{
		die "touch $entry->{touch_number} was logged when $next was next\n" if $entry->{touch_number} > $next;
		$next++ if $entry->{advanced} && $entry->{touch_number} == $next;
	}
	if ($e->{status} eq 'completed')
	{
		check('the touch after the last', $next, @$plan + 1);
	}
	elsif ($e->{status} eq 'active')
	{
		check('the next touch', $e->{resume_touch} || $e->{touch_number}, $next);
		die "the retried touch is not an earlier one\n" if $e->{resume_touch} && $e->{touch_number} >= $next;
	}
	return;
}

sub check_schedule
{
	my ($e, $plan, @log) = @_;
	my @scheduled = ($e->{first});
	push @scheduled, $scheduled[-1] + $_->{delay} foreach @$plan[ 1 .. $#$plan ];
	check("scheduled time of touch $_->{touch_number}", $_->{scheduled}, $scheduled[ $_->{touch_number} - 1 ])
	  foreach @log, defined $e->{touch_number} ? $e : ();
	check("channel of touch $_->{touch_number}", $_->{channel}, $plan->[ $_->{touch_number} - 1 ]{channel}) foreach @log;
	return;
}

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
		die "touch $touch was claimed before it was scheduled\n" if $entry->{claimed} < $entry->{scheduled};
	}
	return;
}

1;
