package MemberMoves;

# What members of a tenant do: enrol, complete jobs, stop, archive, suppress,
# consent, pause, revise, settle, retry; and what a stranger tries.
# A move chooses, acts, judges the answer by the model, and takes the model along.

use strict;
use warnings;

use Exporter 'import';
use Storable qw(dclone);

use EngineModel qw(new_name);
use ModelTimes qw(FOREVER MINUTE HOUR DAY);
use EngineSequence qw(pick chance between check);

our @EXPORT_OK = qw(%member_moves);

our %member_moves = (
	enroll => [ 12, \&enroll ],
	create_job => [ 5, \&create_job ],
	set_job => [ 6, \&set_job ],
	enroll_job => [ 1, \&enroll_job ],
	stop_enrollment => [ 3, \&stop_enrollment ],
	stop_contact => [ 2, \&stop_contact ],
	archive_contact => [ 1.5, \&archive_contact ],
	suppress => [ 2, \&suppress ],
	consent => [ 3, \&consent ],
	address => [ 3, \&address ],
	pause => [ 3, \&pause ],
	end_campaign => [ 1, \&end_campaign ],
	revise => [ 3, \&revise ],
	migrate => [ 2, \&migrate ],
	settle_conflicts => [ 2, \&settle_conflicts ],
	resolve_conflict => [ 3, \&resolve_conflict ],
	settings => [ 1, \&settings ],
	resolve => [ 5, \&resolve ],
	retry => [ 5, \&retry ],
	log_send => [ 1, \&log_send ],
	stranger => [ 2, \&stranger ],
	clock => [ 16, \&clock ]);

