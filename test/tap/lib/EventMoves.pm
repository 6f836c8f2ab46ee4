package EventMoves;

# What providers and contacts do, as it is told to the engine, and maintenance.
# A move chooses, acts, judges the answer by the model, and takes the model along.

use strict;
use warnings;

use Exporter 'import';

use ModelTimes qw(FOREVER SECOND MINUTE HOUR DAY);
use EngineSequence qw(pick chance between check);
use MemberMoves;

our @EXPORT_OK = qw(%event_moves);

our %event_moves = (
	event => [ 12, \&event ],
	stop_rule => [ 0.5, \&stop_rule ],
	limits => [ 2, \&limits ],
	match_events => [ 1, \&match_events ],
	maintenance => [ 2, \&maintenance ]);

my @kinds = qw(delivered opened opened opened clicked clicked review_clicked replied bounced_hard bounced_soft bounced complained
  unsubscribed sms_stop reviewed feedback);

sub event
{
	my ($s) = @_;
	my $m = $s->{m};
	my %told = (kind => pick(@kinds));
	return 0 unless choose_message($m, \%told);
	$told{bounce} = pick(qw(hard soft)) if $told{kind} eq 'bounced';
	$told{machine} = 1 if chance(0.15);
	$told{event_id} = 'event-' . between(1, 6) if chance(0.3);
	$told{at} = $m->{now} - pick(0, SECOND, MINUTE * between(1, 90), HOUR * between(1, 90), -HOUR) if chance(0.5);

	my ($got) = $s->ask(pick(qw(owner w1 w2)), event_statement($s, %told));
	my ($result, $e, $stopped) = $m->record_event(%told, id => $got->{event}, busy => left_for_later($s));
	check('result of the event', $got->{result}, $result);
	check('its enrolment', $got->{enrollment_id}, $e ? $e->{id} : undef);
	check('stopped by it', $got->{stopped}, $stopped);
	$s->see("event: $told{kind} $result" . ($stopped ? ', stops' : ''));
	return 1;
}

# Which message it is about, or who it is from; false if there is none.
sub choose_message
{
	my ($m, $told) = @_;
	my $by = pick(qw(token token enrollment enrollment provider provider address));
	if ($by eq 'token')
	{
		my @current = grep { $m->holder($_) } @{ $m->{tokens} };
		$told->{token} = @current && chance(0.7) ? pick(@current) : pick(@{ $m->{tokens} }) // return 0;
	}
	elsif ($by eq 'enrollment')
	{
		my @begun = grep { $_->{row} && $_->{row}{begun} } @{ $m->{enrollments} };
		$told->{enrollment} = @begun && chance(0.5) ? pick(@begun) : pick(@{ $m->{enrollments} }) // return 0;
	}
	elsif ($by eq 'provider')
	{
		my $token = pick(@{ $m->{tokens} });
		$told->{provider} = $token && chance(0.8) ? "p-$token->{name}" : pick('p', 'm-1', 'm-2', 'unheard of');
		$told->{tenant} = $token ? $token->{enrollment}{contact}{tenant} : pick(@{ $m->{tenants} });
	}
	else
	{
		my $contact = pick(@{ $m->{contacts} });
		$told->{address} = pick(@$contact{qw(email phone)}) // 'nobody@example.com';
		$told->{tenant} = $contact->{tenant};
	}
	return 1;
}

sub event_statement
{
	my ($s, %told) = @_;
	my %data = map { $_ => $told{$_} } grep { $told{$_} } qw(bounce);
	my $data = join ', ', map({ qq("$_": "$told{$_}") } grep { $told{$_} } 'bounce'), $told{machine} ? '"machine": true' : ();
	my @arguments = ("'$told{kind}'");
	push @arguments, 'at => ' . $s->at($told{at}) if defined $told{at};
	push @arguments, "lease_token => '$told{token}{text}'" if $told{token};
	push @arguments, "enrollment => '$told{enrollment}{id}'" if $told{enrollment};
	push @arguments, "tenant => '$told{tenant}{id}'" if $told{tenant};
	push @arguments, map { "${_}_id => '" . $told{"${_}_id"} . "'" } grep { $told{"${_}_id"} } 'event';
	push @arguments, "provider_id => '$told{provider}'" if $told{provider};
	push @arguments, "address => '" . uc($told{address}) . "'" if $told{address};
	push @arguments, "data => '{$data}'" if $data;
	return 'SELECT * FROM campaign.record_event(' . join(', ', @arguments) . ')';
}

