package EngineModel;

# The engine as the specification has it, small enough to be read: tenants,
# contacts, jobs and campaigns, enrolments with their one queued touch, and the
# log.  It knows no SQL, no ids and no time but the one that it was given.
# What the engine is free to choose (which of several due touches a claim
# takes, by how much a retry is put off) it is told, and the moves judge it.
#
# Times are microseconds since 1970.  A lease is none, live or ended: leases run
# on the wall clock, which is not the model's.
#
# An enrolment's queue row is $e->{row}, or undef:
#   touch scheduled due attempt base resume   as in campaign.touch_queue
#   lease token claimed worker                of the last claim
#   begun stopped                             the flags

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max);

our @EXPORT_OK = qw(new_name FOREVER SECOND MINUTE HOUR DAY);

use constant {
	FOREVER => 9_000_000_000_000_000_000,
	SECOND => 1_000_000,
	MINUTE => 60_000_000,
	HOUR => 3_600_000_000,
	DAY => 86_400_000_000
};

# Names are given once in a sequence, K1, K2, E1 ..., whichever copy of the model
# the named thing is in.
my %last;

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
	  qw(tenants contacts campaigns jobs enrollments job_outcomes conflicts manual_sends tokens);
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

# The channel of the queued touch, as a row of campaign.channels.
sub channel
{
	my ($m, $e) = @_;
	return $m->{channels}{ $m->plan($e)->[ $e->{row}{touch} - 1 ]{channel} };
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

# The enrolment whose lease a token is, current or ended; undef if it is stale.
sub holder
{
	my ($m, $token) = @_;
	my $e = $token->{enrollment} // return;
	my $row = $e->{row} // return;
	return $row->{lease} ne 'none' && $row->{token} == $token ? $e : undef;
}

# ---- enrolling

# Outcome and reason, and the live enrolment that is in the way.
sub judge_enrollment
{
	my ($m, $campaign, $contact, $job) = @_;
	return ('not_matched', "campaign_$campaign->{status}") if $campaign->{status} ne 'running';
	return ('suppressed', 'contact_archived') if $contact->{archived};
	return ('not_matched', "job_$job->{status}") if $job && $job->{status} ne 'completed';
	if (my ($live) = $m->live_enrollments($contact))
	{
		return ('already_live', 'live_in_this_campaign', $live) if $live->{campaign} == $campaign;
		return ('conflict', 'live_in_another_campaign', $live);
	}
	return ('enrolled', undef);
}

sub enroll
{
	my ($m, $id, $campaign, $contact, $job, $anchor) = @_;
	my $first = $campaign->{plans}{ $campaign->{version} }[0];
	my $service = $job ? $job->{service} : $campaign->{service};
	my $delay = $first->{delay};
	$delay = $contact->{tenant}{service_delays}{$service} // $delay
	  if $first->{use_service_delay} && defined $service;
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
		first => $anchor + $delay,
		enrolled => $m->{now},
		log => [],
		row => new_row(1, $anchor + $delay)
	};
	push @{ $m->{enrollments} }, $e;
	return $e;
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
		lease => 'none',
		begun => 0,
		stopped => 0
	};
}

