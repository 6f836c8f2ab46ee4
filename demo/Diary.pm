package Diary;

# Diary: what happens in the eighteen days, besides what customers do by
# themselves. Each business acts as its own role.

use strict;
use warnings;
use Workers;
use World qw(HOUR DAY DAYS START thousands utc);

use constant PAUSED => 'After any other job';

# Live enrolments in an order that is the same in every run; from the middle, so
# that the ones shown are not always the first.
my $live = <<'SQL';
SELECT e.id, e.contact_id, e.job_id FROM campaign.campaign_enrollments e
  JOIN campaign.contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
 WHERE e.status = 'active'
SQL

sub new
{
	my ($class, $world, $workers) = @_;
	my $self = bless { world => $world, workers => $workers, member => $world->{member}, seen => $world->{seen} }, $class;
	$self->{entries} = [ sort { $a->[0] <=> $b->[0] } $self->entries ];
	return $self;
}

# When the next entry is to be read; the end of the demo if there is none.
sub next_time
{
	my ($self) = @_;
	return START + (@{ $self->{entries} } ? $self->{entries}[0][0] : DAYS * DAY);
}

# Does what its time has come for; what happens meanwhile happens when workers hold touches.
sub read
{
	my ($self) = @_;
	my @meanwhile;
	while ($self->next_time <= $self->{world}{clock} && @{ $self->{entries} })
	{
		my (undef, $act, $when) = @{ shift @{ $self->{entries} } };
		if ($when) { push @meanwhile, $act; }
		else { $act->(); }
	}
	return unless @meanwhile;
	$self->{workers}->wake;
	$self->{workers}->wait_for_work(PAUSED);
	$_->() for @meanwhile;
}

# [time after the start, what happens, with the workers at it or before them]
sub entries
{
	my ($self) = @_;
	my @entries;
	for my $day (1 .. 6)
	{
		my $morning = ($day - 1) * DAY + HOUR;
		push @entries, map { my $half = $_; [ $morning + $half * 6 * HOUR, sub { $self->complete_jobs($day, $half) } ] } 0, 1;
	}
	push @entries, map { [ $_ * 3 * HOUR, sub { $self->maintain } ] } 1 .. DAYS * 8 - 1;
	push @entries, map { [ $_ * DAY - 12 * HOUR, sub { $self->ask_operator } ] } 1 .. DAYS;
	# Traps lie until somebody steps in: see demo/worker.
	push @entries, map { my ($at, $trap) = @$_; [ $at, sub { $self->{workers}->lay_trap($trap) } ] }
		[ DAY, 'kill-claimed-email' ], [ DAY + 5 * HOUR, 'kill-sent-sms' ], [ DAY + 6 * HOUR, 'kill-begun-email' ],
		[ 2 * DAY, 'kill-sent-email' ], [ 2 * DAY + 5 * HOUR, 'kill-begun-sms' ], [ 3 * DAY, 'hang-sent-sms' ],
		[ 4 * DAY, 'hang-sent-email' ], [ 6 * DAY, 'kill-sent-sms' ], [ 2 * DAY + 3 * HOUR, 'kill-sent-linkedin_connect' ],
		[ 14 * DAY, 'kill-claimed-sms' ], [ 15 * DAY, 'kill-begun-sms' ];
	push @entries, map { [ $_, sub { $self->{workers}->kill_somebody }, 'meanwhile' ] } DAY + 7 * HOUR, 3 * DAY + 7 * HOUR, 4 * DAY + 7 * HOUR;
	return @entries, $self->{world}{campaigner}->entries,
		[ 2 * DAY + 6 * HOUR, sub { $self->contacts_leave } ], [ 3 * DAY + 6 * HOUR, sub { $self->jobs_cancelled } ],
		[ 7 * DAY + 7 * HOUR, sub { $self->pause }, 'meanwhile' ], [ 8 * DAY + 7 * HOUR, sub { $self->resume } ],
		[ 8 * DAY + 2 * HOUR, sub { $self->customers_return } ], [ 9 * DAY + 7 * HOUR, sub { $self->outage }, 'meanwhile' ],
		[ 12 * DAY + 7 * HOUR, sub { $self->recover } ], [ 12 * DAY + 13 * HOUR, sub { $self->explain } ],
		[ 15 * DAY + 3 * HOUR, sub { $self->retry_dead } ];
}

# ---- what the businesses do

