package CrashCrew;

# The crew of crash.t: processes outside the database that claim, send and
# report, or stop enrolments, while the server is killed under them.
#
# Each writes a journal of its own, one line per event:
#
#   KIND TIME FIELD...     TIME is the machine's monotonic clock, in seconds
#
#   claiming  WORKER                                  before a claim
#   claimed   ENROLLMENT TOUCH ATTEMPT CHANNEL KEY BEGUN ASKED   after its commit
#   beginning ENROLLMENT TOUCH ATTEMPT                before begin_send
#   releasing ENROLLMENT TOUCH ATTEMPT                before release_touch
#   begun     ENROLLMENT TOUCH ATTEMPT ANSWER ASKED   after its commit
#   send      ENROLLMENT TOUCH ATTEMPT KEY            the message is out
#   report    ENROLLMENT TOUCH ATTEMPT OUTCOME RESULT after the commit of a report
#   stopping  ENROLLMENT                              before stop_enrollment
#   stopped   ENROLLMENT                              after its commit
#   connected
#   error     SQLSTATE MESSAGE                        of a server that was there
#
# ASKED is when the call was made that a line tells the answer of.  A line is
# written whole before what follows it is done, so a journal never knows less
# than happened, except for the answer that a crash swallowed.

use strict;
use warnings;

use DBI;
use Exporter 'import';
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(start_worker start_stopper read_journals);

# What becomes of touches in a worker's hands: some attempts fail or are given
# back, and some touches are never wanted, whoever has them.
use constant { FAILED => 0.02, RELEASED => 0.01 };

# Each process is told: dsn, folder, pipe (write end), seed, and its number.
sub start_worker { return start_process('worker', \&worker_round, @_); }
sub start_stopper { return start_process('stopper', \&stopper_round, @_); }

sub start_process
{
	my ($role, $round, %crew) = @_;
	my $test = $$;
	my $pid = fork() // die "fork: $!";
	return $pid if $pid;

	my %me = (%crew, name => "$role$crew{number}", test => $test);
	open $me{journal}, '>>', "$crew{folder}/$me{name}" or POSIX::_exit(1);
	srand $crew{seed} * 1000 + $crew{number};
	eval { work(\%me, $round); 1 } or note_event(\%me, 'error', 'perl', $@);
	# Without the END blocks of the test, which stop the server.
	POSIX::_exit(0);
}

# Rounds until the file "stop" is there and one has found nothing to do.
sub work
{
	my ($me, $round) = @_;
	while (getppid() == $me->{test})
	{
		my $found = eval { connect_again($me) unless $me->{dbh}; $round->($me) };
		if (!defined $found)
		{
			forget_connection($me, $@);
			$found = 1;
		}
		last if !$found && -e "$me->{folder}/stop";
	}
	return;
}

