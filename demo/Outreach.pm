package Outreach;

# Outreach: the third business, which writes to strangers. Its campaign goes
# from a template to contacts, to messages that a model writes and people
# review, to a launch; the days that follow are those of everybody (demo/play),
# and the workers too. A second one is exported, for people who send by hand.

use strict;
use warnings;
use utf8;
use JSON::PP;
use Model;
use Time::HiRes qw(sleep time);
use World qw(HOUR DAY thousands);
use Writers;

use constant { NAME => 'Winter contracts', TEMPLATE => 'LinkedIn + Email Sequence', WRITERS => 3 };

my $json = JSON::PP->new->canonical;
my %filter = (tags => ['decides'], language => ['en'], min_score => 60, require_email => JSON::PP::true, require_linkedin => JSON::PP::true);
my %generation = (tone => 'professional', value_proposition => 'one contract and one number for all repairs');
my @columns = ([ 'linkedin_connect', 'invitations' ], [ 'email', 'emails' ], [ 'linkedin_message', 'messages' ]);

# Why a reviewer changes a text, and how.
my @edits = (
	[ too_formal => sub { $_[0] =~ s/^Dear (.*),/Hello $1,/r } ],
	[ wrong_tone => sub { $_[0] =~ s/revolutionary offer/offer/r =~ s/would be glad to/would like to/r =~ s/Thank you for your time/Thank you/r } ],
	[ generic => sub { $_[0] =~ s/,/, from one who knows $_[1]{city}:/r } ],
	[ too_long => sub { $_[0] =~ s/(May I call|Shall I send).*/Interested?/r =~ s/In short, for/For/r =~ s/buildings like those of/what belongs to/r } ],
);

sub new
{
	my ($class, $world, $folder) = @_;
	my $self = bless { world => $world, folder => $folder, model => Model->new("$folder/model"), db => World::session('harbour') }, $class;
	$world->{member}{harbour} = $self->{db};
	return $self;
}

