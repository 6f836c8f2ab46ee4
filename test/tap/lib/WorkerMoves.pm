package WorkerMoves;

# What workers do: claim, begin, report, give back, extend, and let leases end.
# A move chooses, acts, judges the answer by the model, and takes the model along.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min uniq);

use EngineDatabase qw(time_text);
use EngineModel qw(new_name);
use EngineOverlap qw(free_enrollments);
use ModelTimes qw(FOREVER MINUTE HOUR);
use EngineSequence qw(pick chance between check);

our @EXPORT_OK = qw(%worker_moves);

our %worker_moves = (
	claim => [ 20, \&claim ],
	begin_send => [ 12, \&begin_send ],
	report => [ 20, \&report ],
	release => [ 4, \&release ],
	extend => [ 1, \&extend ],
	end_leases => [ 9, \&end_leases ],
	ask_when => [ 2, \&ask_when ]);

my $no_token = "'no token'";

# A token that was given out once, most often one that is still current;
# undef if there was none.
sub pick_token
{
	my ($m) = @_;
	my @current = grep { $m->holder($_) } @{ $m->{tokens} };
	return @current && chance(0.85) ? pick(@current) : pick(@{ $m->{tokens} });
}

# ---- claims

sub claim
{
	my ($s) = @_;
	my $m = $s->{m};
	wait_for_work($s) if chance(0.7);
	my %how = (worker => pick(qw(w1 w2 w3)), max => pick(1, 1, 2, 3, 100, 100, 100), begun => chance(0.3) ? 1 : 0);
	$how{tenants} = { pick(@{ $m->{tenants} })->{name} => 1 } if chance(0.1);
	$how{channels} = { map { pick(sort keys %{ $m->{channels} }) => 1 } 1 .. 3 } if chance(0.15);
	claim_as($s, %how);
	return 1;
}

# A worker sleeps until something is due.
sub wait_for_work
{
	my ($s) = @_;
	my $m = $s->{m};
	return if $m->due_enrollments;
	my @ahead = grep { $_ > $m->{now} && $_ < FOREVER }
	  map { $_->{row} && $_->{campaign}{status} eq 'running' ? $m->due($_) : () } @{ $m->{enrollments} };
	$m->{now} = min(@ahead) if @ahead;
	return;
}

