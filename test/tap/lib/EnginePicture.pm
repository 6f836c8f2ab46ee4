package EnginePicture;

# One state in two pictures, as the database has it and as the model has it: a
# line for each enrolment, queue row, log row, outcome of a job and conflict,
# named as the model names them.  Equal states have equal lines.

use strict;
use warnings;

use Exporter 'import';

use EngineDatabase qw(time_text);
use ModelTimes qw(HOUR DAY);

our @EXPORT_OK = qw(picture_of_database picture_of_model row_line);

# ---- the database's

# The facts, with times in microseconds; the one value is the tenants.
my %facts = (
	enrollments => q{
		SELECT id, campaign_id, contact_id, job_id, plan_version, status, stop_reason, property.us(anchor_at) AS anchor,
		       property.us(first_scheduled_at) AS first, property.us(enrolled_at) AS enrolled,
		       property.us(coalesce(completed_at, stopped_at)) AS ended, exclusive::int,
		       (extract(epoch FROM base_shift) * 1000000)::bigint AS base_shift
		  FROM campaign.campaign_enrollments WHERE tenant_id = ANY (?::uuid[])},
	queue => q{
		SELECT q.enrollment_id, l.campaign_id, l.channel, q.touch_number, q.attempt, q.attempt_base, q.resume_touch, q.flags, q.rescheduled::int,
		       property.us(q.scheduled_at) AS scheduled, property.us(q.due_at) AS due, property.us(q.claimed_at) AS claimed,
		       w.name AS worker, q.fence,
		       CASE WHEN q.lease_until = '-infinity' THEN 'none' WHEN q.lease_until > clock_timestamp() THEN 'live' ELSE 'ended' END AS lease
		  FROM campaign.touch_queue q JOIN campaign.lanes l USING (tenant_id, lane)
		  LEFT JOIN campaign.workers w ON w.id = q.worker_id
		 WHERE q.tenant_id = ANY (?::uuid[])},
	logs => q{
		SELECT l.enrollment_id, l.touch_number, l.attempt, l.status, l.is_final::int, l.advanced::int, l.channel, l.address, l.reason, l.error, l.provider_id,
		       l.plan_version, w.name AS worker, l.fence, property.us(l.scheduled_at) AS scheduled, property.us(l.claimed_at) AS claimed,
		       property.us(l.sent_at) AS sent, property.us(l.logged_at) AS logged
		  FROM campaign.send_logs l LEFT JOIN campaign.workers w ON w.id = l.worker_id
		 WHERE l.tenant_id = ANY (?::uuid[])},
	jobs => q{
		SELECT job_id, campaign_id, enrollment_id, outcome, reason, property.us(at) AS at
		  FROM campaign.job_enrollments WHERE tenant_id = ANY (?::uuid[])},
	events => q{
		SELECT kind, bounce, link, is_machine::int, property.us(at) AS at, property.us(recorded_at) AS recorded, enrollment_id, contact_id,
		       touch_number, channel, provider_id, address, unmatched::int
		  FROM campaign.touch_events WHERE tenant_id = ANY (?::uuid[])},
	suppressions => q{
		SELECT tenant_id, address FROM campaign.suppressions WHERE tenant_id = ANY (?::uuid[])},
	usage => q{
		SELECT tenant_id, channel, property.us(date_trunc('day', starts_at)) AS day, sum(used) AS used,
		       coalesce(sum(used) FILTER (WHERE starts_at = date_trunc('hour', v.now)), 0) AS now_used
		  FROM campaign.send_usage, (SELECT ?::timestamptz AS now) v
		 WHERE starts_at >= date_trunc('month', v.now) AND tenant_id = ANY (?::uuid[])
		 GROUP BY 1, 2, 3 HAVING sum(used) <> 0 OR sum(used) FILTER (WHERE starts_at = date_trunc('hour', v.now)) <> 0},
	consents => q{
		SELECT contact_id, channel, state FROM campaign.consents WHERE tenant_id = ANY (?::uuid[])},
	conflicts => q{
		SELECT contact_id, campaign_id, job_id, live_enrollment_id, enrollment_id, policy, resolution, reason, resolved_by,
		       property.us(at) AS at, property.us(anchor_at) AS anchor, property.us(resolve_after) AS after,
		       property.us(resolved_at) AS resolved
		  FROM campaign.enrollment_conflicts WHERE tenant_id = ANY (?::uuid[])});