sub ask { return ($_[0]{db}->selectrow_array($_[1], undef, @_[ 2 .. $#_ ]))[0]; }
sub row { return $_[0]{db}->selectrow_hashref($_[1], undef, @_[ 2 .. $#_ ]); }
sub say_that { my ($call, $text) = @_; printf "  %-31s %s\n", $call, $text; }

# What functions return as (outcome, how many).
sub outcomes
{
	my ($self, $query, @values) = @_;
	return join ', ', map { "$_->[1] $_->[0]" } @{ $self->{db}->selectall_arrayref($query, undef, @values) };
}

# ---- before the first day

sub prepare
{
	my ($self) = @_;
	my $main = $self->design;
	my $writers = Writers->new($self->{folder}, map { "writer-$_" } 1 .. WRITERS);
	my $worked = eval {
		$self->generate($main, $writers);
		$self->try_failed_again($main, $writers);
		say_that('exclude_contacts()', $self->exclude(6, 'true') . ', as they have become customers');
		$self->review($main);
		say_that('transition_campaign()', $self->ask(q{SELECT campaign.transition_campaign($1, 'approved')}, $main));
		$self->by_hand($main, $writers);
		1;
	};
	my $trouble = $@;
	$writers->stop;
	die $trouble unless $worked;
}

sub design
{
	my ($self) = @_;
	my $campaign = $self->ask(<<'SQL', TEMPLATE, NAME);
SELECT campaign.create_campaign_from_template(id, $2, audience => 'assigned') FROM campaign.campaign_templates WHERE is_system AND name = $1
SQL
	$self->{world}{outreach} = $self->{campaign} = $campaign;
	$self->{db}->do('SELECT campaign.configure_campaign($1, $2, $3)', undef, $campaign, $json->encode(\%generation),
		$json->encode({ linkedin_daily_connections => 80, from_name => 'Ada of Harbour' }));
	$self->{db}->do(<<'SQL');
INSERT INTO campaign.generation_budgets (tenant_id, mode, amount_usd) SELECT id, 'hard', 3 FROM campaign.tenants WHERE slug = 'harbour'
SQL
	my $steps = $self->ask(q{SELECT string_agg(channel, ', ' ORDER BY touch_number) FROM campaign.campaign_touches WHERE campaign_id = $1}, $campaign);
	say_that('create_campaign_from_template()', sprintf '"%s", from "%s": %s', NAME, TEMPLATE, $steps);

	say_that('assign_contacts(filter)', $self->outcomes('SELECT * FROM campaign.assign_contacts($1, filter => $2)', $campaign, $json->encode(\%filter)));
	# some of them known, one twice, one of nobody
	my $cards = $self->{db}->selectcol_arrayref(<<'SQL');
SELECT id FROM campaign.contacts WHERE archived_at IS NULL AND language = 'en' AND score BETWEEN 55 AND 64 ORDER BY external_id LIMIT 30
SQL
	my @ids = (@$cards, $cards->[0], '00000000-0000-0000-0000-00000000cafe');
	say_that('assign_contacts(ids, filter)', 'of 32 cards from a fair: '
		. $self->outcomes('SELECT * FROM campaign.assign_contacts($1, $2, $3)', $campaign, \@ids, $json->encode({ %filter, min_score => 55 })));

	$self->check_readiness($campaign);
	my $found = $self->ask(<<'SQL', $campaign);
SELECT count(campaign.record_stage('contact', k.contact_id, 'person')::text)
  FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.id = k.contact_id
 WHERE k.campaign_id = $1 AND k.status = 'enrichment_needed' AND c.external_id !~ '7$'
SQL
	say_that('record_stage()', "$found of them are looked up");
	$self->check_readiness($campaign);
	$self->{db}->do(q{SELECT campaign.transition_campaign($1, 'ready')}, undef, $campaign);
	return $campaign;
}

sub check_readiness
{
	my ($self, $campaign) = @_;
	my $ready = $self->row('SELECT * FROM campaign.check_readiness($1)', $campaign);
	my $gaps = $self->ask(<<'SQL', $campaign);
SELECT string_agg(DISTINCT g, ', ') FROM campaign.campaign_contacts k CROSS JOIN unnest(k.enrichment_gaps) g WHERE k.campaign_id = $1
SQL
	say_that('check_readiness()', "$ready->{enrichment_ok} contacts are ready" . ($gaps ? ", $ready->{enrichment_needed} lack $gaps" : ''));
}

# ---- messages are written

sub generate
{
	my ($self, $campaign, $writers) = @_;
	my $all = $self->row('SELECT * FROM campaign.estimate_generation($1) WHERE touch_number IS NULL', $campaign);
	say_that('estimate_generation()', "$all->{messages} messages for $all->{contacts} contacts: " . usd($all->{usd}) . ", $all->{credits} credits");
	$self->ask('SELECT campaign.start_generation($1)', $campaign);
	say_that('start_generation()', WRITERS . ' writers, processes outside the database, are woken by NOTIFY; one is killed at work');
	print "\n    generation_progress()\n";
	printf "    %8s %13s %13s %13s  %7s  %7s  %9s  %s\n", 'percent', (map { $_->[1] } @columns), 'held', 'failed', 'spent', 'reserved';
	my ($killed, $trapped, $said);
	my $progress = $self->watch($campaign, 0.6, sub {
		my ($now) = @_;
		my $line = progress_line($now);
		print "$line\n" if $line ne ($said // '');
		$said = $line;
		$writers->lay_trap if $now->{percent} > 10 && !$trapped++;
		my $name = $writers->dead or return;
		$killed = $name;
		print "             $name is killed with SIGKILL; what it holds can be claimed again when its leases end\n";
	});
	die "no writer was killed\n" unless $killed;
	my $again = $self->row(<<'SQL', $progress->{job});
SELECT count(*) AS contacts, string_agg(DISTINCT worker, ' and ') AS by FROM campaign.generation_items WHERE job_id = $1 AND attempts > 1
SQL
	$self->{world}{seen}{writer} = { killed => $killed, again => $again->{contacts} };
	print "\n";
	my $lost = () = $self->{model}->calls('charged');
	say_that('generation_items', "$again->{contacts} contacts of $killed were claimed again by $again->{by}");
	say_that('generation_costs', "$lost calls of $killed are missing: it had paid for them, and died before it could report");
	$self->{estimated} = $all->{usd};
	$self->compare($campaign);
}

# Until it has ended; what is to be done each time is told how far it is.
sub watch
{
	my ($self, $campaign, $seconds, $each) = @_;
	my $patience = time + 120;
	while (1)
	{
		my $now = $self->row('SELECT * FROM campaign.generation_progress($1)', $campaign);
		$each->($now) if $each;
		return $now if $now->{status} ne 'running';
		die "the messages are not written after two minutes\n" if time > $patience;
		sleep $seconds;
	}
}

sub progress_line
{
	my ($now) = @_;
	my $channels = $json->decode($now->{by_channel});
	my @parts = map { "$_->{generated} of $_->{target}" } map { $channels->{ $_->[0] } } @columns;
	return sprintf '    %6.1f %% %13s %13s %13s  %7d  %7d  %9s  %s', $now->{percent}, @parts, @$now{qw(held failed)},
		map { usd($_) } @$now{qw(spent_usd reserved_usd)};
}

sub usd { return sprintf '%.3f USD', $_[0]; }

sub compare
{
	my ($self, $campaign) = @_;
	my $spent = $self->row('SELECT * FROM campaign.campaign_generation_costs WHERE campaign_id = $1', $campaign);
	say_that('campaign_generation_costs', sprintf '%s in %s calls, estimated %s', usd($spent->{usd}), thousands($spent->{calls}), usd($self->{estimated}));
}

sub try_failed_again
{
	my ($self, $campaign, $writers) = @_;
	my $progress = $self->row('SELECT status, failures, end_reason FROM campaign.generation_progress($1)', $campaign);
	say_that('generation_jobs', $progress->{end_reason});
	my %errors;
	$errors{ $_->{error} }++ for @{ $json->decode($progress->{failures}) };
	say_that('campaign_contacts.error', "$errors{$_}: $_") for sort keys %errors;
	say_that('retry_generation()', $self->ask('SELECT campaign.retry_generation($1)', $campaign) . ' contacts');
	my $done = $self->watch($campaign, 0.1);
	say_that('generation_jobs', $done->{end_reason});
	$self->compare($campaign);
}

# Some of those that it has written to, or is writing to.
sub exclude
{
	my ($self, $n, $condition) = @_;
	my $some = $self->{db}->selectcol_arrayref(<<"SQL", undef, $self->{campaign});
SELECT k.contact_id FROM campaign.campaign_contacts k JOIN campaign.contacts c ON c.id = k.contact_id
 WHERE k.campaign_id = \$1 AND k.status = 'generated' AND $condition ORDER BY reverse(c.external_id) LIMIT $n
SQL
	return $self->outcomes('SELECT * FROM campaign.exclude_contacts($1, $2, $3)', $self->{campaign}, $some, 'has become a customer');
}

# ---- people review them

# A page is read; every other message of it is edited, then all are judged, in the versions that were read or made.
sub review
{
	my ($self, $campaign) = @_;
	print "\n    review_summary()\n";
	printf "    %8s %9s %9s  %s\n", qw(draft approved rejected can_approve);
	my ($n, %edited, @rejected) = (0);
	$self->review_summary($campaign);
	while (my @page = @{ $self->{db}->selectall_arrayref('SELECT * FROM campaign.review_queue($1, max_rows => 200)', { Slice => {} }, $campaign) })
	{
		my @good;
		for my $message (@page)
		{
			$n++;
			if ($n % 2)
			{
				my $reason = $self->edit($message, $edits[ $n / 2 % @edits ]);
				$edited{$reason}++;
			}
			push @{ $n % 41 == 8 ? \@rejected : \@good }, $message;
		}
		$self->judge('approve', undef, @good);
		$self->judge('reject', 'promises what we do not do', grep { $_->{message_status} eq 'draft' } @rejected);
		$_->{message_status} = 'rejected' for @rejected;
		$self->review_summary($campaign);
	}
	# half of what was rejected is put right
	my @again = @rejected[ grep { $_ % 2 } 0 .. $#rejected ];
	my $right = [ factually_wrong => sub { $_[0] =~ s/all repairs/most repairs/r =~ s/buildings like/a few buildings like/r } ];
	$edited{ $self->edit($_, $right) }++ for @again;
	$self->review_summary($campaign);
	$self->judge('approve', undef, @again);
	my $summary = $self->review_summary($campaign);
	die "the campaign cannot be approved: $summary->{obstacle}\n" unless $summary->{can_approve};
	print "\n";
	say_that('edit_message()', join ', ', map { "$edited{$_} $_" } sort keys %edited);
}

sub edit
{
	my ($self, $message, $edit) = @_;
	my ($reason, $change) = @$edit;
	my $contact = $self->row(q{SELECT attributes ->> 'city' AS city FROM campaign.contacts WHERE id = $1}, $message->{contact_id});
	$message->{body} = $change->($message->{body}, $contact);
	$message->{version} = $self->ask('SELECT campaign.edit_message($1, $2, body => $3, version => $4)', $message->{message_id}, $reason,
		@$message{qw(body version)});
	return $reason;
}

sub judge
{
	my ($self, $action, $reason, @messages) = @_;
	my $refused = $self->row(q{SELECT count(*) AS n, min(detail) AS detail FROM campaign.review_messages($1, $2, $3, $4) WHERE result = 'refused'},
		[ map { $_->{message_id} } @messages ], $action, $reason, [ map { $_->{version} } @messages ]);
	die "$refused->{n} messages are refused: $refused->{detail}\n" if $refused->{n};
}

sub review_summary
{
	my ($self, $campaign) = @_;
	my $now = $self->row('SELECT * FROM campaign.review_summary($1)', $campaign);
	printf "    %8d %9d %9d  %s\n", @$now{qw(draft approved rejected)}, $now->{can_approve} ? 'yes' : "no: $now->{obstacle}";
	return $now;
}

# ---- and some of them send by hand

sub by_hand
{
	my ($self, $main, $writers) = @_;
	my $db = $self->{db};
	print "\n";
	my $copy = $self->ask('SELECT campaign.clone_campaign($1)', $main);
	say_that('clone_campaign()', '"' . $self->ask('SELECT name FROM campaign.campaigns WHERE id = $1', $copy) . '", for those who speak Spanish');
	$db->do('SELECT campaign.configure_campaign($1, $2)', undef, $copy,
		$json->encode({ %generation, language => 'es', value_proposition => 'un contrato y un número para todo',
			custom_instructions => 'A person sends this.' }));
	say_that('assign_contacts(filter)', $self->outcomes('SELECT * FROM campaign.assign_contacts($1, filter => $2)', $copy,
		$json->encode({ %filter, language => ['es'] })));
	$db->do(q{SELECT campaign.transition_campaign($1, 'ready')}, undef, $copy);
	$db->do('SELECT campaign.start_generation($1)', undef, $copy);
	my $done = $self->watch($copy, 0.1);
	if ($done->{failed})
	{
		$db->do('SELECT campaign.retry_generation($1)', undef, $copy);
		$done = $self->watch($copy, 0.1);
	}
	my $messages = $db->selectall_arrayref('SELECT message_id, version FROM campaign.review_queue($1, max_rows => 1000)', { Slice => {} }, $copy);
	$self->judge('approve', undef, @$messages);
	$db->do(q{SELECT campaign.transition_campaign($1, 'approved')}, undef, $copy);
	say_that('start_generation()', scalar @$messages . ' messages, all of them approved as they are');
	$self->{exported} = "$self->{folder}/by_hand.csv";
	$self->{world}->psql_command('harbour', qq{\\copy (SELECT * FROM campaign.export_messages('$copy')) TO '$self->{exported}' (FORMAT csv, HEADER true)});
	say_that('export_messages()', sprintf 'a CSV file of %s bytes; the campaign is %s', thousands(-s $self->{exported}),
		$self->ask('SELECT status FROM campaign.campaigns WHERE id = $1', $copy));
	open my $file, '<:encoding(UTF-8)', $self->{exported} or die "$self->{exported}: $!";
	my ($name) = join('', <$file>) =~ /("'=.*?[^"]"),/ or die "the file has no name with an apostrophe\n";
	say_that('csv_safe()', "what a spreadsheet would run is text in it: $name");
	$self->{copy} = $copy;
}

# ---- in the eighteen days

# [time after the start, what happens], for the diary
sub entries
{
	my ($self) = @_;
	return [ DAY + 8 * HOUR, sub { $self->launch } ],
		[ 5 * DAY + 8 * HOUR, sub { $self->exclude_some } ],
		[ 8 * DAY, sub { $self->reopen } ],
		[ 8 * DAY + 21 * HOUR, sub { $self->approve_reopened } ],
		[ 17 * DAY, sub { $self->finish } ];
}

sub launch
{
	my ($self) = @_;
	my $status = $self->ask('SELECT campaign.launch_campaign($1)', $self->{campaign});
	my $n = $self->ask('SELECT count(*) FROM campaign.campaign_enrollments WHERE campaign_id = $1', $self->{campaign});
	$self->{world}->note(sprintf '"%s" of harbour is launched: %s, %d contacts enrolled', NAME, $status, $n);
}

sub exclude_some
{
	my ($self) = @_;
	my $done = $self->exclude(5, <<'SQL');
k.contact_id IN (SELECT e.contact_id FROM campaign.campaign_enrollments e WHERE e.campaign_id = k.campaign_id AND e.status = 'active')
SQL
	$self->{world}->note(sprintf 'contacts of "%s": %s, as they have become customers', NAME, $done);
}

# Approved messages that wait for their day are edited, and are drafts again: they are held until somebody approves them.
sub reopen
{
	my ($self) = @_;
	$self->{reopened} = $self->{db}->selectall_arrayref(<<'SQL', { Slice => {} }, $self->{campaign});
SELECT m.id AS message_id, m.contact_id, m.body, m.version FROM campaign.messages m
  JOIN campaign.campaign_enrollments e ON e.campaign_id = m.campaign_id AND e.contact_id = m.contact_id
  JOIN campaign.contacts c ON c.id = m.contact_id
 WHERE m.campaign_id = $1 AND m.touch_number = 3 AND m.status = 'approved' AND e.status = 'active' ORDER BY c.external_id LIMIT 8
SQL
	my $edit = [ factually_wrong => sub { $_[0] . "PS: Our prices are those of last year.\n" } ];
	$self->edit($_, $edit) for @{ $self->{reopened} };
	my $n = @{ $self->{reopened} };
	$self->{world}->note(sprintf '%d messages of "%s" are edited in the last moment, and held until they are approved', $n, NAME);
}

sub approve_reopened
{
	my ($self) = @_;
	my @ids = map { $_->{message_id} } @{ $self->{reopened} };
	my $held = $self->ask(q{SELECT count(*) FROM campaign.messages WHERE id = ANY ($1) AND status = 'draft'}, \@ids);
	$self->judge('approve', undef, @{ $self->{reopened} });
	$self->{world}->note("they are approved now: $held of them were still held");
}

sub finish
{
	my ($self) = @_;
	my $status = $self->ask(q{SELECT campaign.transition_campaign($1, 'completed')}, $self->{campaign});
	$self->{world}->note(sprintf '"%s" is %s', NAME, $status);
}

1;