sub claim_as
{
	my ($s, %how) = @_;
	my $m = $s->{m};
	$s->{db}{now} = $m->{now};
	my $throttled = throttled_lanes($s);
	my @due = $m->due_enrollments(%how);
	my $free = free_enrollments($s);
	my ($touches, $state, $message) = $s->{db}->try($how{worker}, claim_statement($m, %how));
	die "a claim failed: $state $message\n" if $state ne '00000';
	my @touches = @$touches;
	my %by_id = map { $_->{id} => $_ } @{ $m->{enrollments} };
	my @claimed = map { $by_id{ $_->{enrollment_id} } // die "claimed for nobody: $_->{enrollment_id}\n" } @touches;

	# inside one's own transaction nothing is held
	my @open = grep { !$throttled->{ $m->lane($_) } } @due;
	my @free = grep { !$free || $s->{db}{is_inside} || $free->{ $_->{id} } } @open;
	my %before = map { $_ => $m->judge_touch($_) } @due;
	my $queue = read_queue($s);
	my $freed = forget_ended($s, \@claimed, $queue);
	my %open = map { $_ => 1 } @open, grep { $freed->{ $m->meter($_) } } @due;
	check_claimed(\%open, \@claimed, $how{max});
	foreach (0 .. $#touches)
	{
		my $verdict = $m->judge_touch($claimed[$_]);
		die "claimed what is not to be sent: $claimed[$_]{name} $verdict->{what} " . ($verdict->{reason} // '') . "\n"
		  if $verdict->{what} ne 'deliver';
		take($s, $claimed[$_], $touches[$_], %how);
	}
	judge_choice($s, \@free, \@claimed, \%before);
	settle_others($s, \@due, \@claimed, \%before, { map { $_ => 1 } @free }, $queue, %how);
	sweep($s, @touches < $how{max});
	$s->see('claim: ' . (@touches ? @touches < @due ? 'some' : 'all' : 'nothing'));
	return scalar @touches;
}

# Lanes wait where some cap is used up, no longer than until it is not, and are
# looked at again every five minutes: what an open transaction had or gave back
# may be unknown to them for so long.
sub throttled_lanes
{
	my ($s) = @_;
	my $m = $s->{m};
	my %campaign = map { $_->{id} => $_ } @{ $m->{campaigns} };
	my $looked_at = $m->{now} + 5 * MINUTE;
	my %waits;
	foreach my $lane (@{
		$s->{db}->look('SELECT campaign_id, channel, property.us(throttled_until) AS until FROM campaign.lanes WHERE throttled_until > ?', time_text($m->{now}) . 'Z')
	  })
	{
		my $campaign = $campaign{ $lane->{campaign_id} } // next;
		my $until = $lane->{until};
		my $name = "$campaign->{name} $lane->{channel}";
		$waits{$name} = $until;
		my $room = $m->room_again($campaign->{tenant}, $m->{channels}{ $lane->{channel} });
		my $waits = "$name waits until " . time_text($until);
		die "$waits, and nobody looks before\n" if $until > $looked_at;
		next if $s->{inside} || $until <= ($s->{closed_at} // 0) + 5 * MINUTE;
		die "$waits, and no cap is used up\n" unless defined $room;
		die "$waits, and the cap has room again at " . time_text($room) . "\n" if $until > $room;
	}
	return \%waits;
}

# The queue as it is.
sub read_queue
{
	my ($s) = @_;
	return {
		map { $_->{enrollment_id} => $_ } @{
			$s->{db}->look('SELECT enrollment_id, touch_number, property.us(due_at) AS due, property.us(claimed_at) AS claimed FROM campaign.touch_queue')
		}
	};
}

# What leases had that have ended is free as soon as a claim has come by.
# Returns for which tenants and channels something was.
sub forget_ended
{
	my ($s, $claimed, $queue) = @_;
	my $m = $s->{m};
	my %is_claimed = map { $_ => 1 } @$claimed;
	my %freed;
	foreach my $e (grep { $_->{row} && $_->{row}{lease} eq 'ended' && !$_->{row}{begun} && !$_->{row}{stopped} } @{ $m->{enrollments} })
	{
		my ($row, $found) = ($e->{row}, $queue->{ $e->{id} });
		next if !$is_claimed{$e} && $found && $found->{touch_number} == $row->{touch} && $found->{claimed} == $row->{claimed};
		$freed{ $m->meter($e) } = 1;
		$m->forget_claim($e);
	}
	return \%freed;
}

sub claim_statement
{
	my ($m, %how) = @_;
	my @arguments = ("'$how{worker}'", $how{max}, "lease => '1 hour'");
	if ($how{tenants})
	{
		my $ids = join ',', map { $_->{id} } grep { $how{tenants}{ $_->{name} } } @{ $m->{tenants} };
		push @arguments, "tenants => '{$ids}'";
	}
	push @arguments, "channels => '{" . join(',', sort keys %{ $how{channels} }) . "}'" if $how{channels};
	push @arguments, 'begin_now => true' if $how{begun};
	return 'SELECT t.*, property.us(t.scheduled_at) AS scheduled, property.us(t.due_at) AS due,'
	  . ' round(extract(epoch FROM t.lease_until - clock_timestamp()) / 60) AS minutes'
	  . ' FROM campaign.claim_due_touches('
	  . join(', ', @arguments) . ') t';
}

sub check_claimed
{
	my ($due, $claimed, $max) = @_;
	die "claimed more than $max\n" if @$claimed > $max;
	die "claimed twice in one call\n" if uniq(@$claimed) != @$claimed;
	foreach my $e (@$claimed)
	{
		die "claimed what is not due: $e->{name}\n" unless $due->{$e};
	}
	return;
}

# Which of the due touches were taken is the engine's choice, within bounds: a
# lane's oldest first, and fair.  What is not sent takes its turn as well, so
# that fairness is judged only if all were to be sent.
sub judge_choice
{
	my ($s, $due, $claimed, $before) = @_;
	my $m = $s->{m};
	return if caps_are_busy($s);
	my %taken = map { $_ => 1 } @$claimed;
	my %now = map { $_ => $m->judge_touch($_) } grep { !$taken{$_} } @$due;
	my @late = grep { $now{$_} && ($now{$_}{what} eq 'deliver' || ($now{$_}{reason} // '') eq 'send_limit' && $before->{$_}{what} eq 'deliver') } @$due;
	foreach my $late (@late)
	{
		my @overtaken = grep { $m->lane($_) eq $m->lane($late) && before($late, $_) } @$claimed;
		die "taken before $late->{name}, which is due earlier: $overtaken[0]{name}\n" if @overtaken;
	}
	return if grep { $_->{what} ne 'deliver' } values %$before;
	judge_fairness($m, [ grep { $now{$_}{what} eq 'deliver' } @late ], $claimed);
	return;
}

sub before
{
	my ($one, $other) = @_;
	return $one->{row}{due} < $other->{row}{due}
	  || $one->{row}{due} == $other->{row}{due} && $one->{id} lt $other->{id};
}

# A tenant that waits has had as many turns as any other, and so has a lane
# within its tenant, but one.
sub judge_fairness
{
	my ($m, $left, $claimed) = @_;
	my (%tenant_turns, %lane_turns);
	foreach my $e (@$claimed)
	{
		$tenant_turns{ $e->{campaign}{tenant}{name} }++;
		$lane_turns{ $e->{campaign}{tenant}{name} }{ $m->lane($e) }++;
	}
	foreach my $e (@$left)
	{
		my $tenant = $e->{campaign}{tenant}{name};
		die "tenant $tenant waits while others have more turns\n"
		  if grep { $_ > 1 + ($tenant_turns{$tenant} // 0) } values %tenant_turns;
		my $lane = $m->lane($e);
		die "lane $lane waits while others have more turns\n"
		  if grep { $_ > 1 + ($lane_turns{$tenant}{$lane} // 0) } values %{ $lane_turns{$tenant} };
	}
	return;
}

# What is due and not to be sent is settled by the claim, all of it if there was
# room.
sub settle_others
{
	my ($s, $due, $claimed, $before, $free, $queue, %how) = @_;
	my $m = $s->{m};
	my $has_room = @$claimed < $how{max} && @$due <= 10 * $how{max};
	my %taken = map { $_ => 1 } @$claimed;
	foreach my $e (grep { !$taken{$_} } @$due)
	{
		my $row = $e->{row};
		my $found = $queue->{ $e->{id} };
		my $verdict = fitting_verdict($found, $e, $m->judge_touch($e), $before->{$e});
		my $what = "$verdict->{what} " . ($verdict->{reason} // '');
		my $settled = !$found || $found->{touch_number} != $row->{touch} || $found->{due} != $row->{due};
		if ($settled && $verdict->{what} ne 'deliver')
		{
			$s->see("claim: $what");
			$m->settle_by_claim($e, $how{worker}, $verdict);
			next;
		}
		# behind one that waits for a cap nobody is looked at
		die "there was room, and it was left: $e->{name} $what\n"
		  if $has_room
		  && $free->{$e}
		  && !$m->is_full($e->{contact}{tenant}, $m->channel($e))
		  && !caps_are_busy($s);
		$s->see("claim: $what") if $verdict->{what} eq 'hold';
	}
	return;
}

# A touch may have been looked at before another was claimed that takes the rest
# of a cap or is for the same contact, or after: which, shows in what came of it.
sub fitting_verdict
{
	my ($found, $e, @verdicts) = @_;
	my $row = $e->{row};
	my ($fitting) = grep {
		  !$found || $found->{touch_number} != $row->{touch} ? $_->{what} =~ /^(skip|stop|fail|proved)$/
		: $found->{due} == $row->{due} ? $_->{what} =~ /^(deliver|hold)$/
		: $found->{due} == FOREVER ? $_->{what} eq 'aside'
		: $_->{what} eq 'defer' && $found->{due} == $_->{until} - $e->{campaign}{shift}
	} @verdicts;
	return $fitting // $verdicts[0];
}

# Beside an open transaction a claim may find nobody who gives it of a cap, just
# then.
sub caps_are_busy
{
	my ($s) = @_;
	return $s->{inside} && !$s->{db}{is_inside};
}

sub take
{
	my ($s, $e, $touch, %how) = @_;
	my $m = $s->{m};
	my $row = $e->{row};
	my $channel = $m->channel($e);
	my %expected = (
		tenant_id => $e->{campaign}{tenant}{id},
		campaign_id => $e->{campaign}{id},
		contact_id => $e->{contact}{id},
		job_id => $e->{job} ? $e->{job}{id} : undef,
		touch_number => $row->{touch},
		channel => $channel->{channel},
		address => $m->address($e->{contact}, $channel),
		scheduled => $row->{scheduled},
		due => $m->due($e),
		attempt => $row->{attempt} + 1,
		minutes => 60,
		body => "Hello $e->{contact}{name}");
	check("$_ of the touch claimed for $e->{name}", $touch->{$_}, $expected{$_}) foreach sort keys %expected;

	my $token = {
		name => new_name('L'),
		text => $touch->{lease_token},
		enrollment => $e,
		touch => $row->{touch},
		attempt => $row->{attempt} + 1
	};
	$token->{fence} = $s->{db}->look("SELECT fence FROM campaign.decode_touch_token('$token->{text}')")->[0]{fence};
	die "a token was given out twice\n" if grep { $_->{fence} == $token->{fence} } @{ $m->{tokens} };
	push @{ $m->{tokens} }, $token;
	check_key($s, "$e->{name} $row->{touch}", $touch->{idempotency_key});
	$m->lease($e, $token, $how{worker}, $how{begun});
	return;
}

# Every attempt of a touch has one key, which no other touch has.
sub check_key
{
	my ($s, $touch, $key) = @_;
	check('idempotency key', $key, $s->{keys}{$touch} //= $key);
	check('owner of the key', $s->{keys}{$key} //= $touch, $touch);
	return;
}

# Rows that were stopped under a lease which has ended since are removed by a
# claim with time to do so, or later.
sub sweep
{
	my ($s, $has_time) = @_;
	foreach my $e (grep { $_->{row} && $_->{row}{stopped} && !$_->{row}{begun} && $_->{row}{lease} eq 'ended' } @{ $s->{m}{enrollments} })
	{
		my ($there) = @{ $s->{db}->look("SELECT 1 FROM campaign.touch_queue WHERE enrollment_id = '$e->{id}'") };
		die "left over, and not swept: $e->{name}\n" if $there && $has_time && !$s->{inside};
		next if $there;
		$s->{m}->return_unit($e, $e->{row});
		delete $e->{row};
		$s->see('claim: swept');
	}
	return;
}

# ---- leases

sub begin_send
{
	my ($s, $token) = @_;
	$token //= pick_token($s->{m}) // return 0;
	my $expected = expected_answer($s->{m}, $token);
	my ($answer) = $s->ask(pick(qw(w1 w2 w3)), "SELECT campaign.begin_send('$token->{text}') AS answer");
	check("begin_send of $token->{name} ($token->{enrollment}{name})", $answer->{answer}, $expected);
	$s->see("begin_send: $expected");
	return 1;
}

sub expected_answer
{
	my ($m, $token) = @_;
	my $e = $m->holder($token);
	return $token->{enrollment}{status} eq 'stopped' ? 'stopped' : 'lease_lost' if !$e;
	my $row = $e->{row};
	if ($row->{stopped})
	{
		return 'stopped' if $row->{begun};
		$m->return_unit($e, $row);
		delete $e->{row};
		return 'stopped';
	}
	return 'lease_lost' if $row->{lease} eq 'ended';
	return 'go' if $row->{begun};
	my $objection = $m->objection($e, $m->channel($e));
	if (!$objection)
	{
		$row->{begun} = 1;
		return 'go';
	}
	$m->give_back($e);
	return { hold => 'paused', skip => 'suppressed', stop => 'stopped' }->{ $objection->{what} };
}

sub release
{
	my ($s) = @_;
	my $token = pick_token($s->{m}) // return 0;
	my $e = $s->{m}->holder($token);
	my $sql = "SELECT campaign.release_touch('$token->{text}')";
	if (!$e)
	{
		$s->refused('w1', $sql, 'CP004');
		return 1;
	}
	$s->ask('w1', $sql);
	$s->see('release: ' . ($e->{row}{stopped} ? 'stopped' : 'given back'));
	$s->{m}->give_back($e);
	return 1;
}

sub extend
{
	my ($s) = @_;
	my $token = pick_token($s->{m}) // return 0;
	my $e = $s->{m}->holder($token);
	my $sql = "SELECT campaign.extend_lease('$token->{text}', '1 hour')";
	if ($e && $e->{row}{lease} eq 'live' && !$e->{row}{stopped})
	{
		$s->ask('w1', $sql);
		$s->see('extended');
	}
	else
	{
		$s->refused('w1', $sql, 'CP004');
	}
	return 1;
}

# The wall clock is not ours to move, but the end of a lease is.
sub end_leases
{
	my ($s) = @_;
	my @leased = grep { $_->{row} && $_->{row}{lease} eq 'live' } @{ $s->{m}{enrollments} };
	@leased = pick(@leased) // () if chance(0.6);
	return 0 unless @leased;
	end_lease_of($s, @leased);
	return 1;
}

sub end_lease_of
{
	my ($s, @leased) = @_;
	my $ids = join ', ', map { "'$_->{id}'" } @leased;
	$s->ask('admin', "UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 s' WHERE enrollment_id IN ($ids)");
	$_->{row}{lease} = 'ended' foreach @leased;
	return;
}

# ---- reports

sub report
{
	my ($s) = @_;
	my @items = map { random_item($s) // () } 1 .. pick(1, 1, 1, 2, 3, 5);
	return 0 unless @items;
	report_items($s, pick(qw(w1 w2 w3)), @items);
	return 1;
}

sub random_item
{
	my ($s) = @_;
	my $now = $s->{m}{now};
	return { status => 'sent', invalid => 'no token' } if chance(0.02);
	my $token = pick_token($s->{m}) // return;
	my %item = (
		token => $token,
		status => pick(qw(sent sent sent sent failed failed skipped)),
		permanent => chance(0.25) ? 1 : 0,
		at => pick(undef, undef, undef, $now - 10 * MINUTE, $now - 3 * HOUR, $now + HOUR));
	$item{provider} = chance(0.8) ? "p-$token->{name}" : 'p' if $item{status} eq 'sent';
	$item{reason} = 'not wanted' if $item{status} eq 'skipped';
	$item{error} = 'no answer' if $item{status} eq 'failed';
	$item{invalid} = pick(qw(outcome time provider)) if chance(0.03);
	return \%item;
}

sub report_items
{
	my ($s, $who, @items) = @_;
	my @answers = $s->ask($who,
		    'SELECT r.lease_token, r.result, r.enrollment_status AS status, property.us(r.next_due_at) AS due FROM campaign.report_touches(ARRAY['
		  . join(', ', map { item_text($s, $_) } @items)
		  . ']::campaign.touch_result[]) r');
	check('answers', scalar @answers, scalar @items);
	judge_answer($s, $items[$_], $answers[$_]) foreach 0 .. $#items;
	return;
}

sub item_text
{
	my ($s, $item) = @_;
	my $invalid = $item->{invalid} // '';
	my @values = (
		$item->{token} ? "'$item->{token}{text}'" : $no_token,
		$invalid eq 'outcome' ? "'done'" : "'$item->{status}'",
		$invalid eq 'provider' ? "repeat('x', 1001)" : $s->quote($item->{provider}),
		$s->quote($item->{error}),
		$item->{permanent} ? 'true' : 'false',
		$s->quote($item->{reason}),
		$invalid eq 'time' ? "'infinity'" : $s->at($item->{at}),
		'NULL');
	return 'ROW(' . join(', ', @values) . ')';
}

sub judge_answer
{
	my ($s, $item, $answer) = @_;
	my $m = $s->{m};
	my ($result, $status, $due) = ('invalid', undef, undef);
	my $token = $item->{token};
	my $name = $token ? "$token->{name} ($token->{enrollment}{name})" : 'no token';
	if (!$item->{invalid})
	{
		($result, $status, $due) = expected_report($s, $item, $answer->{due});
		$s->see("report: $result" . ($result eq 'ok' ? " $item->{status} $status" : ''));
	}
	check("result of the report on $name", $answer->{result}, $result);
	check("status after the report on $name", $answer->{status}, $status);
	check("next due time after the report on $name", $answer->{due}, $due);
	return;
}

# What the model answers; it takes the time of a retry from the engine's answer,
# if that lies where it may.
sub expected_report
{
	my ($s, $item, $retry_at) = @_;
	my $m = $s->{m};
	my $token = $item->{token};
	my $e = $m->holder($token);
	if (!$e)
	{
		my $known = $token->{enrollment};
		my ($logged) = grep {
			($_->{token} // 0) == $token && $_->{touch} == $token->{touch} && $_->{attempt} == $token->{attempt} && $_->{status} eq $item->{status}
		} @{ $known->{log} };
		return ('lease_lost', undef, undef) unless $logged;
		my $row = $known->{row};
		return ($logged->{advanced} || !$logged->{is_final} ? 'ok' : 'logged', $known->{status}, $row && $row->{due} < FOREVER ? $m->due($known) : undef);
	}
	$s->see('report: late ' . ($e->{row}{claimed} == -FOREVER() ? 'and given back' : $e->{row}{begun} ? 'and begun' : ''))
	  if $e->{row}{lease} eq 'ended';
	my ($early, $late) = $m->retry_range($e->{row});
	my $in_range = defined $retry_at && $retry_at >= $early && $retry_at <= $late;
	return $m->settle($e, { %$item{qw(status permanent reason error provider at)}, retry_at => $in_range ? $retry_at : $late });
}

# ---- waiting

# When a claim may next find something.
sub ask_when
{
	my ($s) = @_;
	my $m = $s->{m};
	my ($answer) = $s->ask('w1', 'SELECT property.us(campaign.next_due_at('
		  . "'{" . join(',', map { $_->{id} } @{ $m->{tenants} }) . "}')) AS at");
	my @waiting = grep {
		     $_->{row}
		  && $_->{campaign}{status} eq 'running'
		  && $_->{row}{due} < FOREVER
		  && (!$_->{row}{begun} || $m->channel($_)->{uncertain_policy} eq 'retry')
	} @{ $m->{enrollments} };
	my @free = grep { $_->{row}{lease} ne 'live' } @waiting;
	my $throttled = throttled_lanes($s);
	my $first = @free ? min(map { max($m->due($_), $throttled->{ $m->lane($_) } // 0) } @free) : undef;
	my $at = $answer->{at};
	if (!@waiting || @free == @waiting)
	{
		# a touch that is due already may be any of those
		$at = $first if defined $at && @free && $at <= $m->{now} && $first <= $m->{now};
		check('next due time', $at, $first);
	}
	elsif (@free && $first <= $m->{now})
	{
		die "nothing is due, says next_due_at\n" if !defined $at || $at > $m->{now};
	}
	else
	{
		die "a lease is to end, and next_due_at knows nothing of it\n" if !defined $at || @free && $at > $first;
	}
	$s->see('asked when');
	return 1;
}

1;
