package EngineModel;

# The engine as the specification has it, small enough to be read: tenants,
# contacts, jobs and campaigns, enrolments with their one queued touch, and the
# log.  It knows no SQL, no ids and no time but the one that it was given.
# What the engine is free to choose (which of several due touches a claim
# takes, by how much a retry is put off) it is told, and the moves judge it.
#
# Here are enrolments and what outcomes, stops and migrations do to them; the
# gate, caps, what is in the way of an enrolment, and events are in models of
# their own, which this one is made of.
#
# Times are microseconds since 1970.  A lease is none, live or ended: leases run
# on the wall clock, which is not the model's.
#
# An enrolment's queue row is $e->{row}, or undef:
#   touch scheduled due attempt base resume rescheduled   as in touch_queue, due
#     without the shift of the campaign's lanes
#   lease token claimed worker                            of the last claim
#   begun stopped                                         the flags

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min);

use ModelTimes qw(FOREVER MINUTE earliest latest);
use parent qw(-norequire GateModel CapModel ConflictModel EventModel);
use CapModel;
use ConflictModel;
use EventModel;
use GateModel;

our @EXPORT_OK = qw(new_name);

# Names are given once in a sequence, K1, K2, E1 ..., whichever copy of the model
# the named thing is in.
my %last;

# And log rows have the order in which they were written.
my $serial = 0;

sub next_serial { return ++$serial; }

sub new_name
{
	my ($kind) = @_;
	return $kind . ++$last{$kind};
}

sub new
{
	my ($class, %given) = @_;
	%last = ();
	my %lists = map { $_ => [] }
	  qw(tenants contacts campaigns jobs enrollments job_outcomes conflicts events manual_sends tokens);
	return bless { %lists, %given }, $class;
}

# ---- who and what

sub live_enrollments
{
	my ($m, $contact) = @_;
	return grep { $_->{status} eq 'active' && (!$contact || $_->{contact} == $contact) }
	  @{ $m->{enrollments} };
}

sub plan
{
	my ($m, $e) = @_;
	return $e->{campaign}{plans}{ $e->{version} };
}

# The queued touch, as its plan has it.
sub planned_touch
{
	my ($m, $e) = @_;
	return $m->plan($e)->[ $e->{row}{touch} - 1 ];
}

# Its channel, as a row of campaign.channels.
sub channel
{
	my ($m, $e) = @_;
	return $m->{channels}{ $m->planned_touch($e)->{channel} };
}

sub address
{
	my ($m, $contact, $channel) = @_;
	return $contact->{ $channel->{address_kind} };
}

# The lane: what one claim orders by due time.
sub lane
{
	my ($m, $e) = @_;
	return "$e->{campaign}{name} " . $m->channel($e)->{channel};
}

# What counts it against caps.
sub meter
{
	my ($m, $e) = @_;
	return "$e->{campaign}{tenant}{name} " . $m->channel($e)->{channel};
}

# When the queued touch is due, with what its lane was shifted.
sub due
{
	my ($m, $e) = @_;
	my $due = $e->{row}{due};
	return $due == FOREVER ? $due : $due + $e->{campaign}{shift};
}

# The enrolment whose lease a token is, current or ended; undef if it is stale.
sub holder
{
	my ($m, $token) = @_;
	my $e = $token->{enrollment} // return;
	my $row = $e->{row} // return;
	return $row->{token} && $row->{token} == $token ? $e : undef;
}

# ---- the beginning

sub insert_enrollment
{
	my ($m, $id, $campaign, $contact, $job, $anchor) = @_;
	$anchor //= ($job ? $job->{completed} : undef) // $m->{now};
	my $e = {
		id => $id,
		name => new_name('E'),
		campaign => $campaign,
		contact => $contact,
		job => $job,
		version => $campaign->{version},
		status => 'active',
		anchor => $anchor,
		enrolled => $m->{now},
		exclusive => $contact->{tenant}{parallel} ? 0 : 1,
		base_shift => $campaign->{shift},
		log => []
	};
	$e->{first} = $anchor + $m->first_delay($e, $m->plan($e)->[0]);
	$e->{row} = new_row(1, $e->{first});
	$e->{row}{due} -= $campaign->{shift};
	push @{ $m->{enrollments} }, $e;
	return $e;
}

