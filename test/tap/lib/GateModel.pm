package GateModel;

# May a touch be sent?  The part of EngineModel that answers what claims and
# begin_send ask, in the order of the specification.
#
# A verdict is a hash: what is deliver, hold (not now, and nothing is written),
# defer (due again at until), skip (this touch never), stop (the sequence ends),
# fail (no attempt is left), proved (it was sent, by what an event has told) or
# aside (uncertain, for a person); and the reason.

use strict;
use warnings;

use List::Util qw(max);

use ModelTimes qw(FOREVER HOUR DAY latest);

# Enrolments that a claim looks at, if they are among those of the filter.
sub due_enrollments
{
	my ($m, %filter) = @_;
	return grep {
		     $_->{row}
		  && $m->due($_) <= $m->{now}
		  && $_->{row}{lease} ne 'live'
		  && $_->{campaign}{status} eq 'running'
		  && (!$filter{tenants} || $filter{tenants}{ $_->{campaign}{tenant}{name} })
		  && (!$filter{channels} || $filter{channels}{ $m->channel($_)->{channel} })
	} @{ $m->{enrollments} };
}

# What a claim does with a due touch.
sub judge_touch
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	my $channel = $m->channel($e);
	# what may be handed over again is, unless the provider's id is known
	my @proofs = $m->proofs($e);
	return { what => 'proved' } if @proofs && ($channel->{uncertain_policy} ne 'retry' || grep { defined $_->{provider} } @proofs);
	return { what => 'aside' } if $row->{begun} && $channel->{uncertain_policy} ne 'retry';
	my $verdict =
	     $m->objection($e, $channel)
	  // $m->condition_objects($e)
	  // $m->resume_objects($e)
	  // $m->quiet_hours_object($e, $channel)
	  // $m->interval_objects($e, $channel)
	  // $m->limit_objects($e, $channel)
	  // $m->lateness_objects($e);
	return $verdict if $verdict;
	return { what => 'fail', reason => 'attempts_exhausted' }
	  if $row->{attempt} - $row->{base} >= $e->{campaign}{max_attempts};
	return { what => 'deliver' };
}

# What is asked again when the send begins.
sub objection
{
	my ($m, $e, $channel) = @_;
	my $contact = $e->{contact};
	my $consent = $contact->{consent}{ $channel->{channel} } // 'unknown';
	my $address = $m->address($contact, $channel);
	my $event_stop = $m->unmatched_stop_reason($e);
	return { what => 'hold', reason => 'campaign_not_running' } if $e->{campaign}{status} ne 'running';
	return { what => 'stop', reason => $event_stop } if $event_stop;
	return { what => 'stop', reason => 'contact_archived' } if $contact->{archived};
	return { what => 'skip', reason => 'no_address' } if !defined $address;
	return { what => 'skip', reason => 'suppressed' } if $contact->{tenant}{suppressed}{$address};
	return { what => 'skip', reason => 'opted_out' } if $consent eq 'opted_out';
	return { what => 'skip', reason => 'no_consent' }
	  if $channel->{consent} eq 'opted_in' && $consent ne 'opted_in';
	return { what => 'stop', reason => 'job_cancelled' } if $e->{job} && $e->{job}{status} eq 'do_not_send';
	return;
}