sub complete_jobs
{
	my ($self, $day, $half) = @_;
	for my $slug (sort keys %{ $self->{member} })
	{
		$self->{world}->count(jobs => $self->{member}{$slug}->do(<<'SQL', undef, "day $day, %", $half));
UPDATE campaign.jobs SET status = 'completed'
 WHERE external_id LIKE $1 AND right(external_id, 1)::int % 2 = $2 AND status = 'scheduled'
SQL
	}
}

sub each_live
{
	my ($self, $slug, $n, $statement, $column) = @_;
	my $some = $self->{member}{$slug}->selectall_arrayref("$live ORDER BY reverse(c.external_id) LIMIT $n", { Slice => {} });
	$self->{member}{$slug}->do($statement, undef, $_->{$column}) for @$some;
	return scalar @$some;
}

sub contacts_leave
{
	my ($self) = @_;
	my $n = $self->each_live('brightwell', 5, 'SELECT campaign.archive_contact($1)', 'contact_id');
	$self->{world}->note("$n contacts archived by brightwell");
}

sub jobs_cancelled
{
	my ($self) = @_;
	my $n = $self->each_live('brightwell', 4, q{UPDATE campaign.jobs SET status = 'do_not_send' WHERE id = $1}, 'job_id');
	$self->{world}->note("$n jobs marked do_not_send by brightwell");
}

# Of the paused campaign.
sub of_paused { return sprintf q{(SELECT id FROM campaign.campaigns WHERE name = '%s')}, PAUSED; }

sub pause
{
	my ($self) = @_;
	$self->{member}{northside}->do('SELECT campaign.pause_campaign(' . of_paused() . q{, 'too many calls')});
	$self->{world}->note('"' . PAUSED . '" paused by northside while workers were sending');
}

sub resume
{
	my ($self) = @_;
	my $overdue = $self->overdue('AND l.campaign_id = ' . of_paused());
	$self->{member}{northside}->do('SELECT campaign.resume_campaign(' . of_paused() . q{, 'keep', spread => '6 hours', reason => 'calm again')});
	$self->{seen}{resumed} = { at => $self->{world}{clock}, overdue => $overdue };
	$self->{world}->note("it is resumed: $overdue touches are overdue, and go out spread over six hours");
}

sub overdue
{
	my ($self, $condition) = @_;
	return $self->{world}->value(<<"SQL");
SELECT count(*) FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
 WHERE q.due_at <= campaign.now() - l.shift $condition
SQL
}

sub customers_return
{
	my ($self) = @_;
	my $n = 0;
	for my $slug (sort keys %{ $self->{member} })
	{
		my $jobs = $self->{member}{$slug}->selectcol_arrayref(<<'SQL');
INSERT INTO campaign.jobs (tenant_id, contact_id, service_type, external_id)
SELECT j.tenant_id, j.contact_id, 'cleaning', 'again, ' || j.external_id FROM campaign.jobs j
 WHERE j.status = 'completed' AND j.external_id LIKE '%7'
RETURNING id
SQL
		$n += $self->{member}{$slug}->do(q{UPDATE campaign.jobs SET status = 'completed' WHERE id = ANY ($1)}, undef, $jobs);
	}
	$self->{world}->count(jobs => $n);
	my $open = $self->{world}->value('SELECT count(*) FROM campaign.enrollment_conflicts WHERE resolution IS NULL');
	$self->{world}->note("$n customers are back with a second job; $open of them are still in a sequence: asked about for a day, then replaced");
}

# ---- the outage

# The machine with all workers goes down, in the middle of their work.
sub outage
{
	my ($self) = @_;
	my $n = $self->{workers}->up;
	$self->{workers}->stop('KILL');
	$self->{world}->count(killed => $n);
	$self->{seen}{outage} = { from => $self->{world}{clock} };
	$self->{world}->note("OUTAGE: the machine with all $n workers goes down while they are sending");
}

sub recover
{
	my ($self) = @_;
	my $overdue = $self->overdue('AND NOT l.paused');
	@{ $self->{seen}{outage} }{qw(until overdue)} = ($self->{world}{clock}, $overdue);
	$self->{workers}->start;
	$self->{world}->note('it is up again after three days: ' . thousands($overdue) . ' touches are overdue');
}