# The campaign that a completed job goes to.
sub match_job
{
	my ($m, $job) = @_;
	return $job->{override} if $job->{override};
	my @matching = grep {
		     $_->{tenant} == $job->{contact}{tenant}
		  && $_->{audience} eq 'jobs'
		  && $_->{status} =~ /^(running|paused)$/
	} @{ $m->{campaigns} };
	my ($own) = grep { defined $_->{service} && $_->{service} eq ($job->{service} // '') } @matching;
	my ($general) = grep { !defined $_->{service} } @matching;
	return $own // $general;
}

# ---- the gate

# What a claim does with a due touch: deliver, skip, stop, fail or set aside,
# with the reason.
sub judge_touch
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	my $channel = $m->channel($e);
	return ('aside') if $row->{begun} && $channel->{uncertain_policy} ne 'retry';
	my @objection = $m->objection($e, $channel);
	return @objection if @objection;
	return ('fail', 'attempts_exhausted')
	  if $row->{attempt} - $row->{base} >= $e->{campaign}{max_attempts};
	return ('deliver');
}

sub objection
{
	my ($m, $e, $channel) = @_;
	my $contact = $e->{contact};
	my $consent = $contact->{consent}{ $channel->{channel} } // 'unknown';
	my $address = $m->address($contact, $channel);
	return ('hold', 'campaign_not_running') if $e->{campaign}{status} ne 'running';
	return ('stop', 'contact_archived') if $contact->{archived};
	return ('skip', 'no_address') if !defined $address;
	return ('skip', 'suppressed') if $contact->{tenant}{suppressed}{$address};
	return ('skip', 'opted_out') if $consent eq 'opted_out';
	return ('skip', 'no_consent') if $channel->{consent} eq 'opted_in' && $consent ne 'opted_in';
	return ('stop', 'job_cancelled') if $e->{job} && $e->{job}{status} eq 'do_not_send';
	return;
}

# Enrolments that a claim looks at.
sub due_enrollments
{
	my ($m, %filter) = @_;
	return grep {
		my $row = $_->{row};
		     $row
		  && !$row->{stopped}
		  && $row->{due} <= $m->{now}
		  && $row->{lease} ne 'live'
		  && $_->{campaign}{status} eq 'running'
		  && (!$filter{tenants} || $filter{tenants}{ $_->{campaign}{tenant}{name} })
		  && (!$filter{channels} || $filter{channels}{ $m->channel($_)->{channel} })
	} @{ $m->{enrollments} };
}

sub lease
{
	my ($m, $e, $token, $worker, $begun) = @_;
	my $row = $e->{row};
	$row->{attempt}++;
	@$row{qw(lease token worker claimed begun)} = ('live', $token, $worker, $m->{now}, $begun);
	return;
}

# What a claim settles by itself: skip, stop, fail or set aside.
sub settle_by_claim
{
	my ($m, $e, $worker, $what, $reason) = @_;
	my $row = $e->{row};
	if ($what eq 'aside')
	{
		$row->{due} = FOREVER;
		return;
	}
	return $m->end($e, $reason) if $what eq 'stop';

	@$row{qw(worker claimed)} = ($worker, $m->{now});
	if ($what eq 'fail')
	{
		$row->{attempt}++ if last_attempt($e, $row->{touch}) >= $row->{attempt};
		return $m->settle($e, { status => 'failed', permanent => 1, reason => $reason, error => 'no attempt is left' });
	}
	$row->{attempt}++;
	return $m->settle($e, { status => 'skipped', reason => $reason });
}

# ---- outcomes

# Logs an attempt; tries again, moves on or ends.  Returns the result, the
# enrolment's status and when the next touch is due.
sub settle
{
	my ($m, $e, $outcome) = @_;
	my $row = $e->{row};
	my $touch = $m->plan($e)->[ $row->{touch} - 1 ];
	my $channel = $m->channel($e);
	my $tries = $row->{attempt} - $row->{base};
	my $stopped = $row->{stopped} || $e->{status} ne 'active';
	my $again =
	     !$stopped
	  && $outcome->{status} eq 'failed'
	  && !$outcome->{permanent}
	  && $tries < $e->{campaign}{max_attempts};
	my $at = max_time($outcome->{at}, $m->{now});

	push @{ $e->{log} },
	  {
		%$outcome{qw(status reason error)},
		touch => $row->{touch},
		attempt => $row->{attempt},
		is_final => !$again || 0,
		advanced => !$stopped && !$again || 0,
		channel => $channel->{channel},
		address => $m->address($e->{contact}, $channel),
		scheduled => $row->{scheduled},
		claimed => $row->{claimed},
		worker => $row->{worker},
		token => $row->{token},
		version => $e->{version},
		sent => $outcome->{status} eq 'sent' ? $at : undef,
		logged => $m->{now}
	  };
	if ($stopped)
	{
		delete $e->{row};
		return ('logged', $e->{status}, undef);
	}
	if ($again)
	{
		end_lease($row);
		$row->{due} = $outcome->{retry_at};
	}
	elsif ($outcome->{status} eq 'failed' && $touch->{on_failure} eq 'stop')
	{
		$m->end($e, 'touch_failed');
	}
	else
	{
		$m->advance($e, $outcome->{status} eq 'sent' ? $at : undef);
	}
	return ('ok', $e->{status}, $e->{row} ? $e->{row}{due} : undef);
}

# A worker's clock may be ahead, never its report.
sub max_time
{
	my ($at, $now) = @_;
	return defined $at && $at < $now ? $at : $now;
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

	my $scheduled = $e->{first};
	$scheduled += $plan->[ $_ - 1 ]{delay} foreach 2 .. $next;
	my $attempt = $row->{resume} ? last_attempt($e, $next) : 0;
	$e->{row} = new_row($next, $scheduled);
	@{ $e->{row} }{qw(attempt base)} = ($attempt, $attempt);
	$e->{row}{due} = max($scheduled, $sent + $e->{contact}{tenant}{min_gap}) if defined $sent;
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

sub end_lease
{
	my ($row) = @_;
	@$row{qw(lease begun stopped)} = ('none', 0, 0);
	delete @$row{qw(token worker claimed)};
	return;
}

# The touch goes back to the queue, the attempt not counted.
sub give_back
{
	my ($m, $e) = @_;
	my $row = $e->{row};
	if ($row->{stopped})
	{
		delete $e->{row};
		return;
	}
	end_lease($row);
	$row->{attempt}--;
	$row->{due} = $row->{scheduled} if $row->{due} == FOREVER;
	return;
}

sub last_attempt
{
	my ($e, $touch) = @_;
	return max(0, map { $_->{attempt} } grep { $_->{touch} == $touch } @{ $e->{log} });
}

# ---- stops

# Returns how many were live.  What a worker holds waits for its report.
sub stop
{
	my ($m, $reason, @enrollments) = @_;
	my @live = grep { $_->{status} eq 'active' } @enrollments;
	foreach my $e (@live)
	{
		my $row = $e->{row};
		$m->end($e, $reason);
		next unless $row->{lease} eq 'live' || $row->{begun};
		@$row{qw(stopped due)} = (1, FOREVER);
		$e->{row} = $row;
	}
	return scalar @live;
}

# Nobody knows whether it was sent, and nobody but a person or a late report
# will say.
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
	return 0 if $e->{status} eq 'completed' && $m->live_enrollments($e->{contact});

	my $resume = $row ? $row->{touch} : 1 + @{ $m->plan($e) };
	$e->{row} = new_row($touch, $dead->{scheduled});
	@{ $e->{row} }{qw(due attempt base resume)} = ($m->{now}, ($dead->{attempt}) x 2, $resume);
	@$e{qw(status ended)} = ('active', undef);
	return 1;
}

1;