# The delay of a first touch: that of the job's service, if the step says so.
sub first_delay
{
	my ($m, $e, $touch) = @_;
	my $service = $e->{job} ? $e->{job}{service} : $e->{campaign}{service};
	return $touch->{delay} unless $touch->{use_service_delay} && defined $service;
	return $e->{contact}{tenant}{service_delays}{$service} // $touch->{delay};
}

sub new_row
{
	my ($touch, $scheduled) = @_;
	return {
		touch => $touch,
		scheduled => $scheduled,
		due => $scheduled,
		attempt => 0,
		base => 0,
		resume => 0,
		rescheduled => 0,
		lease => 'none',
		begun => 0,
		stopped => 0
	};
}

# ---- leases

sub lease
{
	my ($m, $e, $token, $worker, $begun) = @_;
	my $row = $e->{row};
	$row->{attempt}++;
	@$row{qw(lease token worker claimed begun)} = ('live', $token, $worker, $m->{now}, $begun);
	$m->take_unit($e);
	return;
}

sub end_lease
{
	my ($row) = @_;
	@$row{qw(lease begun stopped)} = ('none', 0, 0);
	delete @$row{qw(token worker claimed has_unit)};
	return;
}

# A lease that ended before its send was begun has nothing of the caps any more;
# a late report is still taken.
sub forget_claim
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	return if $row->{lease} ne 'ended' || $row->{begun};
	$m->return_unit($e, $row);
	$row->{claimed} = -FOREVER();
	return;
}

# The touch goes back to the queue, the attempt not counted.
sub give_back
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	$m->return_unit($e, $row);
	if ($row->{stopped})
	{
		delete $e->{row};
		return;
	}
	end_lease($row);
	$row->{attempt}--;
	$row->{due} = $row->{scheduled} - $e->{base_shift} if $row->{due} == FOREVER;
	return;
}

# Nobody knows whether it was sent, and nobody but a person, an event or a late
# report will say.
sub is_uncertain
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	return
	     $row
	  && $row->{begun}
	  && $row->{lease} eq 'ended'
	  && ($row->{stopped} || $m->channel($e)->{uncertain_policy} ne 'retry');
}

# ---- outcomes