sub own
{
	my ($tenant, $things) = @_;
	return grep { ($_->{tenant} // $_->{contact}{tenant}) == $tenant } @$things;
}

# ---- enrolling

sub enroll
{
	my ($s) = @_;
	my $m = $s->{m};
	my $contact = pick(@{ $m->{contacts} });
	my $campaign = pick(own($contact->{tenant}, $m->{campaigns}));
	my $job = chance(0.3) ? pick(grep { $_->{contact} == $contact } @{ $m->{jobs} }) : undef;
	my $anchor = pick(undef, undef, $m->{now} - HOUR * between(0, 96), $m->{now} - HOUR * between(0, 8), $m->{now} + HOUR * between(0, 48));
	my ($got) = $s->ask('owner',
		'SELECT * FROM campaign.enroll(' . join(', ', map({ $s->id($_) } $campaign, $contact, $job), $s->at($anchor)) . ')');
	my $e = judge_enrollment($s, $got, $campaign, $contact, $job, $anchor);
	push @{ $m->{job_outcomes} }, { job => $job, campaign => $campaign, enrollment => $e, %$got{qw(outcome reason)}, at => $m->{now} }
	  if $job;
	return 1;
}

# Judges what came of it; returns the enrolment, new or in the way.
sub judge_enrollment
{
	my ($s, $got, $campaign, $contact, $job, $anchor) = @_;
	my $m = $s->{m};
	settle_on_the_way($s, $contact);
	my ($outcome, $reason, $e) = $m->enroll($got->{enrollment_id}, $campaign, $contact, $job, $anchor);
	name_conflicts($s);
	check('outcome of the enrolment', $got->{outcome}, $outcome);
	check('its reason', $got->{reason}, $reason);
	check('its enrolment', $got->{enrollment_id}, $e ? $e->{id} : undef);
	$s->see("enroll: $outcome " . ($reason // ''));
	$s->see('enroll: overdue') if $outcome eq 'enrolled' && defined $anchor && $anchor < $m->{now};
	return $e;
}

sub create_job
{
	my ($s) = @_;
	my $m = $s->{m};
	my $contact = pick(@{ $m->{contacts} });
	my $job = {
		name => new_name('J'),
		contact => $contact,
		service => pick('hvac', 'hvac', 'roofing', undef),
		status => pick(qw(scheduled scheduled completed)),
		completed => chance(0.3) ? $m->{now} - HOUR * between(0, 48) : undef,
		override => chance(0.15) ? pick(own($contact->{tenant}, $m->{campaigns})) : undef
	};
	($job->{id}) = map { $_->{id} } $s->ask('owner',
		'SELECT campaign.create_job('
		  . join(', ', $s->id($contact), $s->quote($job->{service}), "'$job->{status}'", $s->at($job->{completed}), $s->id($job->{override}))
		  . ') AS id');
	push @{ $m->{jobs} }, $job;
	$job->{completed} //= $m->{now} if $job->{status} eq 'completed';
	follow_completion($s, $job) if $job->{status} eq 'completed';
	return 1;
}

# A completed job has been enrolled, or it is written down why not.
sub follow_completion
{
	my ($s, $job) = @_;
	my $m = $s->{m};
	my $campaign = $m->match_job($job);
	my ($got) = @{
		$s->{db}->look("SELECT enrollment_id, outcome, reason FROM campaign.job_enrollments WHERE job_id = '$job->{id}' ORDER BY id DESC LIMIT 1")
	};
	die "nothing is written down about $job->{name}\n" unless $got;
	my $e;
	if ($campaign)
	{
		$e = judge_enrollment($s, $got, $campaign, $job->{contact}, $job, undef);
	}
	else
	{
		check('outcome of the job', "$got->{outcome} $got->{reason}", 'not_matched no_campaign');
		$s->see('job: no campaign');
	}
	push @{ $m->{job_outcomes} }, { job => $job, campaign => $campaign, enrollment => $e, %$got{qw(outcome reason)}, at => $m->{now} };
	return;
}

# ---- conflicts

sub read_conflicts
{
	my ($s) = @_;
	my $tenants = join ', ', map { "'$_->{id}'" } @{ $s->{m}{tenants} };
	return {
		map { $_->{id} => $_ } @{
			$s->{db}->look(
				qq{SELECT id, contact_id, campaign_id, job_id, enrollment_id, resolution, property.us(resolve_after) AS after
				FROM campaign.enrollment_conflicts WHERE tenant_id IN ($tenants) ORDER BY id})
		}
	};
}

# Those whose time has come, as enrolling the contact settles them first.  Beside
# an open transaction some may have to wait, all else is settled.
sub settle_on_the_way
{
	my ($s, $contact) = @_;
	my $found = read_conflicts($s);
	my $beside = $s->{inside} && !$s->{db}{is_inside};
	my $busy = sub { my $now = $found->{ $_[0]{id} }; $beside && !$now->{resolution} && $now->{after} == $_[0]{after} };
	my $settled = $s->{m}->settle_contact_conflicts($contact, $found, $busy);
	$s->see('conflict: settled on the way') if $settled;
	return $settled;
}

# New conflicts of the model get the ids that the engine gave them.
sub name_conflicts
{
	my ($s) = @_;
	my @new = grep { !$_->{id} } @{ $s->{m}{conflicts} };
	return unless @new;
	my $found = read_conflicts($s);
	delete $found->{ $_->{id} } foreach grep { $_->{id} } @{ $s->{m}{conflicts} };
	foreach my $x (@new)
	{
		my ($id) = grep {
			my $row = $found->{$_};
			!grep { ($row->{"${_}_id"} // '') ne ($x->{$_} ? $x->{$_}{id} : '') } qw(contact campaign job)
		} sort keys %$found;
		$x->{id} = $id // die "a conflict was not recorded\n";
		delete $found->{$id};
	}
	return;
}

sub settle_conflicts
{
	my ($s) = @_;
	my $m = $s->{m};
	my ($got) = $s->ask('admin', 'SELECT campaign.settle_conflicts() AS n');
	my $settled = 0;
	$settled += settle_on_the_way($s, $_) foreach @{ $m->{contacts} };
	check('conflicts settled', $got->{n}, $settled);
	return 1;
}

sub resolve_conflict
{
	my ($s) = @_;
	my $m = $s->{m};
	my @open = $m->open_conflicts;
	my $x = @open && chance(0.9) ? pick(@open) : pick(@{ $m->{conflicts} });
	return 0 unless $x;
	my $how = pick(qw(replace replace skip queue));
	my $sql = "SELECT * FROM campaign.resolve_conflict('$x->{id}', '$how')";
	if ($x->{resolution})
	{
		$s->refused('owner', $sql, 'CP002');
		return 1;
	}
	my ($got) = $s->ask('owner', $sql);
	my ($outcome, $reason, $e) = ('conflict', 'skipped');
	if ($how eq 'skip')
	{
		$m->end_conflict($x, 'skipped', undef, undef, $s->member);
	}
	else
	{
		@$x{qw(policy by)} = ($how, $s->member);
		($outcome, $reason, $e) = $m->settle_conflict($x, $s->member, $got->{enrollment_id});
		($outcome, $reason) = ('conflict', 'queued') unless $outcome;
	}
	check('outcome of the conflict', $got->{outcome}, $outcome);
	check('its reason', $got->{reason}, $reason);
	check('its enrolment', $got->{enrollment_id}, $e ? $e->{id} : undef);
	$s->see("resolve_conflict: $outcome " . ($reason // ''));
	return 1;
}

# ---- jobs

sub set_job
{
	my ($s) = @_;
	my $m = $s->{m};
	my $job = pick(@{ $m->{jobs} }) // return 0;
	my $status = pick(qw(completed completed completed do_not_send scheduled));
	$s->ask('owner', "UPDATE campaign.jobs SET status = '$status' WHERE id = '$job->{id}'");
	my $changed = $job->{status} ne $status;
	$job->{status} = $status;
	return 1 unless $changed;
	if ($status eq 'completed')
	{
		$job->{completed} //= $m->{now};
		follow_completion($s, $job);
	}
	elsif ($status eq 'do_not_send')
	{
		my $stopped = $m->stop('job_cancelled', grep { ($_->{job} // 0) == $job } @{ $m->{enrollments} });
		$s->see('job: cancelled') if $stopped;
		$m->end_conflict($_, 'cancelled', 'job_do_not_send', undef, $s->member)
		  foreach grep { ($_->{job} // 0) == $job } $m->open_conflicts;
	}
	return 1;
}

sub enroll_job
{
	my ($s) = @_;
	my $job = pick(@{ $s->{m}{jobs} }) // return 0;
	$s->ask('owner', "SELECT campaign.enroll_job('$job->{id}')");
	follow_completion($s, $job);
	return 1;
}

# ---- stopping

sub pick_enrollment
{
	my ($m) = @_;
	my @live = $m->live_enrollments;
	return @live && chance(0.8) ? pick(@live) : pick(@{ $m->{enrollments} });
}

sub stop_enrollment
{
	my ($s) = @_;
	my $m = $s->{m};
	my $e = pick_enrollment($m) // return 0;
	my $reason = pick(qw(owner_stopped replied unsubscribed complained review_clicked));
	my ($got) = $s->ask('owner', "SELECT campaign.stop_enrollment('$e->{id}', '$reason')::int AS stopped");
	note_stop($s, 'stop', $e);
	check('stopped', $got->{stopped}, $m->stop($reason, $e));
	return 1;
}

sub note_stop
{
	my ($s, $what, @enrollments) = @_;
	foreach my $e (grep { $_->{status} eq 'active' } @enrollments)
	{
		my $row = $e->{row};
		$s->see("$what: " . ($row->{begun} ? $row->{lease} eq 'live' ? 'begun' : 'uncertain' : $row->{lease} eq 'live' ? 'leased' : 'waiting'));
	}
	return;
}

sub stop_contact
{
	my ($s) = @_;
	my $m = $s->{m};
	my $contact = pick(@{ $m->{contacts} });
	my @live = $m->live_enrollments($contact);
	my ($got) = $s->ask('owner', "SELECT campaign.stop_contact('$contact->{id}') AS stopped");
	note_stop($s, 'stop_contact', @live);
	check('stopped', $got->{stopped}, $m->stop('owner_stopped', @live));
	return 1;
}

sub archive_contact
{
	my ($s) = @_;
	my $m = $s->{m};
	my $contact = pick(@{ $m->{contacts} });
	if ($contact->{archived} && chance(0.7))
	{
		$s->ask('owner', "SELECT campaign.unarchive_contact('$contact->{id}')");
		$contact->{archived} = 0;
		return 1;
	}
	my @live = $m->live_enrollments($contact);
	my ($got) = $s->ask('owner', "SELECT campaign.archive_contact('$contact->{id}') AS stopped");
	note_stop($s, 'archive', @live);
	check('stopped', $got->{stopped}, $m->stop('contact_archived', @live));
	$contact->{archived} = 1;
	return 1;
}

sub suppress
{
	my ($s) = @_;
	my $contact = pick(@{ $s->{m}{contacts} });
	my $tenant = $contact->{tenant};
	my $address = $contact->{ pick(qw(email phone linkedin_url)) } // return 0;
	my $is_suppressed = $tenant->{suppressed}{$address} ? 1 : 0;
	my $lift = $is_suppressed && chance(0.7);
	my $written = $address =~ /@/ ? uc $address : $address;
	my ($got) = $s->ask('owner', 'SELECT campaign.' . ($lift ? 'lift_suppression' : 'suppress_address') . "('$tenant->{id}', '$written')::int AS done");
	check('done', $got->{done}, $lift || !$is_suppressed ? 1 : 0);
	$tenant->{suppressed}{$address} = !$lift;
	return 1;
}

sub consent
{
	my ($s) = @_;
	my $contact = pick(@{ $s->{m}{contacts} });
	my $channel = pick(qw(sms sms email call));
	my $state = pick(qw(opted_in opted_in opted_out unknown));
	$s->ask('owner', "SELECT campaign.set_consent('$contact->{id}', '$channel', '$state')");
	$contact->{consent}{$channel} = $state;
	return 1;
}

# What a worker was given for the old address goes back, unless it was begun.
sub address
{
	my ($s) = @_;
	my $m = $s->{m};
	my $contact = pick(@{ $m->{contacts} });
	my $kind = pick(qw(email phone linkedin_url));
	my ($number) = $contact->{name} =~ /(\d+)/;
	my %values = (
		email => ["k$number\@example.org"],
		phone => ['+12125552000', '+12125552001'],
		linkedin_url => ["https://linkedin.example/kk$number"]);
	my $value = $kind eq 'phone' || chance(0.7) ? pick(@{ $values{$kind} }) : undef;
	$s->ask('owner', "UPDATE campaign.contacts SET $kind = " . $s->quote($value) . " WHERE id = '$contact->{id}'");
	my $changed = ($contact->{$kind} // '') ne ($value // '');
	$contact->{$kind} = $value;
	return 1 unless $changed;
	foreach my $e (grep { $_->{row}{lease} eq 'live' && !$_->{row}{begun} } $m->live_enrollments($contact))
	{
		$m->give_back($e);
		$s->see('address: a lease ended');
	}
	return 1;
}

# ---- campaigns

# Most often one that somebody is in.
sub pick_campaign
{
	my ($m) = @_;
	my @live = $m->live_enrollments;
	return @live && chance(0.7) ? pick(@live)->{campaign} : pick(@{ $m->{campaigns} });
}

sub pause
{
	my ($s) = @_;
	my $m = $s->{m};
	my $campaign = pick_campaign($m);
	if ($campaign->{status} eq 'running')
	{
		$s->ask('owner', "SELECT campaign.pause_campaign('$campaign->{id}')");
		$m->pause($campaign);
		$s->see('paused');
		return 1;
	}
	return resume($s, $campaign) if $campaign->{status} eq 'paused';
	$s->refused('owner', 'SELECT campaign.' . pick(qw(pause_campaign resume_campaign)) . "('$campaign->{id}')", 'CP001');
	return 1;
}

sub resume
{
	my ($s, $campaign) = @_;
	my $policy = pick(undef, qw(keep shift bump));
	my $spread = pick(undef, 0, HOUR, 12 * HOUR);
	my @arguments = ("'$campaign->{id}'");
	push @arguments, "policy => '$policy'" if $policy;
	push @arguments, 'spread => ' . EngineSequence::interval($spread) if defined $spread;
	$s->ask('owner', 'SELECT campaign.resume_campaign(' . join(', ', @arguments) . ')');
	$s->{m}->resume($campaign, $policy, $spread);
	$s->see("resumed: $campaign->{resumes_by}");
	return 1;
}

# Live enrolments follow another plan version, most often the present one.
sub migrate
{
	my ($s, $campaign) = @_;
	my $m = $s->{m};
	$campaign //= pick_campaign($m);
	my $version = chance(0.7) ? $campaign->{version} : between(1, $campaign->{version});
	my $dry_run = chance(0.2);
	my @arguments = ("'$campaign->{id}'", $version, $dry_run ? 'true' : 'false');
	my %got = map { $_->{result} => $_->{enrollments} }
	  $s->ask('owner', 'SELECT * FROM campaign.migrate_enrollments(' . join(', ', @arguments) . ')');
	my $model = $dry_run ? dclone($m) : $m;
	my %count = map { $_ => 0 } qw(moved completed busy already);
	foreach my $e (grep { $_->{campaign}{name} eq $campaign->{name} } $model->live_enrollments)
	{
		my $result = $model->migrate($e, $version);
		$count{$result}++;
		$s->see("migrate: $result") unless $dry_run;
	}
	check("$_ by the migration", $got{$_}, $count{$_}) foreach sort keys %count;
	return 1;
}

sub end_campaign
{
	my ($s) = @_;
	my $m = $s->{m};
	my $campaign = pick(@{ $m->{campaigns} });
	my $to = pick(qw(archived archived completed));
	my @live = grep { $_->{campaign} == $campaign } $m->live_enrollments;
	my $leased = grep { $_->{row} && $_->{row}{lease} eq 'live' && $_->{campaign} == $campaign } @{ $m->{enrollments} };
	my %legal = (archived => qr/^(paused|completed)$/, completed => qr/^(running|paused)$/);
	my $refusal =
	    $campaign->{status} !~ $legal{$to} ? 'CP001'
	  : $to eq 'completed' && @live || $to eq 'archived' && $leased ? 'CP002'
	  : undef;
	my $sql = "SELECT campaign.transition_campaign('$campaign->{id}', '$to')";
	if ($refusal)
	{
		$s->refused('owner', $sql, $refusal);
		return 1;
	}
	$s->ask('owner', $sql);
	note_stop($s, 'archive campaign', @live);
	$m->stop('campaign_archived', @live) if $to eq 'archived';
	$campaign->{status} = $to;
	$s->see("campaign: $to");
	return 1;
}

sub revise
{
	my ($s) = @_;
	my $campaign = pick_campaign($s->{m});
	my $plan = EngineSequence::random_plan();
	my $sql = "SELECT campaign.revise_campaign('$campaign->{id}', " . $s->quote(EngineSequence::document($plan)) . ') AS version';
	if ($campaign->{status} !~ /^(running|paused)$/)
	{
		$s->refused('owner', $sql, 'CP002');
		return 1;
	}
	my ($got) = $s->ask('owner', $sql);
	check('plan version', $got->{version}, ++$campaign->{version});
	$campaign->{plans}{ $campaign->{version} } = $plan;
	# one move is one statement beside an open transaction, which may hold up the second
	migrate($s, $campaign) if chance(0.5) && !$s->{inside};
	return 1;
}

sub settings
{
	my ($s) = @_;
	if (chance(0.5))
	{
		my $campaign = pick(@{ $s->{m}{campaigns} });
		$campaign->{max_attempts} = between(1, 4);
		$s->ask('owner', "UPDATE campaign.outreach_campaigns SET max_attempts = $campaign->{max_attempts} WHERE campaign_id = '$campaign->{id}'");
		return 1;
	}
	my $tenant = pick(@{ $s->{m}{tenants} });
	my ($column, $value) = @{
		pick(
			[ min_gap => HOUR * pick(0, 1, 5) ],
			[ conflict_policy => pick(qw(ask replace skip queue)) ],
			[ parallel => chance(0.5) ? 1 : 0 ],
			[ cooldown => DAY * pick(7, 30) ])
	};
	$tenant->{$column} = $value;
	my %set = (
		min_gap => 'min_gap = ' . EngineSequence::interval($tenant->{min_gap}),
		conflict_policy => "conflict_policy = '$tenant->{conflict_policy}'",
		parallel => "parallel_sequences = $tenant->{parallel}::boolean",
		cooldown => 'review_cooldown = ' . EngineSequence::interval($tenant->{cooldown}));
	$s->ask('owner', "UPDATE campaign.tenants SET $set{$column} WHERE id = '$tenant->{id}'");
	return 1;
}

# ---- what waits for a person

sub resolve
{
	my ($s, $e) = @_;
	my $m = $s->{m};
	my @uncertain = grep { $m->is_uncertain($_) } @{ $m->{enrollments} };
	$e //= pick(@uncertain);
	my $token = $e && chance(0.9) ? $e->{row}{token} : pick(@{ $m->{tokens} });
	return 0 unless $token;
	my $outcome = pick(qw(sent failed skipped retry));
	my $sql = "SELECT result, enrollment_status AS status, property.us(next_due_at) AS due FROM campaign.resolve_uncertain('$token->{text}', '$outcome')";
	$e = $m->holder($token);
	if (!$e || !$m->is_uncertain($e))
	{
		$s->refused('owner', $sql, 'P0002');
		return 1;
	}
	my ($got) = $s->ask('owner', $sql);
	my ($result, $status, $due);
	if ($outcome eq 'retry')
	{
		$m->give_back($e);
		($result, $status, $due) = $e->{row} ? ('ok', 'active', $m->due($e)) : ('logged', $e->{status}, undef);
	}
	else
	{
		($result, $status, $due) = $m->settle($e,
			{
				status => $outcome,
				permanent => 1,
				reason => $outcome eq 'skipped' ? 'resolved as skipped' : undef,
				error => $outcome eq 'failed' ? 'resolved as failed' : undef
			});
	}
	check('result', $got->{result}, $result);
	check('status', $got->{status}, $status);
	check('next due time', $got->{due}, $due);
	$s->see("resolve: $result $outcome");
	return 1;
}

sub retry
{
	my ($s) = @_;
	my $m = $s->{m};
	my @dead = map {
		my $e = $_;
		map { [ $e, $_->{touch} ] } grep { $m->dead_touch($e, $_->{touch}) } @{ $e->{log} }
	} @{ $m->{enrollments} };
	my ($e, $touch) = @dead && chance(0.9) ? @{ pick(@dead) } : (pick(@{ $m->{enrollments} }), between(1, 3));
	return 0 unless $e;
	my $sql = "SELECT property.us(campaign.retry_touch('$e->{id}', $touch)) AS due";
	my $was = $e->{status};
	if (!$m->retry($e, $touch))
	{
		$s->refused('owner', $sql, 'CP002');
		return 1;
	}
	my ($got) = $s->ask('owner', $sql);
	check('due', $got->{due}, $m->{now});
	$s->see("retry: $was");
	return 1;
}

sub log_send
{
	my ($s) = @_;
	my $m = $s->{m};
	my $contact = pick(@{ $m->{contacts} });
	my $channel = pick(qw(email sms call));
	my $at = pick(undef, $m->{now} - HOUR, $m->{now} + HOUR);
	my $provider = chance(0.5) ? 'm-' . between(1, 3) : undef;
	$s->ask('owner', "SELECT campaign.log_send('$contact->{id}', '$channel', sent_at => " . $s->at($at) . ', provider_id => ' . $s->quote($provider) . ')');
	push @{ $m->{manual_sends} },
	  {
		contact => $contact,
		channel => $channel,
		address => $m->address($contact, $m->{channels}{$channel}),
		provider => $provider,
		serial => EngineModel::next_serial(),
		sent => defined $at && $at < $m->{now} ? $at : $m->{now},
		logged => $m->{now}
	  };
	# it happened, whatever the caps say
	$contact->{tenant}{by_hand}{$channel} = 1;
	$m->count_units($contact->{tenant}, $m->{channels}{$channel}, $m->{manual_sends}[-1]{sent}, 1);
	return 1;
}

# Another tenant's member finds nothing of all this.
sub stranger
{
	my ($s) = @_;
	my $m = $s->{m};
	my ($e, $token) = (pick(@{ $m->{enrollments} }), pick(@{ $m->{tokens} }));
	my ($contact, $campaign) = (pick(@{ $m->{contacts} })->{id}, pick(@{ $m->{campaigns} })->{id});
	my @tries = (
		"campaign.enroll('$campaign', '$contact')",
		"campaign.stop_contact('$contact')",
		"campaign.archive_contact('$contact')",
		"campaign.set_consent('$contact', 'sms', 'opted_out')",
		"campaign.pause_campaign('$campaign')",
		"campaign.log_send('$contact', 'email')",
		"campaign.create_job('$contact')");
	push @tries, "campaign.stop_enrollment('$e->{id}')", "campaign.retry_touch('$e->{id}', 1)" if $e;
	push @tries, "campaign.resolve_uncertain('$token->{text}', 'sent')" if $token;
	$s->refused('stranger', 'SELECT ' . pick(@tries), 'P0002');
	return 1;
}

# ---- time

# On to the next thing that is due, to a moment before it, or anywhere.
sub clock
{
	my ($s) = @_;
	my $m = $s->{m};
	my @ahead = sort { $a <=> $b }
	  grep { $_ > $m->{now} && $_ < FOREVER } map { $_->{row} ? $m->due($_) : () } @{ $m->{enrollments} };
	my $next = $ahead[0];
	$m->{now} =
	    defined $next && chance(0.5) ? $next
	  : defined $next && chance(0.2) ? $next - 1
	  : $m->{now} + pick(MINUTE * between(1, 30), HOUR * between(1, 12), HOUR * between(1, 100));
	return 1;
}

1;
