package EngineRun;

# One sequence of moves against a database: the picture of the model is held
# against that of the database after each move, and in the end everything that
# can be done is done.  A failed sequence is made shorter.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(min sum0);
use Storable qw(dclone);

use ModelTimes qw(FOREVER HOUR);
use EngineOverlap qw(open_overlap close_overlap);
use EnginePicture qw(picture_of_database picture_of_model);
use EngineReplay qw(recount replay_log);
use EngineSequence qw(pick chance between);
use EventMoves qw(%event_moves);
use MemberMoves qw(%member_moves);
use WorkerMoves qw(%worker_moves);

our @EXPORT_OK = qw(random_sequence run_sequence shorten);

my %moves = (
	%member_moves, %worker_moves, %event_moves,
	open => [ 5, \&open_transaction ],
	close => [ 5, \&close_transaction ]);

# What is never made inside a transaction that stays open.
my %outside = map { $_ => 1 } qw(open close clock end_leases stranger);

# A seed for the world, and for each move its name and its seed.  Each sequence
# has moves of its own that it likes, and some that it never makes.
sub random_sequence
{
	my ($seed, $length) = @_;
	srand $seed;
	my %always = map { $_ => 1 } qw(enroll claim report clock);
	my %weight = map { $_ => $moves{$_}[0] * ($always{$_} ? 1 : pick(0, 0.5, 1, 1, 3)) } sort keys %moves;
	my @names = sort keys %weight;
	my $sum = sum0(values %weight);
	my @moves = map { [ 'enroll', int rand 1 << 31 ] } 1 .. between(0, 6);
	push @moves, map {
		my $at = rand $sum;
		my ($name) = grep { ($at -= $weight{$_}) < 0 } @names;
		[ $name, int rand 1 << 31 ]
	} @moves + 1 .. $length;
	return { seed => $seed, world => int rand 1 << 31, drain => 1, moves => \@moves };
}

# Returns what went wrong, with the number of the move; nothing if all was well.
# Adds to the counts of what was seen.
sub run_sequence
{
	my ($db, $sequence, $seen) = @_;
	my $s = EngineSequence->new($db);
	my $number = 0;
	my $what = 'the world';
	my $done = eval {
		srand $sequence->{world};
		$s->make_world;
		compare($s);
		foreach my $move (@{ $sequence->{moves} })
		{
			$number++;
			my ($name, $seed) = @$move;
			$what = "move $number, $name";
			srand $seed;
			make_move($s, $name);
		}
		$what = 'the end';
		close_overlap($s, 'COMMIT');
		look_back($s);
		finish($s);
		look_back($s);
		1;
	};
	my $failure = $done ? undef : "$what: $@";
	if ($seen)
	{
		$seen->{$_} += $s->{seen}{$_} foreach keys %{ $s->{seen} };
	}
	my $transcript = $failure ? $db->transcript($s->{m}) : '';
	close_overlap($s, 'ROLLBACK');
	eval { $s->leave_world; 1 } or $failure //= "the tenants cannot be deleted: $@";
	return defined $failure ? { text => $failure, at => $number, transcript => $transcript } : undef;
}

sub make_move
{
	my ($s, $name) = @_;
	my $former = $s->{inside} ? dclone($s->{m}) : undef;
	my $made = eval { $moves{$name}[1]->($s) };
	if (defined $made)
	{
		$s->see("move: $name") if $made;
	}
	elsif ($@ eq "blocked\n")
	{
		$s->{m} = $former;
		$s->see("blocked: $name");
	}
	else
	{
		die $@;
	}
	compare($s);
	return;
}

sub open_transaction
{
	my ($s) = @_;
	my @names = grep { !$outside{$_} } sort keys %moves;
	my @inner = map { $moves{ pick(@names) }[1] } 1 .. between(1, 2);
	return open_overlap($s, \&compare, @inner);
}

sub close_transaction
{
	my ($s) = @_;
	return close_overlap($s, chance(0.7) ? 'COMMIT' : 'ROLLBACK');
}

sub compare
{
	my ($s) = @_;
	my @found = picture_of_database($s->{db}, $s->{m});
	my @expected = picture_of_model($s->{m});
	return if "@found" eq "@expected";
	my %count;
	$count{$_}-- foreach @expected;
	$count{$_}++ foreach @found;
	die "the state is another (- as expected, + as found)\n"
	  . join('', map { ($count{$_} < 0 ? '- ' : '+ ') . "$_\n" } sort grep { $count{$_} } keys %count);
}

# Campaigns go on, leases end, what is uncertain is resolved, and all that is
# due is sent until nothing is left: no enrolment is lost.
sub finish
{
	my ($s) = @_;
	my $m = $s->{m};
	my %worker = (worker => 'w1', max => 100, begun => 0);
	foreach my $campaign (grep { $_->{status} eq 'paused' } @{ $m->{campaigns} })
	{
		$s->ask('owner', "SELECT campaign.resume_campaign('$campaign->{id}')");
		$m->resume($campaign);
	}
	for (my $round = 0;; $round++)
	{
		die "it does not come to an end\n" if $round > 1000;
		my @leased = grep { $_->{row} && $_->{row}{lease} eq 'live' } @{ $m->{enrollments} };
		WorkerMoves::end_lease_of($s, @leased) if @leased;
		MemberMoves::resolve($s, $_) foreach grep { $m->is_uncertain($_) } @{ $m->{enrollments} };
		my $claimed = WorkerMoves::claim_as($s, %worker);
		my @tokens = map { $_->{row} && $_->{row}{lease} eq 'live' ? $_->{row}{token} : () } @{ $m->{enrollments} };
		WorkerMoves::report_items($s, 'w1', map { { token => $_, status => 'sent' } } @tokens) if @tokens;
		compare($s);
		if ($m->due_enrollments)
		{
			# some cap is used up
			$m->{now} += HOUR unless $claimed;
			next;
		}
		my @waiting = grep { $_->{row} } @{ $m->{enrollments} };
		last unless @waiting;
		my $next = min(map { $m->due($_) } @waiting);
		$m->{now} = $next if $next < FOREVER && $next > $m->{now};
	}
	die "live in the end: $_->{name}\n" foreach $m->live_enrollments;
	return;
}

# What has been written down comes to the state that there is.
sub look_back
{
	my ($s) = @_;
	replay_log($s->{db}, $s->{m});
	recount($s);
	return;
}

# A shorter sequence that fails as well: moves are left out, many at first and
# then one by one, as long as there is time.
sub shorten
{
	my ($db, $sequence, $failure, $seconds) = @_;
	my $deadline = time + $seconds;
	my @moves = @{ $sequence->{moves} }[ 0 .. min($failure->{at}, scalar @{ $sequence->{moves} }) - 1 ];
	for (my $size = int(@moves / 2); $size >= 1; $size = int($size / 2))
	{
		for (my $from = $#moves - $size + 1; $from >= 0 && time < $deadline; $from -= $size)
		{
			my @fewer = @moves;
			splice @fewer, $from, $size;
			my $again = run_sequence($db, { %$sequence, moves => \@fewer });
			next unless $again;
			@moves = @fewer;
			$failure = $again;
		}
	}
	$failure = run_sequence($db, { %$sequence, moves => \@moves }) // $failure;
	return (\@moves, $failure);
}

1;