sub condition_objects
{
	my ($m, $e) = @_;
	my $condition = $m->planned_touch($e)->{condition};
	return if $condition eq 'always';
	my @events = grep { ($_->{enrollment} // 0) == $e } @{ $m->{events} };
	my $replied = grep { $_->{kind} eq 'replied' } @events;
	my $holds =
	  $condition eq 'no_response'
	  ? !$replied && !grep { $_->{kind} =~ /^(reviewed|feedback)$/ || ($_->{link} // '') eq 'review' && !$_->{machine} } @events
	  : !$replied && grep { $_->{kind} eq 'opened' && !$_->{machine} } @events;
	return $holds ? undef : { what => 'skip', reason => 'condition_false' };
}

# What was due before the campaign was resumed goes out by its policy.
sub resume_objects
{
	my ($m, $e) = @_;
	my $campaign = $e->{campaign};
	return if $m->due($e) > $campaign->{resumed_at};
	my ($reason, $until) = ('', 0);
	if ($campaign->{resumes_by} eq 'keep')
	{
		# each has its place in the spread, by its id
		my $place = hex substr($e->{id}, -8);
		($reason, $until) = ('resume_spread', $campaign->{resumed_at} + int($campaign->{spread} * $place / 4_294_967_296));
	}
	elsif ($campaign->{resumes_by} eq 'bump')
	{
		($reason, $until) = ('resume_bump', $campaign->{resumed_at} + $m->planned_touch($e)->{delay});
	}
	return $until > $m->{now} ? { what => 'defer', reason => $reason, until => $until } : undef;
}

# ---- quiet hours, in zones whose clocks are never changed

my %zones = (
	'UTC' => 0,
	'Etc/GMT+5' => -5 * HOUR,
	'Asia/Tokyo' => 9 * HOUR,
	'Asia/Kathmandu' => 5.75 * HOUR);

sub known_zones { return sort keys %zones; }

sub quiet_hours_object
{
	my ($m, $e, $channel) = @_;
	my $contact = $e->{contact};
	my $tenant = $contact->{tenant};
	my ($window) = grep { $_ } $contact->{quiet}, $tenant->{quiet}, [ 21 * HOUR, 8 * HOUR ];
	my ($offset) = grep { defined } map { $zones{ $_ // '' } } $contact->{timezone}, $tenant->{timezone}, 'UTC';
	my $at = $m->{now};
	my $reason;
	for (;;)
	{
		my $local = $at + $offset;
		my ($day, $clock) = (int($local / DAY), $local % DAY);
		if ($tenant->{blackouts}{$day})
		{
			$reason //= 'blackout_date';
			$at = ($day + 1) * DAY - $offset;
		}
		elsif (in_window($clock, @$window))
		{
			$reason //= 'quiet_hours';
			$at += ($window->[1] - $clock) % DAY;
		}
		else
		{
			last;
		}
	}
	return $at > $m->{now} ? { what => 'defer', reason => $reason, until => $at } : undef;
}

sub in_window
{
	my ($clock, $from, $until) = @_;
	return $from < $until ? $clock >= $from && $clock < $until : $from > $until && ($clock >= $from || $clock < $until);
}

# ---- a contact's peace, and lateness

sub interval_objects
{
	my ($m, $e, $channel) = @_;
	my $contact = $e->{contact};
	my $interval = $contact->{tenant}{intervals}{ $channel->{channel} } // HOUR;
	my $same = sub { $_[0]{channel} eq $channel->{channel} };
	my @times = map { $_->{sent} // () } grep { $same->($_) } map { @{ $_->{log} } }
	  grep { $_->{contact} == $contact } @{ $m->{enrollments} };
	push @times, map { $_->{sent} } grep { $_->{contact} == $contact && $same->($_) } @{ $m->{manual_sends} };
	# and what workers have of its other sequences
	push @times, map { $_->{row}{claimed} }
	  grep { $_ != $e && $same->($m->planned_touch($_)) && ($_->{row}{lease} eq 'live' || $_->{row}{begun}) }
	  $m->live_enrollments($contact)
	  unless $e->{exclusive};
	my $until = @times ? max(@times) + $interval : 0;
	return $interval && $until > $m->{now} ? { what => 'defer', reason => 'contact_interval', until => $until } : undef;
}

sub lateness_objects
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	my $touch = $m->planned_touch($e);
	my $campaign = $e->{campaign};
	return if !defined $touch->{max_lateness} || $touch->{late} eq 'send' || $row->{rescheduled};

	my $planned = $row->{scheduled} + $campaign->{shift} - $e->{base_shift};
	$planned = $campaign->{resumed_at} + $touch->{delay}
	  if $campaign->{resumes_by} eq 'bump' && $planned <= $campaign->{resumed_at};
	my $late = $m->{now} - $planned;
	return if $late <= $touch->{max_lateness};
	return { what => 'skip', reason => 'too_late' } if $touch->{late} eq 'skip';
	return {
		what => 'defer',
		reason => 'too_late',
		until => $planned + (int($late / DAY) + 1) * DAY,
		reschedules => 1
	};
}

1;
