package EventModel;

# What is told of messages and contacts, and what it does: the part of
# EngineModel that knows events and stop rules.
#
# An event is told with a kind and one of token, enrollment, or with its tenant
# provider or address; beside that at, event_id, bounce and machine.  Its id is
# the engine's.

use strict;
use warnings;

use List::Util qw(min uniq);

use ModelTimes qw(FOREVER SECOND DAY earliest);

# By event: stop [reason, scope], suppress reason, opt_out.
my %default_rules = (
	review_clicked => { stop => [qw(review_clicked contact)] },
	reviewed => { stop => [qw(review_clicked contact)] },
	feedback => { stop => [qw(feedback_submitted contact)] },
	replied => { stop => [qw(replied contact)] },
	bounced_hard => { stop => [qw(bounced enrollment)], suppress => 'hard_bounce' },
	complained => { stop => [qw(complained contact)], suppress => 'complaint' },
	unsubscribed => { stop => [qw(unsubscribed contact)], suppress => 'unsubscribe', opt_out => 1 },
	sms_stop => { opt_out => 1 });

# How a kind may be told, and what it says besides.
my %spellings = (
	review_clicked => [ 'clicked', link => 'review' ],
	bounced_hard => [ 'bounced', bounce => 'hard' ],
	bounced_soft => [ 'bounced', bounce => 'soft' ],
	sms_stop => [ 'unsubscribed', channel => 'sms' ]);