# What a claim settles by itself: skip, stop, fail, defer, set aside, or take for
# sent.
sub settle_by_claim
{
	my ($m, $e, $worker, $verdict) = @_;
	my $row = $e->{row};
	my ($what, $reason) = @$verdict{qw(what reason)};
	if ($what eq 'aside')
	{
		$row->{due} = FOREVER;
		return;
	}
	if ($what eq 'proved')
	{
		my ($provider) = sort { $b cmp $a } map { $_->{provider} // () } $m->proofs($e);
		return $m->settle($e, { status => 'sent', provider => $provider, at => $row->{claimed} });
	}
	$m->forget_claim($e);
	return if $what eq 'hold';
	if ($what eq 'defer')
	{
		$row->{due} = $verdict->{until} - $e->{campaign}{shift};
		$row->{rescheduled} = 1 if $verdict->{reschedules};
		return;
	}
	return $m->end($e, $reason) if $what eq 'stop';

	@$row{qw(worker claimed)} = ($worker, $m->{now});
	if ($what eq 'fail')
	{
		$row->{attempt}++ if last_attempt($e, $row->{touch}) >= $row->{attempt};
		return $m->settle($e, { status => 'failed', permanent => 1, reason => $reason, error => 'no attempt is left', by_claim => 1 });
	}
	$row->{attempt}++;
	return $m->settle($e, { status => 'skipped', reason => $reason, by_claim => 1 });
}

# Logs an attempt; tries again, moves on or ends.  Returns the result, the
# enrolment's status and when the next touch is due.
sub settle
{
	my ($m, $e, $outcome) = @_;
	my $row = $e->{row};
	my $touch = $m->planned_touch($e);
	my $channel = $m->channel($e);
	my $stopped = $row->{stopped} || $e->{status} ne 'active';
	my $again =
	     !$stopped
	  && $outcome->{status} eq 'failed'
	  && !$outcome->{permanent}
	  && $row->{attempt} - $row->{base} < $e->{campaign}{max_attempts};
	# a worker's clock may be ahead, never its report
	my $at = earliest($outcome->{at}, $m->{now});

	push @{ $e->{log} },
	  {
		%$outcome{qw(status reason error provider)},
		touch => $row->{touch},
		attempt => $row->{attempt},
		is_final => !$again || 0,
		advanced => !$stopped && !$again || 0,
		channel => $channel->{channel},
		address => $m->address($e->{contact}, $channel),
		scheduled => $row->{scheduled},
		claimed => $row->{claimed} == -FOREVER() ? undef : $row->{claimed},
		worker => $row->{worker},
		token => $row->{token},
		version => $e->{version},
		sent => $outcome->{status} eq 'sent' ? $at : undef,
		logged => $m->{now},
		serial => ++$serial
	  };
	$m->settle_unit($e, $outcome, $at) unless $outcome->{by_claim};
	if ($stopped)
	{
		delete $e->{row};
		return ('logged', $e->{status}, undef);
	}
	if ($again)
	{
		end_lease($row);
		$row->{due} = $outcome->{retry_at} - $e->{campaign}{shift};
	}
	elsif ($outcome->{status} eq 'failed' && $touch->{on_failure} eq 'stop')
	{
		$m->end($e, 'touch_failed');
	}
	else
	{
		$m->advance($e, $outcome->{status} eq 'sent' ? $at : undef);
	}
	return ('ok', $e->{status}, $e->{row} ? $m->due($e) : undef);
}

# The range in which a failed touch may be due again.
sub retry_range
{
	my ($m, $row) = @_;
	my $tries = $row->{attempt} - $row->{base};
	my $wait = ($tries <= 1 ? 1 : $tries == 2 ? 5 : 15) * MINUTE;
	return ($m->{now} + $wait, $m->{now} + $wait * 6 / 5);
}

sub advance
{
	my ($m, $e, $sent) = @_;
	my $row = $e->{row};
	my $plan = $m->plan($e);
	my $next = $row->{resume} || $row->{touch} + 1;
	return $m->end($e) if $next > @$plan;

	# behind a touch that was retried it goes on where it was
	my ($attempt, $before, @sent) = (0, $row->{scheduled}, $sent // ());
	if ($row->{resume})
	{
		$attempt = last_attempt($e, $next);
		my ($last) = sort { $b->{attempt} <=> $a->{attempt} } grep { $_->{touch} == $next - 1 } @{ $e->{log} };
		$before = $last->{scheduled};
		push @sent, map { $_->{sent} // () } @{ $e->{log} };
	}
	$e->{row} = new_row($next, $before + $plan->[ $next - 1 ]{delay});
	@{ $e->{row} }{qw(attempt base)} = ($attempt, $attempt);
	$e->{row}{due} = max($e->{row}{scheduled} - $e->{base_shift},
		map { $_ + $e->{contact}{tenant}{min_gap} - $e->{campaign}{shift} } @sent);
	return;
}

# The end of an enrolment: stopped with a reason, completed without.
sub end
{
	my ($m, $e, $reason) = @_;
	$e->{status} = defined $reason ? 'stopped' : 'completed';
	$e->{reason} = $reason;
	$e->{ended} = $m->{now};
	delete $e->{row};
	return;
}

sub last_attempt
{
	my ($e, $touch) = @_;
	return max(0, map { $_->{attempt} } grep { $_->{touch} == $touch } @{ $e->{log} });
}

# ---- stops and retries

# Returns how many were live.  What a worker holds waits for its report.
sub stop
{
	my ($m, $reason, @enrollments) = @_;
	my @live = grep { $_->{status} eq 'active' } @enrollments;
	foreach my $e (@live)
	{
		my $row = $e->{row};
		$m->end($e, $reason);
		if ($row->{lease} ne 'live' && !$row->{begun})
		{
			$m->return_unit($e, $row);
			next;
		}
		@$row{qw(stopped due)} = (1, FOREVER);
		$e->{row} = $row;
	}
	return scalar @live;
}

# The log row of a touch that counts as failed.
sub dead_touch
{
	my ($m, $e, $touch) = @_;
	my ($last) = sort { $b->{attempt} <=> $a->{attempt} } grep { $_->{touch} == $touch } @{ $e->{log} };
	return unless $last && $last->{status} eq 'failed' && $last->{is_final};
	return if $e->{row} && $e->{row}{touch} == $touch;
	return $last;
}

# Whether retry_touch() may; if so, it is done.
sub retry
{
	my ($m, $e, $touch) = @_;
	my $row = $e->{row};
	my $dead = $m->dead_touch($e, $touch) // return 0;
	return 0 if $e->{status} eq 'stopped' || $e->{campaign}{status} !~ /^(running|paused)$/;
	return 0 if $row && ($row->{lease} eq 'live' || $row->{begun} || $row->{resume});
	return 0 unless $m->plan($e)->[ $touch - 1 ];
	return 0
	  if $e->{status} eq 'completed'
	  && grep { $_->{exclusive} || $e->{exclusive} || $_->{campaign} == $e->{campaign} } $m->live_enrollments($e->{contact});

	# behind all that it has had, be it by a longer plan
	$m->return_unit($e, $row) if $row;
	my $resume = $row ? $row->{touch} : 1 + max(scalar @{ $m->plan($e) }, map { $_->{touch} } @{ $e->{log} });
	$e->{row} = new_row($touch, $dead->{scheduled});
	@{ $e->{row} }{qw(due attempt base resume rescheduled)} =
	  ($m->{now} - $e->{campaign}{shift}, ($dead->{attempt}) x 2, $resume, 1);
	@$e{qw(status ended)} = ('active', undef);
	return 1;
}

# ---- campaigns

sub pause
{
	my ($m, $campaign) = @_;
	@$campaign{qw(status paused_at spread resumes_by)} =
	  ('paused', $m->{now}, 60 * MINUTE, $campaign->{resume_policy});
	return;
}

sub resume
{
	my ($m, $campaign, $policy, $spread) = @_;
	@$campaign{qw(status resumed_at)} = ('running', $m->{now});
	$campaign->{resumes_by} = $policy // $campaign->{resume_policy};
	$campaign->{spread} = $spread // 60 * MINUTE;
	$campaign->{shift} += $m->{now} - $campaign->{paused_at} if $campaign->{resumes_by} eq 'shift';
	return;
}

# What becomes of one live enrolment that is to follow another plan version:
# moved, completed, busy or already.
sub migrate
{
	my ($m, $e, $version) = @_;
	my $row = $e->{row};
	return 'already' if $e->{version} == $version;
	return 'busy' if $row->{begun} || $row->{lease} eq 'live';
	my $old = $m->planned_touch($e);
	my $new = $e->{campaign}{plans}{$version}[ $row->{touch} - 1 ];
	$m->return_unit($e, $row);
	if (!$new)
	{
		$m->end($e);
		return 'completed';
	}

	my $former = $row->{scheduled};
	my $first = $row->{touch} == 1;
	my $same = $old->{delay} == $new->{delay}
	  && (!$first || $old->{use_service_delay} == $new->{use_service_delay});
	my $scheduled =
	    $row->{resume} || $same ? $former
	  : $first ? $e->{anchor} + $m->first_delay($e, $new)
	  : $former - $old->{delay} + $new->{delay};
	move_due($m, $e, $scheduled) if $scheduled != $former;
	$row->{base} = $row->{attempt} if $old->{channel} ne $new->{channel};
	end_lease($row);
	$e->{version} = $version;
	$e->{first} = $scheduled if $first && !$row->{resume};
	return 'moved';
}

# The due time follows the plan's, but gives up neither a retry's or a deferral's
# wait nor the gap after the last send; what comes sooner is due at once, not
# late.
sub move_due
{
	my ($m, $e, $scheduled) = @_;
	my $row = $e->{row};
	my $shift = $e->{campaign}{shift};
	my $sooner = $scheduled < $row->{scheduled};
	my $planned = $scheduled - $e->{base_shift};
	my @sent = $sooner ? map { $_->{sent} // () } @{ $e->{log} } : ();
	my $due = max(
		$planned,
		$row->{due} > $row->{scheduled} - $e->{base_shift} ? $row->{due} : (),
		map { $_ + $e->{contact}{tenant}{min_gap} - $shift } @sent);
	$due = min($row->{due}, max($due, $m->{now} - $shift)) if $due < $row->{due};
	@$row{qw(scheduled due)} = ($scheduled, $due);
	$row->{rescheduled} = $sooner && $planned < $m->{now} - $shift ? 1 : 0;
	return;
}

1;
