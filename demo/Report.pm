package Report;

# Report: what came of the eighteen days, as each business sees it: its campaigns,
# the night in which the clocks went forward, the pause, the outage, the limit,
# why somebody waits, one enrolment step by step, and what the second business
# sees of the first. The closing checks are in Check.

use strict;
use warnings;
use utf8;
use Check;
use World qw(DAY HOUR START thousands utc);

use constant WIDTH => 32;    # of the longest bar

my %short = (linkedin_connect => 'invitation', linkedin_message => 'message');

# Returns whether everything is as it should be.
sub print_all
{
	my ($world, $customers) = @_;
	Check::prepare($world, $customers);
	campaigns($world->{member}{$_}) for qw(northside brightwell);
	outreach($world);
	clocks_go_forward($world);
	pause($world);
	outage($world);
	limit($world);
	health($world);
	explanation($world);
	one_enrollment($world);
	my $isolated = isolation($world);
	facts($world);
	return Check::run($world, $isolated);
}

sub heading { printf "\n── %s %s\n\n", $_[0], '─' x (96 - length $_[0]); }

sub bar
{
	my ($n, $of) = @_;
	return $of ? '█' x int(WIDTH * $n / $of + 0.5) : '';
}

sub line
{
	my ($label, $n, $of, $besides) = @_;
	(my $text = sprintf '    %-19s%6s  %-*s  %s', $label, thousands($n), WIDTH, bar($n, $of), $besides) =~ s/ +$//;
	print "$text\n";
}

sub percent { return defined $_[0] ? sprintf('%.1f %%', 100 * $_[0]) : '-'; }

# ---- the campaigns, as each business sees them

sub campaigns
{
	my ($db) = @_;
	my ($tenant) = $db->selectrow_array(q{SELECT name FROM campaign.tenants WHERE slug <> 'system'});
	heading("$tenant: what the campaigns did");
	my $campaigns = $db->selectall_arrayref(<<'SQL', { Slice => {} });
SELECT a.*, c.external_id AS made, coalesce(o.service_type || ' jobs', 'all other jobs') AS jobs,
       (SELECT string_agg(r.value || ' ' || r.key, ', ' ORDER BY r.value::int DESC, r.key) FROM jsonb_each_text(a.stop_reasons) r) AS reasons
  FROM campaign.campaign_analytics a
  JOIN campaign.campaigns c ON c.id = a.campaign_id
  JOIN campaign.outreach_campaigns o ON o.campaign_id = a.campaign_id AND o.audience = 'jobs'
 ORDER BY a.name
SQL
	for my $campaign (@$campaigns)
	{
		printf "  \"%s\" (%s, %s): %s enrolled, %s of them converted\n", @$campaign{qw(name made jobs)}, thousands($campaign->{enrolled}),
			percent($campaign->{conversion_rate});
		touches($db, $campaign);
		printf "    %-19s%6s completed, %s under way, %s stopped%s\n\n", 'now', map({ thousands($_) } @$campaign{qw(completed live stopped)}),
			$campaign->{reasons} ? " ($campaign->{reasons})" : '';
	}
	my $jobs = $db->selectall_arrayref(<<'SQL');
SELECT reason, count(*) FROM campaign.job_enrollments WHERE outcome <> 'enrolled' GROUP BY 1 ORDER BY 2 DESC, 1
SQL
	print '  Jobs that enrolled nobody at first, and why: ', join(', ', map { thousands($_->[1]) . " $_->[0]" } @$jobs), "\n" if @$jobs;
}