# Of a touch that is due and waits: why?
sub explain
{
	my ($self) = @_;
	my $db = $self->{member}{brightwell};
	my $waiting = $db->selectrow_hashref(<<'SQL') or return;
SELECT e.id, c.name, c.timezone, c.attributes ->> 'city' AS city, k.name AS campaign, q.touch_number, l.channel, x.rows,
       to_char(campaign.now() AT TIME ZONE c.timezone, 'FMDay HH24:MI') AS there
  FROM campaign.touch_queue q
  JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
  JOIN campaign.campaign_enrollments e ON e.tenant_id = q.tenant_id AND e.id = q.enrollment_id
  JOIN campaign.contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
  JOIN campaign.campaigns k ON k.tenant_id = e.tenant_id AND k.id = e.campaign_id
 CROSS JOIN LATERAL (
       SELECT array_agg(format('%-17s %-6s %-18s %s', y.check, y.outcome, y.reason,
                'until ' || to_char(y.changes_at AT TIME ZONE c.timezone, 'FMDay HH24:MI')) ORDER BY y.n) AS rows,
              count(*) FILTER (WHERE y.outcome <> 'pass' AND y.check IN ('quiet_hours', 'send_limit')) AS objections
         FROM campaign.explain_enrollment(e.id) WITH ORDINALITY AS y("check", outcome, reason, changes_at, n)) x
 WHERE q.due_at <= campaign.now() - l.shift AND l.throttled_until > campaign.now()
 ORDER BY x.objections DESC, c.external_id LIMIT 1
SQL
	$self->{seen}{explained} = { %$waiting, at => utc('%A %H:%M', $self->{world}{clock}) };
}

# ---- what a person and a scheduler settle

# Whoever died between begin_send and report left a touch of which the database
# cannot know whether it went out. Email is tried again, with the same
# idempotency key. For SMS a receipt of the provider tells; where none came,
# somebody asks it, as for an email whose enrolment was stopped meanwhile.
sub ask_operator
{
	my ($self) = @_;
	my $sent = q{SELECT campaign.record_event('delivered', lease_token => $1, provider_id => $2, event_id => $3)};
	my $retry = q{SELECT campaign.resolve_uncertain($1, 'retry', 'the provider has never seen it')};
	my %asked;
	for my $slug (sort keys %{ $self->{member} })
	{
		my $open = $self->{member}{$slug}->selectall_arrayref(<<'SQL', { Slice => {} });
SELECT idempotency_key, channel, lease_token FROM campaign.uncertain_touches ORDER BY enrollment_id
SQL
		for my $touch (@$open)
		{
			my $id = $self->{world}{provider}->sent_as(@$touch{qw(channel idempotency_key)});
			my $outcome = $id ? 'sent' : 'retry';
			$self->{seen}{uncertain}{$outcome}++;
			$asked{$outcome}++;
			if ($id) { $self->{member}{$slug}->do($sent, undef, $touch->{lease_token}, $id, "$id asked"); }
			else { $self->{member}{$slug}->do($retry, undef, $touch->{lease_token}); }
		}
	}
	$self->{world}->note("uncertain touches: of $asked{sent} the provider says that it has sent it") if $asked{sent};
	$self->{world}->note("uncertain touches: $asked{retry} never reached the provider, and tried again") if $asked{retry};
}

sub retry_dead
{
	my ($self) = @_;
	my $n = 0;
	for my $slug (sort keys %{ $self->{member} })
	{
		my $dead = $self->{member}{$slug}->selectall_arrayref(<<'SQL');
SELECT d.enrollment_id, d.touch_number FROM campaign.dead_touches d
  JOIN campaign.campaign_enrollments e ON e.tenant_id = d.tenant_id AND e.id = d.enrollment_id
 WHERE d.error LIKE '421%' AND e.status = 'active' ORDER BY 1, 2
SQL
		for my $touch (@$dead)
		{
			$self->{member}{$slug}->do('SELECT campaign.retry_touch($1, $2)', undef, @$touch);
			$n++;
		}
	}
	$self->{world}->note("$n touches that had failed after four attempts are tried again by hand");
}

sub maintain
{
	my ($self) = @_;
	my $done = $self->{world}{platform}->selectall_arrayref('SELECT task, done, detail FROM campaign.run_maintenance()');
	for my $task (@$done)
	{
		die "maintenance task $task->[0]: $task->[2]\n" if ($task->[2] // '') =~ /^[0-9A-Z]{5}:/;
		$self->{seen}{maintenance}{ $task->[0] } += $task->[1];
	}
}

1;