sub picture_of_database
{
	my ($db, $m) = @_;
	my $tenants = '{' . join(',', map { $_->{id} } @{ $m->{tenants} }) . '}';
	my %names = map { $_->{id} => $_->{name} } map { @$_ } @$m{qw(tenants contacts campaigns jobs enrollments)};
	my %tokens = map { ($_->{fence} // 0) => $_->{name} } @{ $m->{tokens} };
	my $name = sub { defined $_[0] ? $names{ $_[0] } // $_[0] : '-' };
	my @lines;

	foreach my $e (@{ $db->look($facts{enrollments}, $tenants) })
	{
		push @lines, line('enrollment', $name->($e->{id}), $name->($e->{campaign_id}), $name->($e->{contact_id}),
			$name->($e->{job_id}), "v$e->{plan_version}", $e->{status}, $e->{stop_reason}, shown(@$e{qw(anchor first enrolled ended)}), @$e{qw(exclusive base_shift)});
	}
	foreach my $q (@{ $db->look($facts{queue}, $tenants) })
	{
		my @lease = $q->{lease} eq 'none' ? () : ($tokens{ $q->{fence} } // $q->{fence}, $q->{worker}, shown($q->{claimed}));
		push @lines, line('queued', $name->($q->{enrollment_id}), $name->($q->{campaign_id}), $q->{channel},
			@$q{qw(touch_number attempt attempt_base resume_touch flags rescheduled)}, shown(@$q{qw(scheduled due)}), $q->{lease}, @lease);
	}
	foreach my $l (@{ $db->look($facts{logs}, $tenants) })
	{
		push @lines, line('log', $name->($l->{enrollment_id}), @$l{qw(touch_number attempt status is_final advanced channel address reason error provider_id)},
			$l->{plan_version}, $l->{worker}, $tokens{ $l->{fence} // 0 }, shown(@$l{qw(scheduled claimed sent logged)}));
	}
	push @lines, line('job', $name->($_->{job_id}), $name->($_->{campaign_id}), $name->($_->{enrollment_id}), @$_{qw(outcome reason)}, shown($_->{at}))
	  foreach @{ $db->look($facts{jobs}, $tenants) };
	push @lines, line('conflict', map({ $name->($_) } @$_{qw(contact_id campaign_id job_id live_enrollment_id enrollment_id)}),
		@$_{qw(policy resolution reason resolved_by)}, shown(@$_{qw(at anchor after resolved)}))
	  foreach @{ $db->look($facts{conflicts}, $tenants) };
	push @lines, line('event', @$_{qw(kind bounce link is_machine)}, map({ $name->($_) } @$_{qw(enrollment_id contact_id)}),
		@$_{qw(touch_number channel provider_id address unmatched)}, shown(@$_{qw(at recorded)}))
	  foreach @{ $db->look($facts{events}, $tenants) };
	push @lines, line('suppressed', $name->($_->{tenant_id}), $_->{address}) foreach @{ $db->look($facts{suppressions}, $tenants) };
	push @lines, line('used', $name->($_->{tenant_id}), $_->{channel}, shown($_->{day}), @$_{qw(used now_used)})
	  foreach @{ $db->look($facts{usage}, time_text($m->{now}) . 'Z', $tenants) };
	push @lines, line('consent', $name->($_->{contact_id}), @$_{qw(channel state)}) foreach @{ $db->look($facts{consents}, $tenants) };
	return sort @lines;
}

# ---- the model's

sub picture_of_model
{
	my ($m) = @_;
	my $name = sub { $_[0] ? $_[0]{name} : '-' };
	my @lines;
	foreach my $e (@{ $m->{enrollments} })
	{
		push @lines, line('enrollment', $e->{name}, map({ $name->($_) } @$e{qw(campaign contact job)}),
			"v$e->{version}", @$e{qw(status reason)}, shown(@$e{qw(anchor first enrolled ended)}), @$e{qw(exclusive base_shift)});
		push @lines, row_line($m, $e) if $e->{row};
		push @lines, line('log', $e->{name}, @$_{qw(touch attempt status is_final advanced channel address reason error provider version worker)},
			$_->{token} ? $_->{token}{name} : undef, shown(@$_{qw(scheduled claimed sent logged)}))
		  foreach @{ $e->{log} };
	}
	push @lines, line('log', '-', undef, undef, 'sent', 1, 0, @$_{qw(channel address)}, (undef) x 2, $_->{provider}, (undef) x 3, shown(undef, undef, @$_{qw(sent logged)}))
	  foreach @{ $m->{manual_sends} };
	push @lines, line('job', map({ $name->($_) } @$_{qw(job campaign enrollment)}), @$_{qw(outcome reason)}, shown($_->{at}))
	  foreach @{ $m->{job_outcomes} };
	push @lines, line('conflict', map({ $name->($_) } @$_{qw(contact campaign job live enrollment)}),
		@$_{qw(policy resolution reason by)}, shown(@$_{qw(at anchor after resolved)}))
	  foreach @{ $m->{conflicts} };
	push @lines, line('event', @$_{qw(kind bounce link machine)}, map({ $name->($_) } @$_{qw(enrollment contact)}),
		@$_{qw(touch channel provider address unmatched)}, shown(@$_{qw(at recorded)}))
	  foreach @{ $m->{events} };
	foreach my $tenant (@{ $m->{tenants} })
	{
		push @lines, usage_lines($m, $tenant);
		push @lines, map { line('suppressed', $tenant->{name}, $_) } grep { $tenant->{suppressed}{$_} } keys %{ $tenant->{suppressed} };
	}
	foreach my $contact (@{ $m->{contacts} })
	{
		push @lines, map { line('consent', $contact->{name}, $_, $contact->{consent}{$_}) } keys %{ $contact->{consent} };
	}
	return sort @lines;
}

# Of this month by day, and of that in the present hour.
sub usage_lines
{
	my ($m, $tenant) = @_;
	my $month = $m->month_start;
	my @lines;
	foreach my $channel (keys %{ $tenant->{units} })
	{
		my $units = $tenant->{units}{$channel};
		my (%day, %now);
		foreach my $hour (grep { $_ >= $month } keys %$units)
		{
			my $day = $hour - $hour % DAY;
			$day{$day} += $units->{$hour};
			$now{$day} += $units->{$hour} if $hour == $m->{now} - $m->{now} % HOUR;
		}
		push @lines, line('used', $tenant->{name}, $channel, shown($_), $day{$_}, $now{$_} // 0) foreach grep { $day{$_} || $now{$_} } keys %day;
	}
	return @lines;
}

sub row_line
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	my @lease = $row->{lease} eq 'none' ? () : ($row->{token}{name}, $row->{worker}, shown($row->{claimed}));
	return line('queued', $e->{name}, $e->{campaign}{name}, $m->channel($e)->{channel},
		@$row{qw(touch attempt base resume)}, $row->{begun} + 2 * $row->{stopped}, $row->{rescheduled}, shown(@$row{qw(scheduled due)}), $row->{lease}, @lease);
}

sub line
{
	return join ' | ', map { $_ // '-' } @_;
}

sub shown
{
	return map { time_text($_) } @_;
}

1;