sub touches
{
	my ($db, $campaign) = @_;
	my $touches = $db->selectall_arrayref(<<'SQL', { Slice => {} }, $campaign->{campaign_id});
SELECT a.*, (SELECT string_agg(s.n || ' ' || s.reason, ', ' ORDER BY s.n DESC, s.reason)
               FROM (SELECT l.reason, count(*) AS n FROM campaign.send_logs l
                      WHERE l.campaign_id = a.campaign_id AND l.touch_number = a.touch_number AND l.is_final AND l.status = 'skipped' GROUP BY 1) s) AS skips
  FROM campaign.touch_analytics a WHERE a.campaign_id = $1 ORDER BY a.touch_number
SQL
	for my $touch (@$touches)
	{
		my @besides = $touch->{channel} eq 'email' ? percent($touch->{open_rate}) . ' opened' : ();
		push @besides, percent($touch->{click_rate}) . ' clicked' if $campaign->{clicked};
		push @besides, percent($touch->{reply_rate}) . ' replied' unless $campaign->{clicked};
		push @besides, $touch->{failed} ? "$touch->{failed} failed" : (), $touch->{skips} ? "skipped: $touch->{skips}" : ();
		line("$touch->{touch_number}. " . ($short{ $touch->{channel} } // $touch->{channel}) . ' sent', $touch->{sent}, $campaign->{enrolled}, join '; ', @besides);
	}
}

sub outreach
{
	my ($world) = @_;
	my ($db, $id) = ($world->{member}{harbour}, $world->{outreach});
	heading('Harbour Facility Care: what the outreach campaign did');
	my $campaign = $db->selectrow_hashref(<<'SQL', undef, $id);
SELECT a.*, (SELECT string_agg(r.value || ' ' || r.key, ', ' ORDER BY r.value::int DESC, r.key) FROM jsonb_each_text(a.stop_reasons) r) AS reasons
  FROM campaign.campaign_analytics a WHERE a.campaign_id = $1
SQL
	printf "  \"%s\": %s of the contacts that it was assigned have approved messages and were enrolled\n", @$campaign{qw(name enrolled)};
	touches($db, $campaign);
	printf "    %-19s%6s completed, %s stopped (%s)\n", 'in the end', @$campaign{qw(completed stopped reasons)};
	print "\n  channel_analytics, of its messages:\n\n";
	printf "    %-18s %9s %9s %9s %9s %9s %9s\n", '', qw(generated approved rejected sent delivered replied);
	my $channels = $db->selectall_arrayref(<<'SQL', undef, $id);
SELECT channel, generated, approved, rejected, sent, delivered, replied, reply_rate FROM campaign.channel_analytics WHERE campaign_id = $1 ORDER BY channel
SQL
	printf "    %-18s %9d %9d %9d %9d %9d %9d  %s\n", @$_[ 0 .. 6 ], percent($_->[7]) for @$channels;
}

# ---- what happened in between

sub clocks_go_forward
{
	my ($world) = @_;
	heading('The night in which the clocks went forward');
	my $rows = $world->{member}{northside}->selectall_arrayref(<<'SQL');
SELECT p.touch_number || '. ' || p.channel, to_char(p.scheduled_at AT TIME ZONE z.zone, 'Dy FMDD Mon HH24:MI'), to_char(p.due_at AT TIME ZONE z.zone, 'Dy FMDD Mon HH24:MI')
  FROM (SELECT 'America/New_York' AS zone) z, campaign.tenants t, campaign.campaign_templates c
 CROSS JOIN LATERAL campaign.preview_schedule(c.template_config, '2026-03-07 02:30:00+00', z.zone, t.id) p
 WHERE c.is_system AND c.name = 'Aggressive' AND t.slug = 'northside' ORDER BY p.touch_number
SQL
	print "  preview_schedule() of the preset Aggressive, after a job of Friday 6 March, 21:30 in New York:\n\n";
	printf "    %-10s  planned %-18s goes out %s\n", @$_ for @$rows;
	print "\n  What came of it: the first message of a day, by UTC. In New York the night lost an hour, in Phoenix it did not.\n\n";
	printf "    %-22s %-12s %-12s %-12s\n", 'where', 'Sat 7 March', 'Sun 8 March', 'Mon 9 March';
	my $first = $world->{dba}->selectall_arrayref(<<'SQL');
SELECT k.zone, array_agg(to_char(x.first AT TIME ZONE 'UTC', 'HH24:MI') ORDER BY x.day)
  FROM (SELECT k.zone, (d.at AT TIME ZONE k.zone)::date AS day, min(d.at) AS first
          FROM delivered d JOIN clocks k USING (contact_id) GROUP BY 1, 2) x JOIN (VALUES (1, 'America/New_York'), (2, 'America/Chicago'), (3, 'America/Phoenix')) AS k (n, zone) USING (zone)
 WHERE x.day BETWEEN '2026-03-07' AND '2026-03-09' GROUP BY k.n, k.zone ORDER BY k.n
SQL
	printf "    %-22s %-12s %-12s %-12s\n", $_->[0], map { $_ // '' } @{ $_->[1] }[ 0 .. 2 ] for @$first;
}

# [hours from then on, messages of each condition]
sub by_hour
{
	my ($world, $from, $hours, @conditions) = @_;
	my $columns = join ', ', map { "count(d.at) FILTER (WHERE $_)" } @conditions;
	return @{ $world->{dba}->selectall_arrayref(<<"SQL", undef, $from, $hours) };
SELECT h, $columns
  FROM generate_series(0, \$2 - 1) h
  LEFT JOIN (delivered d JOIN campaign.campaigns k ON k.id = d.campaign_id JOIN campaign.tenants t ON t.id = d.tenant_id)
    ON floor((extract(epoch FROM d.at) - \$1) / 3600) = h
 GROUP BY h ORDER BY h
SQL
}

sub pause
{
	my ($world) = @_;
	my $resumed = $world->{seen}{resumed};
	heading('The pause');
	print "  When \"After any other job\" was resumed, $resumed->{overdue} touches were overdue; spread over six hours, and over the mornings\n",
		"  of 16 time zones, so many of its messages went out in each hour from then on:\n\n";
	my @hours = by_hour($world, $resumed->{at}, 10, q{k.name = 'After any other job'});
	print '    ', join(' ', map { sprintf '%4s', $_->[1] } @hours), "\n";
}

sub outage
{
	my ($world) = @_;
	my $outage = $world->{seen}{outage};
	my $moved = $world->value(q{SELECT count(*) FROM campaign.send_logs WHERE reason = 'too_late'});
	heading('The outage of three days');
	printf "  Down from %s to %s; then %s touches were overdue. \"After a cleaning\" says max_lateness:\n", map({ utc('%a %H:%M', $_) } @$outage{qw(from until)}),
		thousands($outage->{overdue});
	print "  its SMS of more than a day ago are skipped ($moved too_late), its emails go out at their hour of the next day.\n",
		"  The others are sent late, as fast as the limits let them. Messages in each hour from then on:\n\n";
	printf "    %-8s %18s %18s %18s\n", 'hour', 'After a cleaning', 'others northside', 'brightwell';
	for my $hour (by_hour($world, $outage->{until}, 24, q{k.name = 'After a cleaning'}, q{k.name <> 'After a cleaning' AND t.slug = 'northside'}, q{t.slug = 'brightwell'}))
	{
		my ($h, @n) = @$hour;
		printf "    %-8s %18s %18s %18s  %s\n", utc('%a %H:00', $outage->{until} + $h * HOUR), map({ $_ || '.' } @n), bar($n[0] + $n[1] + $n[2], 220)
			if $h < 8 || $n[0] + $n[1] + $n[2];
	}
}

sub limit
{
	my ($world) = @_;
	my $capped = $world->{seen}{capped};
	heading('The business that is limited');
	my $rows = $world->{dba}->selectall_arrayref(<<'SQL', { Slice => {} });
SELECT part, cap, max(used) AS most FROM used
 WHERE slug = 'brightwell' AND channel = 'email' GROUP BY 1, 2 ORDER BY 2
SQL
	printf "  brightwell sent at most %d emails in one %s; its limit is %d.\n", @$_{qw(most part cap)} for @$rows;
	print "  (An attempt that fails uses its place as well.)\n";
	printf "  At %d stops it had touches waiting at the limit, up to %d; at none of them did a touch of northside wait.\n", $capped->{stops} // 0, $capped->{most} // 0
		unless $capped->{held_up};
}

sub health
{
	my ($world) = @_;
	heading('What health() calls attention to at the end');
	my $rows = $world->{platform}->selectall_arrayref(q{SELECT severity, name, value, detail FROM campaign.health() WHERE severity <> 'ok'});
	printf "  %-9s %-18s %4s  %s\n", @$_ for @$rows;
}

sub explanation
{
	my ($world) = @_;
	my $why = $world->{seen}{explained} or return;
	heading('Why has this contact not received the next touch?');
	print "  $why->{at} UTC, $why->{there} in $why->{city}: $why->{name} waits for touch $why->{touch_number} ($why->{channel}) of \"$why->{campaign}\".\n",
		"  explain_enrollment() asks every check that a claim asks, in its order:\n\n";
	for (@{ $why->{rows} })
	{
		(my $row = $_) =~ s/ +(until)? *$//;
		print "    $row\n";
	}
}

# ---- the story of one enrolment

sub one_enrollment
{
	my ($world) = @_;
	my $db = $world->{member}{northside};
	my $chosen = $db->selectrow_hashref(<<'SQL');
SELECT v.enrollment_id, v.tenant_id, c.name, c.timezone, c.attributes ->> 'city' AS city, k.name AS campaign, j.service_type
  FROM campaign.enrollment_timeline v
  JOIN campaign.contacts c ON c.tenant_id = v.tenant_id AND c.id = v.contact_id
  JOIN campaign.campaigns k ON k.tenant_id = v.tenant_id AND k.id = v.campaign_id
  JOIN campaign.jobs j ON j.tenant_id = v.tenant_id AND j.id = v.job_id
 WHERE v.touch_3_status = 'sent' AND v.touch_1_status = 'sent' AND c.timezone LIKE 'America/%'
 ORDER BY NOT EXISTS (SELECT FROM campaign.touch_events x WHERE x.tenant_id = v.tenant_id AND x.enrollment_id = v.enrollment_id AND x.link = 'review'),
          (SELECT count(*) FROM campaign.send_logs l
            WHERE l.tenant_id = v.tenant_id AND l.enrollment_id = v.enrollment_id AND l.status = 'failed') = 0, c.external_id LIMIT 1
SQL
	heading('One enrolment, step by step');
	printf "  %s in %s, after a %s job, in \"%s\"; times in %s\n\n", @$chosen{qw(name city service_type campaign timezone)};
	my $steps = $db->selectall_arrayref(<<'SQL', { Slice => {} }, @$chosen{qw(tenant_id enrollment_id timezone)});
SELECT to_char(s.at AT TIME ZONE $3, 'Dy FMDD Mon HH24:MI') AS at, s.what FROM (
  SELECT e.enrolled_at AS at, 0 AS n, 'the job is completed and enrols the customer' AS what
    FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2
  UNION ALL
  SELECT l.claimed_at, l.touch_number, format('touch %s, attempt %s: %s%s', l.touch_number, l.attempt,
           CASE l.status WHEN 'sent' THEN format('%s sent to %s', l.channel, l.address)
                         WHEN 'failed' THEN format('%s failed (%s)%s', l.channel, l.error, CASE WHEN l.is_final THEN '' ELSE ', to be tried again' END)
                         ELSE format('%s skipped (%s)', l.channel, l.reason) END,
           CASE WHEN l.claimed_at > l.scheduled_at + interval '35 minutes' THEN ', planned for ' || to_char(l.scheduled_at AT TIME ZONE $3, 'Dy HH24:MI') END)
    FROM campaign.send_logs l WHERE l.tenant_id = $1 AND l.enrollment_id = $2
  UNION ALL
  SELECT v.at, v.touch_number, format('touch %s is %s%s', v.touch_number, v.kind,
           CASE WHEN v.is_machine THEN ' by a machine' WHEN v.link IS NOT NULL THEN ', on the ' || v.link || ' link' END)
    FROM campaign.touch_events v WHERE v.tenant_id = $1 AND v.enrollment_id = $2
  UNION ALL
  SELECT coalesce(e.completed_at, e.stopped_at), 99, CASE e.status WHEN 'completed' THEN 'no touch is left: the enrolment is completed'
         ELSE 'the enrolment is stopped: ' || e.stop_reason END
    FROM campaign.campaign_enrollments e WHERE e.tenant_id = $1 AND e.id = $2 AND e.status <> 'active') s
 ORDER BY s.at, s.n
SQL
	printf "  %16s  %s\n", $_->{at}, $_->{what} for @$steps;
	my ($message) = sort { $b->{touch_number} <=> $a->{touch_number} }
		grep { $_->{enrollment_id} eq $chosen->{enrollment_id} } $world->{provider}->messages('email');
	return unless $message;
	$message->{body} =~ s{(/l/\w+/.{12})\S+}{$1...}g;
	print "\n  Its last email read:\n\n";
	print '    │', (length ? " $_" : ''), "\n" for "Subject: $message->{subject}", '', split /\n/, $message->{body};
}

# ---- what the second tenant sees of the first

sub isolation
{
	my ($world) = @_;
	my ($dba, $member) = @$world{qw(dba member)};
	heading('What brightwell sees of northside');
	my ($tenant) = $dba->selectrow_array(q{SELECT id FROM campaign.tenants WHERE slug = 'northside'});
	my $failed = 0;
	print "  SELECT count(*) FROM campaign.<table> WHERE tenant_id = '<northside>'\n\n";
	printf "  %-22s %14s %14s\n", 'table', 'as northside', 'as brightwell';
	for my $table (qw(contacts consents suppressions jobs campaigns campaign_enrollments touch_queue send_logs touch_events campaign_analytics))
	{
		my @counts = map { ($member->{$_}->selectrow_array("SELECT count(*) FROM campaign.$table WHERE tenant_id = \$1", undef, $tenant))[0] }
			qw(northside brightwell);
		printf "  %-22s %14s %14s\n", $table, map { thousands($_) } @counts;
		$failed++ if $counts[1] != 0 || $counts[0] == 0;
	}
	my ($enrollment, $contact, $campaign) = $dba->selectrow_array(
		q{SELECT id, contact_id, campaign_id FROM campaign.campaign_enrollments WHERE tenant_id = $1 AND status = 'active' ORDER BY id LIMIT 1}, undef, $tenant);
	print "\n  and if it tries with an id of northside, or at what nobody may write:\n\n";
	for my $try (
		[ P0002 => qq{SELECT campaign.stop_enrollment('$enrollment')} ],
		[ P0002 => qq{SELECT campaign.archive_contact('$contact')} ],
		[ P0002 => qq{SELECT campaign.pause_campaign('$campaign')} ],
		[ 42501 => qq{INSERT INTO campaign.contacts (tenant_id, email) VALUES ('$tenant', 'x\@example.com')} ],
		[ 42501 => q{UPDATE campaign.send_logs SET status = 'sent'} ],
		[ 42501 => q{SELECT * FROM campaign.claim_due_touches('me')} ])
	{
		my ($expected, $query) = @$try;
		my $done = eval { $member->{brightwell}->do($query); 1 };
		my $state = $done ? '00000' : $member->{brightwell}->state;
		(my $message = $done ? 'done!' : $member->{brightwell}->errstr) =~ s/\n.*//s;
		$message =~ s/^ERROR:\s+//;
		(my $shown = $query) =~ s/([0-9a-f]{8})[0-9a-f-]{28}/$1.../;
		$message =~ s/([0-9a-f]{8})[0-9a-f-]{28}/$1.../;
		printf "  %s\n      %s  %s\n", $shown, $state, $message;
		$failed++ if $state ne $expected;
	}
	return $failed == 0;
}

# ---- figures for the closing checks

sub facts
{
	my ($world) = @_;
	my $seen = $world->{seen};
	heading('Nothing sent twice, nothing lost, nothing at the wrong time');
	my ($messages, $keys) = $world->{dba}->selectrow_array('SELECT count(*), count(DISTINCT key) FROM delivered');
	my ($sent, $settled) = $world->{dba}->selectrow_array(<<'SQL');
SELECT count(*), count(*) FILTER (WHERE metadata ->> 'settled_by' IS NOT NULL) FROM campaign.send_logs WHERE status = 'sent'
SQL
	my $begins = 0;
	$begins += $seen->{$_} for grep { /^begin-/ } keys %$seen;
	fact('messages that the provider sent', $messages, "with $keys idempotency keys");
	fact('sent rows in send_logs', $sent, "$settled of them settled by what the provider told of them, as their worker had died");
	fact('emails handed over once more', scalar $world->{provider}->messages('repeated'), 'by whoever took over from the dead; the provider knew the key and sent nothing');
	fact('reports that came too late', $seen->{'report-lease_lost'} // 0, 'answered lease_lost: somebody else had the touch by then');
	fact('sends that did not begin', $begins, 'the touch was stopped, paused or suppressed after its claim');
	fact('workers killed', $seen->{killed} // 0, 'with SIGKILL, at work');
	fact('uncertain, left to a person', ($seen->{uncertain}{sent} // 0) + ($seen->{uncertain}{retry} // 0), 'begun by a worker that died, and no receipt: never sent again blindly');
	fact('events told', $seen->{told}, sprintf '%d of them twice, and %d before the report of their message', $seen->{'event duplicate'} // 0, $seen->{'early-unmatched'} // 0);
	fact('enrolments stopped by them', $world->value(q{SELECT count(*) FROM campaign.campaign_enrollments
		WHERE stop_reason IN ('review_clicked', 'replied', 'feedback_submitted', 'bounced', 'unsubscribed')}));
	fact('conflicts settled by maintenance', $seen->{maintenance}{settle_conflicts} // 0);
	print "\n";
}

sub fact
{
	my ($what, $n, $remark) = @_;
	(my $text = sprintf '  %-34s%6s  %s', $what, thousands($n), $remark // '') =~ s/ +$//;
	print "$text\n";
}

1;