sub connect_again
{
	my ($me) = @_;
	$me->{dbh} =
	  DBI->connect($me->{dsn}, undef, undef, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
	# Half of the crew does not wait for the disk, where that is up to them:
	# claims and begins have to be durable all the same.
	$me->{dbh}->do('SET synchronous_commit = off') if $me->{number} % 2;
	note_event($me, 'connected');
	return;
}

# An error of a live server is none that this crew may see.
sub forget_connection
{
	my ($me, $error) = @_;
	my $dbh = delete $me->{dbh};
	if (!$dbh)
	{
		# the server is down or starts
		select undef, undef, undef, 0.02;
		return;
	}
	if ($dbh->ping)
	{
		$error =~ s/\s+/ /g;
		note_event($me, 'error', $dbh->state, $error);
	}
	eval { $dbh->disconnect };
	return;
}

sub note_event
{
	my ($me, @fields) = @_;
	note_events($me, \@fields);
	return;
}

sub note_events
{
	my ($me, @events) = @_;
	my $now = sprintf '%.6f', clock_gettime(CLOCK_MONOTONIC);
	my $lines = join '', map { join(' ', $_->[0], $now, @$_[ 1 .. $#$_ ]) . "\n" } @events;
	length($lines) == (syswrite($me->{journal}, $lines) // 0) or die "journal: $!";
	return;
}

# What the test waits for: c a claim, s a send, i nothing to do.
sub announce
{
	my ($me, $what) = @_;
	syswrite $me->{pipe}, $what;
	return;
}

sub between
{
	my ($low, $high) = @_;
	return $low + int rand($high - $low + 1);
}

# ---- workers

sub worker_round
{
	my ($me) = @_;
	my $touches = claim($me);
	if (!@$touches)
	{
		announce($me, 'i');
		select undef, undef, undef, 0.05;
		return 0;
	}
	announce($me, 'c');
	while (my @part = splice @$touches, 0, between(1, 40))
	{
		report($me, send_part($me, @part));
	}
	return 1;
}

# Half of the claims are a transaction of several statements.
sub claim
{
	my ($me) = @_;
	my $begin_now = rand() < 0.25;
	my $worker = $me->{name} . ($begin_now ? '-begins' : '');
	my $asked = clock_gettime(CLOCK_MONOTONIC);
	my $in_transaction = rand() < 0.5;
	note_event($me, 'claiming', $worker);
	$me->{dbh}->begin_work if $in_transaction;
	my $touches = $me->{dbh}->selectall_arrayref(
		q{SELECT enrollment_id, touch_number, attempt, channel, idempotency_key, lease_token
		    FROM campaign.claim_due_touches(?, ?, make_interval(secs => ?), begin_now => ?)},
		{ Slice => {} },
		$worker,
		$begin_now ? between(25, 60) : between(25, 200),
		1 + rand(3),
		$begin_now ? 1 : 0);
	$me->{dbh}->commit if $in_transaction;
	$_->{begun} = $begin_now ? 1 : 0 foreach @$touches;
	note_events(
		$me,
		map {
			[
				'claimed', id($_), $_->{channel}, $_->{idempotency_key}, $_->{begun}, sprintf '%.6f', $asked
			]
		} @$touches) if @$touches;
	return $touches;
}

sub id
{
	my ($touch) = @_;
	return @$touch{qw(enrollment_id touch_number attempt)};
}

# Begins and sends; returns what is to be reported.
sub send_part
{
	my ($me, @touches) = @_;
	my @done;
	foreach my $touch (@touches)
	{
		next unless $touch->{begun} || begin_send($me, $touch);
		$touch->{outcome} =
		    $touch->{idempotency_key} =~ /00$/ ? 'skipped'
		  : rand() < RELEASED ? 'released'
		  : rand() < FAILED ? 'failed'
		  : 'sent';
		if ($touch->{outcome} eq 'released')
		{
			release($me, $touch);
			next;
		}
		if ($touch->{outcome} eq 'sent')
		{
			note_event($me, 'send', id($touch), $touch->{idempotency_key});
			announce($me, 's');
		}
		push @done, $touch;
	}
	return @done;
}

sub begin_send
{
	my ($me, $touch) = @_;
	my $asked = clock_gettime(CLOCK_MONOTONIC);
	note_event($me, 'beginning', id($touch));
	my ($answer) =
	  $me->{dbh}->selectrow_array('SELECT campaign.begin_send(?)', undef, $touch->{lease_token});
	note_event($me, 'begun', id($touch), $answer, sprintf '%.6f', $asked);
	return $answer eq 'go';
}

# A lease that has ended meanwhile cannot be given back, which is no fault. One that was given back
# when the server was killed has no answer: that it was tried is noted before.
sub release
{
	my ($me, $touch) = @_;
	note_event($me, 'releasing', id($touch));
	eval {
		$me->{dbh}->do('SELECT campaign.release_touch(?)', undef, $touch->{lease_token});
		note_event($me, 'report', id($touch), 'released', 'ok');
		1;
	} or ($me->{dbh}->state eq 'CP004' or die $@);
	return;
}

sub report
{
	my ($me, @touches) = @_;
	return unless @touches;
	my $items = join ', ', map { "ROW(?, ?, ?, ?, false, ?, NULL, NULL)" } @touches;
	my $answers = $me->{dbh}->selectall_arrayref(
		"SELECT lease_token, result FROM campaign.report_touches(ARRAY[$items]::campaign.touch_result[])",
		{ Slice => {} },
		map { ($_->{lease_token}, $_->{outcome}, $_->{idempotency_key}, 'no answer', 'not wanted') }
		  @touches);
	note_events($me,
		map { [ 'report', id($touches[$_]), $touches[$_]{outcome}, $answers->[$_]{result} ] }
		  0 .. $#touches);
	return;
}

# ---- stopper

# Stops enrolments of the list that it was given, at random.
sub stopper_round
{
	my ($me) = @_;
	return 0 unless @{ $me->{enrollments} };
	my ($victim) = splice @{ $me->{enrollments} }, int rand @{ $me->{enrollments} }, 1;
	note_event($me, 'stopping', $victim);
	$me->{dbh}->do('SELECT campaign.stop_enrollment(?)', undef, $victim);
	note_event($me, 'stopped', $victim);
	select undef, undef, undef, 0.02;
	return 1;
}

# ---- afterwards

# All events of all journals: a hash by kind, of lists of hashes.
sub read_journals
{
	my ($folder) = @_;
	my %fields = (
		claimed => [qw(enrollment touch attempt channel key begun asked)],
		claiming => [qw(worker)],
		beginning => [qw(enrollment touch attempt)],
		releasing => [qw(enrollment touch attempt)],
		begun => [qw(enrollment touch attempt answer asked)],
		send => [qw(enrollment touch attempt key)],
		report => [qw(enrollment touch attempt outcome result)],
		stopping => [qw(enrollment)],
		stopped => [qw(enrollment)],
		connected => [],
		error => [qw(state message)]);
	my %events = map { $_ => [] } keys %fields;
	foreach my $file (sort glob "$folder/worker* $folder/stopper*")
	{
		my ($number) = $file =~ /(\d+)$/;
		open my $journal, '<', $file or die "$file: $!";
		while (my $line = <$journal>)
		{
			chomp $line;
			my ($kind, $time, $rest) = split / /, $line, 3;
			my @names = @{ $fields{$kind} };
			my %event = (time => $time, number => $number, kind => $kind);
			@event{@names} = split / /, $rest // '', scalar(@names) || 1;
			push @{ $events{$kind} }, \%event;
		}
	}
	return \%events;
}

1;
