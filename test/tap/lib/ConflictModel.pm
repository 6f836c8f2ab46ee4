package ConflictModel;

# Who may be enrolled, what is in the way, and what becomes of it: the part of
# EngineModel that knows matching, the review's cooldown and conflicts.
#
# $ids are the conflicts as the engine has them afterwards, by id: the model
# takes the ids of new enrolments from there, and nothing else.

use strict;
use warnings;

use List::Util qw(max);

use ModelTimes qw(DAY latest);

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

# What forbids it, other sequences apart: outcome and reason, or nothing.
sub refusal
{
	my ($m, $campaign, $contact, $job) = @_;
	return ('not_matched', "campaign_$campaign->{status}") if $campaign->{status} ne 'running';
	return ('suppressed', 'contact_archived') if $contact->{archived};
	return ('not_matched', "job_$job->{status}") if $job && $job->{status} ne 'completed';
	return ('suppressed', 'review_cooldown') if $m->has_reviewed($contact);
	return;
}

sub has_reviewed
{
	my ($m, $contact) = @_;
	my $since = $m->{now} - $contact->{tenant}{cooldown};
	return 1 if grep {
		     ($_->{contact} // 0) == $contact
		  && $_->{at} > $since
		  && !$_->{machine}
		  && ($_->{kind} =~ /^(reviewed|feedback)$/ || ($_->{link} // '') eq 'review')
	} @{ $m->{events} };
	return
	  scalar grep { $_->{contact} == $contact && ($_->{reason} // '') =~ /^(review_clicked|feedback_submitted)$/ && $_->{ended} > $since }
	  @{ $m->{enrollments} };
}

# Live enrolments beside which there can be none in the campaign, those of the
# campaign first.
sub in_the_way
{
	my ($m, $campaign, $contact) = @_;
	return sort { ($a->{campaign} != $campaign) <=> ($b->{campaign} != $campaign) || $a->{id} cmp $b->{id} }
	  grep { $_->{exclusive} || !$contact->{tenant}{parallel} || $_->{campaign} == $campaign }
	  $m->live_enrollments($contact);
}

# Whether one of them is what is asked for.
sub is_same
{
	my ($campaign, $job, @way) = @_;
	return grep { $_->{campaign} == $campaign && (!$job || ($_->{job} // 0) == $job) } @way;
}

# Outcome, reason, and the enrolment, new (with the id given) or in the way.
sub enroll
{
	my ($m, $id, $campaign, $contact, $job, $anchor) = @_;
	my ($outcome, $reason) = $m->refusal($campaign, $contact, $job);
	return ($outcome, $reason) if $outcome;
	my @way = $m->in_the_way($campaign, $contact);
	return ('already_live', 'live_in_this_campaign', $way[0]) if is_same($campaign, $job, @way);
	my $policy = $contact->{tenant}{conflict_policy};
	my %conflict = (contact => $contact, campaign => $campaign, job => $job, live => $way[0], anchor => $anchor, policy => $policy);
	if (@way && $policy ne 'replace')
	{
		$m->add_conflict(%conflict);
		my $own = grep { $_->{campaign} == $campaign } @way;
		return ('conflict', $own ? 'live_in_this_campaign' : 'live_in_another_campaign', $way[0]);
	}
	$m->stop('repeat_job', @way);
	my $e = $m->insert_enrollment($id, $campaign, $contact, $job, $anchor);
	# the same wish, if it was open, has come true
	$m->end_conflict($_, 'enrolled', undef, $e) foreach $m->open_conflicts(%conflict{qw(contact campaign job)});
	$m->add_conflict(%conflict, enrollment => $e) if @way;
	return ('enrolled', @way ? 'replaced' : undef, $e);
}

# ---- conflicts

sub open_conflicts
{
	my ($m, %of) = @_;
	return grep {
		my $x = $_;
		!$x->{resolution} && !grep { ($x->{$_} // 0) != ($of{$_} // 0) } keys %of
	} @{ $m->{conflicts} };
}

# One that is open already is not recorded again.
sub add_conflict
{
	my ($m, %conflict) = @_;
	my $policy = $conflict{policy};
	my $resolution = $conflict{enrollment} ? 'replaced' : $policy eq 'skip' ? 'skipped' : undef;
	return if !$resolution && $m->open_conflicts(%conflict{qw(contact campaign job)});
	push @{ $m->{conflicts} },
	  {
		%conflict,
		name => EngineModel::new_name('X'),
		at => $m->{now},
		resolution => $resolution,
		$resolution
		? (resolved => $m->{now}, by => 'system')
		: (after => $m->{now} + ($policy eq 'ask' ? DAY : 7 * DAY))
	  };
	return;
}

sub end_conflict
{
	my ($m, $x, $resolution, $reason, $enrollment, $member) = @_;
	@$x{qw(resolution reason enrollment resolved by)} =
	  ($resolution, $reason, $enrollment, $m->{now}, $member // $x->{by} // 'system');
	return;
}

# Asks once more; nothing is returned for a queued one whose turn has not come.
sub settle_conflict
{
	my ($m, $x, $member, $id) = @_;
	my ($contact, $campaign, $job) = @$x{qw(contact campaign job)};
	my ($outcome, $reason) = $m->refusal($campaign, $contact, $job);
	my @way = $m->in_the_way($campaign, $contact);
	my $anchor = $x->{anchor};
	my $e;
	if (!$outcome && is_same($campaign, $job, @way))
	{
		($outcome, $reason) = ('already_live', 'live_in_this_campaign');
	}
	elsif (!$outcome)
	{
		if ($x->{policy} eq 'queue')
		{
			my $turn = 7 * DAY + (@way ? $m->{now} : $m->last_end($campaign, $contact) // $x->{at});
			if ($turn > $m->{now})
			{
				$x->{after} = $turn;
				$x->{live} = $way[0] if @way;
				return;
			}
			$anchor = latest($anchor, $turn, $job ? $job->{completed} : undef);
		}
		$m->stop('repeat_job', @way);
		$reason = 'replaced' if @way;
		$e = $m->insert_enrollment($id, $campaign, $contact, $job, $anchor);
		$outcome = 'enrolled';
	}
	my $enrolled = $outcome eq 'enrolled';
	$m->end_conflict($x, $enrolled ? $reason // 'enrolled' : 'cancelled', $enrolled ? undef : $reason, $e, $member);
	push @{ $m->{job_outcomes} },
	  { job => $job, campaign => $campaign, enrollment => $e, outcome => $outcome, reason => $reason, at => $m->{now} }
	  if $job;
	return ($outcome, $reason, $e);
}

# When the last of those sequences ended that would have been in the way.
sub last_end
{
	my ($m, $campaign, $contact) = @_;
	return latest(
		map { $_->{ended} }
		  grep { $_->{contact} == $contact && $_->{status} ne 'active' && ($_->{exclusive} || !$contact->{tenant}{parallel} || $_->{campaign} == $campaign) }
		  @{ $m->{enrollments} });
}

# Those of a contact whose time has come: of several that were asked about, the
# last one alone; queued ones in the order in which they came.  Returns how many
# were settled.  $busy says which are left for later because somebody else holds
# what they need.
sub settle_contact_conflicts
{
	my ($m, $contact, $ids, $busy) = @_;
	my $rank = sub { $_[0]{policy} eq 'queue' ? 1 : 0 };
	my @due = sort {
		$rank->($a) <=> $rank->($b) || ($rank->($a) ? $a->{id} cmp $b->{id} : $b->{id} cmp $a->{id})
	} grep { $_->{after} <= $m->{now} } $m->open_conflicts(contact => $contact);
	my ($settled, $superseded) = (0, 0);
	foreach my $x (@due)
	{
		next if $busy && $busy->($x);
		if ($superseded && $x->{policy} ne 'queue')
		{
			$m->end_conflict($x, 'skipped', 'superseded');
			$settled++;
			next;
		}
		my ($outcome) = $m->settle_conflict($x, undef, $ids->{ $x->{id} }{enrollment_id});
		next unless $outcome;
		$settled++;
		$superseded ||= $outcome eq 'enrolled';
	}
	return $settled;
}

1;