# A tenant's own rules for an event take the place of the defaults.  Two
# transactions could give it one each.
sub stop_rule
{
	my ($s) = @_;
	return 0 if $s->{inside};
	my $tenant = pick(@{ $s->{m}{tenants} });
	my $event = pick(qw(opened clicked replied complained bounced_soft));
	$s->ask('owner', "DELETE FROM campaign.stop_rules WHERE tenant_id = '$tenant->{id}' AND event = '$event'");
	delete $tenant->{rules}{$event};
	return 1 if chance(0.3);
	my ($columns, $rule) = @{
		pick(
			[ "'none', NULL, NULL", {} ],
			[ "'stop', 'owner_stopped', 'enrollment'", { stop => [qw(owner_stopped enrollment)] } ],
			[ "'suppress', 'manual', NULL", { suppress => 'manual' } ])
	};
	$s->ask('owner', "INSERT INTO campaign.stop_rules (tenant_id, event, action, reason, scope) VALUES ('$tenant->{id}', '$event', $columns)");
	$tenant->{rules}{$event} = $rule;
	return 1;
}

# Other caps, at once in force.  What was claimed before there was a cap is not
# counted, and has nothing to give back.
sub limits
{
	my ($s) = @_;
	my $m = $s->{m};
	my $tenant = pick(@{ $m->{tenants} });
	my $name = pick(sort keys %{ $tenant->{limits} }) // return 0;
	my $channel = $m->{channels}{$name};
	my $caps = chance(0.2) ? {} : EngineSequence::random_caps();
	if (!$m->caps($tenant, $channel))
	{
		return 0 if $s->{inside} || chance(0.7);
		$m->forget_units($tenant, $channel);
		# what is claimed from now on is later than that
		$m->{now}++;
	}
	$tenant->{by_hand}{$name} = 1;
	EngineSequence::set_limit($s, $tenant, $name, $caps);
	$s->see('limits: ' . (%$caps ? 'set' : 'none'));
	return 1;
}

sub match_events
{
	my ($s) = @_;
	my $m = $s->{m};
	return 0 if $s->{inside};
	my ($got) = $s->ask('w1', 'SELECT campaign.match_events() AS n');
	my $matched = 0;
	$matched += $m->match_recent($_) foreach by_id(@{ $m->{tenants} });
	check('events matched', $got->{n}, $matched);
	$s->see('event: matched') if $matched;
	return 1;
}

# Beside an open transaction what it holds is left for later.
sub left_for_later
{
	my ($s) = @_;
	return undef unless $s->{inside} && !$s->{db}{is_inside};
	return sub { $s->{db}->look("SELECT unmatched::int FROM campaign.touch_events WHERE id = '$_[0]{id}'")->[0]{unmatched} };
}

sub by_id { return sort { $a->{id} cmp $b->{id} } @_; }

# All that is due and nobody has waited for.  Beside an open transaction it might
# leave some of it.
sub maintenance
{
	my ($s) = @_;
	my $m = $s->{m};
	return 0 if $s->{inside};
	my %done = map { $_->{task} => $_ } $s->ask('admin', 'SELECT * FROM campaign.run_maintenance()');
	my %expected = (end_leases => end_leases($s), match_events => 0, settle_conflicts => 0, check_breakers => 0, remove_logs => 0);
	$expected{match_events} += $m->match_recent($_) foreach by_id(@{ $m->{tenants} });
	$expected{settle_conflicts} += MemberMoves::settle_on_the_way($s, $_) foreach @{ $m->{contacts} };
	foreach my $task (sort keys %done)
	{
		die "maintenance task $task failed: $done{$task}{detail}\n" if $done{$task}{detail};
		check("done by $task", $done{$task}{done}, $expected{$task}) if defined $expected{$task};
	}
	$s->see('maintenance');
	return 1;
}

# As the next claim would.
sub end_leases
{
	my ($s) = @_;
	my $m = $s->{m};
	my $ended = 0;
	foreach my $e (grep { $_->{row} && $_->{row}{token} && $_->{row}{lease} eq 'ended' } @{ $m->{enrollments} })
	{
		my $row = $e->{row};
		if ($row->{stopped})
		{
			next if $row->{begun};
			$m->return_unit($e, $row);
			delete $e->{row};
		}
		elsif ($m->due($e) > $m->{now} || $row->{claimed} == -FOREVER())
		{
			next;
		}
		elsif ($row->{begun})
		{
			# what an event has proved is left to the next claim
			next if $m->channel($e)->{uncertain_policy} eq 'retry' || $m->proofs($e);
			$row->{due} = FOREVER;
		}
		else
		{
			$m->forget_claim($e);
		}
		$ended++;
	}
	return $ended;
}

1;