sub rules
{
	my ($m, $v) = @_;
	return {} if $v->{machine};
	my $event =
	    ($v->{link} // '') eq 'review' ? 'review_clicked'
	  : $v->{bounce} ? "bounced_$v->{bounce}"
	  : $v->{kind} eq 'unsubscribed' && ($v->{channel} // '') eq 'sms' ? 'sms_stop'
	  : $v->{kind};
	return $v->{tenant}{rules}{$event} // $default_rules{$event} // {};
}

# ---- telling

# The result, the enrolment that it is about, and how many were stopped.
sub record_event
{
	my ($m, %told) = @_;
	my ($kind, %says) = @{ $spellings{ $told{kind} } // [ $told{kind} ] };
	my $v = {
		%says,
		name => EngineModel::new_name('V'),
		id => $told{id},
		kind => $kind,
		bounce => $says{bounce} // $told{bounce},
		machine => $told{machine} ? 1 : 0,
		at => earliest($told{at}, $m->{now}),
		recorded => $m->{now},
		tenant => $told{tenant},
		provider => $told{provider},
		address => $told{address},
		unmatched => 0
	};
	my @contacts = $m->locate($v, \%told);
	$v->{key} = $told{event_id}
	  // (defined $told{at} ? join ' ', map({ $v->{$_} // '' } qw(kind bounce link)), told_about(\%told) : undef);
	my $rules = $m->rules($v);
	my ($known) = grep { defined $v->{key} && $_->{tenant} == $v->{tenant} && ($_->{key} // '') eq $v->{key} } @{ $m->{events} };
	if ($known)
	{
		$m->match_recent($v->{tenant}, $told{busy});
		return ('duplicate', $known->{enrollment}, 0);
	}
	push @{ $m->{events} }, $v;
	$m->settle_by_event($v, $told{token});
	my $stopped = $m->act_on_event($v, $rules, @contacts);
	$m->match_recent($v->{tenant}, $told{busy});
	return ($v->{unmatched} ? 'unmatched' : 'recorded', $v->{enrollment}, $stopped);
}

# What makes an event without an id of its own the same.
sub told_about
{
	my ($told) = @_;
	return map { ref $_ ? $_->{name} : $_ // '' } @$told{qw(at token enrollment provider address)};
}

# ---- what it is about

# Finds message, enrolment and contact; returns the contacts that it is from.
sub locate
{
	my ($m, $v, $told) = @_;
	$v->{touch} = $told->{token}{touch} if $told->{token};
	if (my $e = $told->{token} ? $told->{token}{enrollment} : $told->{enrollment})
	{
		@$v{qw(tenant enrollment contact)} = ($e->{contact}{tenant}, $e, $e->{contact});
		$m->find_touch($v);
		return $e->{contact};
	}
	if (defined $v->{provider})
	{
		my $message = $m->find_message($v->{tenant}, $v->{provider});
		$message ? about_message($v, $message) : $m->about_address($v);
		return $v->{contact} // ();
	}
	my @contacts = $m->contacts_with($v->{tenant}, $v->{address});
	$m->about_address($v, @contacts);
	return @contacts;
}

# Every message of a tenant, the last one first, as its log row with contact and
# enrolment.
sub messages
{
	my ($m, $tenant) = @_;
	my @messages = map {
		my $e = $_;
		map { { %$_, contact => $e->{contact}, enrollment => $e } } @{ $e->{log} }
	} @{ $m->{enrollments} };
	push @messages, map { { %$_, status => 'sent' } } @{ $m->{manual_sends} };
	return sort { $b->{serial} <=> $a->{serial} } grep { $_->{contact}{tenant} == $tenant } @messages;
}

sub find_message
{
	my ($m, $tenant, $provider) = @_;
	my @messages = grep { ($_->{provider} // '') eq $provider } $m->messages($tenant);
	return (grep { $_->{status} eq 'sent' } @messages)[0] // $messages[0];
}

sub about_message
{
	my ($v, $message) = @_;
	@$v{qw(enrollment contact touch)} = @$message{qw(enrollment contact touch)};
	$v->{provider} //= $message->{provider};
	# a STOP by text message may be all that there is of this channel
	if ($v->{kind} ne 'unsubscribed' || !defined $v->{channel} || $v->{channel} eq $message->{channel})
	{
		$v->{channel} = $message->{channel};
		$v->{address} = $message->{address} // $v->{address};
	}
	$v->{unmatched} = 0;
	# nobody reads so fast
	my $sent = $message->{sent};
	$v->{machine} = 1
	  if $v->{kind} eq 'opened' && defined $sent && $v->{at} >= $sent && $v->{at} <= $sent + 2 * SECOND;
	return;
}

# The touch that a token names, the one under way, or the last that was sent.
sub find_touch
{
	my ($m, $v) = @_;
	my $e = $v->{enrollment};
	my $row = $e->{row};
	my $is_ours = sub { defined $v->{provider} && defined $_[0]{provider} ? $v->{provider} eq $_[0]{provider} ? 1 : 0 : -1 };
	$v->{touch} = $row->{touch}
	  if !defined $v->{touch} && $row && $row->{begun} && $row->{claimed} <= $v->{at} && !grep { $is_ours->($_) == 1 } @{ $e->{log} };
	my ($message) = sort {
		     $is_ours->($b) <=> $is_ours->($a)
		  || ($b->{sent} // -1) <=> ($a->{sent} // -1)
		  || $b->{touch} <=> $a->{touch}
		  || $b->{attempt} <=> $a->{attempt}
	} grep { defined $v->{touch} ? $_->{touch} == $v->{touch} : $_->{status} eq 'sent' } @{ $e->{log} };
	about_message($v, { %$message, contact => $e->{contact}, enrollment => $e }) if $message;
	return if defined $v->{channel} && defined $v->{address};

	my $touch = defined $v->{touch} ? $m->plan($e)->[ $v->{touch} - 1 ] : undef;
	my $channel = $m->{channels}{ $v->{channel} // ($touch ? $touch->{channel} : '') };
	$v->{channel} //= $channel->{channel} if $channel;
	$v->{address} //= $e->{contact}{ $channel ? $channel->{address_kind} : 'email' };
	return;
}

sub contacts_with
{
	my ($m, $tenant, $address) = @_;
	return unless defined $address;
	return sort { $a->{id} cmp $b->{id} }
	  grep {
		my $contact = $_;
		$contact->{tenant} == $tenant && grep { ($contact->{$_} // '') eq $address } qw(email phone linkedin_url)
	  } @{ $m->{contacts} };
}

# Who wrote from an address answers what was last sent there.
sub about_address
{
	my ($m, $v, @contacts) = @_;
	my $address = $v->{address} // '';
	$v->{channel} //= $address =~ /@/ ? 'email' : $address =~ /^\+/ ? 'sms' : undef;
	$v->{contact} = $contacts[0];
	$v->{unmatched} = $v->{contact} ? 0 : 1;
	my %holds = map { $_ => 1 } @contacts;
	my ($message) = sort {
		     ($b->{enrollment} ? $b->{enrollment}{status} eq 'active' ? 1 : 0 : -1) <=> ($a->{enrollment} ? $a->{enrollment}{status} eq 'active' ? 1 : 0 : -1)
		  || $b->{sent} <=> $a->{sent}
		  || $b->{serial} <=> $a->{serial}
	  }
	  grep {
		     $_->{status} eq 'sent'
		  && $holds{ $_->{contact} }
		  && ($_->{address} // '') eq $address
		  && ($v->{kind} ne 'unsubscribed' || $_->{channel} eq ($v->{channel} // ''))
	  } $m->messages($v->{tenant});
	about_message($v, $message) if $message;
	return;
}

# ---- what it does

my $proves = qr/^(delivered|opened|clicked|replied|bounced|complained)$/;

# It proves that a message was sent: what nobody knew of a touch is known.
sub settle_by_event
{
	my ($m, $v, $token) = @_;
	my $e = $v->{enrollment};
	return unless $e && $v->{kind} =~ $proves;
	my $row = $e->{row};
	return unless $row && $row->{token} && $row->{lease} eq 'ended';
	return if $token ? $row->{token} != $token : !$m->is_proof($e, $v);
	my $at = $row->{claimed} == -FOREVER() ? $v->{at} : $row->{claimed};
	$m->settle($e, { status => 'sent', provider => $v->{provider}, at => $at });
	return;
}

# Whether an event tells of the send that was begun under the row's last lease.
sub is_proof
{
	my ($m, $e, $v) = @_;
	my $row = $e->{row};
	return
	     $row->{begun}
	  && ($v->{enrollment} // 0) == $e
	  && $v->{kind} =~ $proves
	  && $row->{touch} == ($v->{touch} // 0)
	  && $v->{at} >= $row->{claimed};
}

# Events that came while the lease ran: when it has ended without a report, the
# touch was sent all the same.
sub proofs
{
	my ($m, $e) = @_;
	return unless $e->{row}{begun} && $e->{row}{lease} eq 'ended';
	return grep { $m->is_proof($e, $_) } @{ $m->{events} };
}

sub act_on_event
{
	my ($m, $v, $rules, @contacts) = @_;
	my $stopped = 0;
	# who has reviewed would not have been enrolled for so long, had it been known
	my $reviewed = $v->{kind} =~ /^(reviewed|feedback)$/ || ($v->{link} // '') eq 'review';
	my $began_by = $v->{at} + ($reviewed ? $v->{tenant}{cooldown} : 0);
	if ($rules->{stop})
	{
		my ($reason, $scope) = @{ $rules->{stop} };
		my %from = map { $_ => 1 } @contacts;
		$stopped = $m->stop($reason,
			grep { $from{ $_->{contact} } && ($_ == ($v->{enrollment} // 0) || $scope eq 'contact' && $_->{enrolled} <= $began_by) }
			  $m->live_enrollments);
	}
	my $address = $v->{address} // '';
	$v->{tenant}{suppressed}{$address} = 1 if $rules->{suppress} && $address ne '';
	if ($rules->{opt_out})
	{
		$_->{consent}{ $v->{channel} // 'email' } = 'opted_out'
		  foreach uniq(@contacts, $m->contacts_with($v->{tenant}, $v->{address}));
	}
	return $stopped;
}

# ---- what came before its message was logged

# Applies it where the message is known by now; returns how many.  $busy says
# what is left for later because somebody else holds what it needs.
sub match_recent
{
	my ($m, $tenant, $busy) = @_;
	my @early = grep { $_->{unmatched} && $_->{tenant} == $tenant && $_->{recorded} > $m->{now} - 30 * DAY && defined $_->{provider} }
	  @{ $m->{events} };
	my %since;
	$since{ $_->{provider} } = earliest($since{ $_->{provider} }, $_->{at}) foreach @early;
	my $matched = 0;
	foreach my $provider (sort { $since{$a} <=> $since{$b} } keys %since)
	{
		my $message = $m->find_message($tenant, $provider) // next;
		foreach my $v (sort { $a->{at} <=> $b->{at} } grep { $_->{provider} eq $provider } @early)
		{
			last if $busy && $busy->($v);
			about_message($v, $message);
			$m->act_on_event($v, $m->rules($v), $v->{contact});
			$matched++;
		}
	}
	return $matched;
}

# Why one of those stops an enrolment before it was applied.
sub unmatched_stop_reason
{
	my ($m, $e) = @_;
	my @early = grep { $_->{unmatched} && defined $_->{provider} && $_->{tenant} == $e->{contact}{tenant} } @{ $m->{events} };
	foreach my $v (sort { $a->{at} <=> $b->{at} } @early)
	{
		foreach my $message (grep { ($_->{provider} // '') eq $v->{provider} } @{ $e->{log} })
		{
			my %copy = %$v;
			about_message(\%copy, { %$message, contact => $e->{contact}, enrollment => $e });
			my $rules = $m->rules(\%copy);
			return $rules->{stop}[0] if $rules->{stop};
		}
	}
	return;
}

1;
