# Random interleavings of rows that come in, are committed late or not at all,
# claimed, given back, reported, moved, taken away, of leases that end and servers that
# stop, with and without shared memory: whatever is due is claimed by the next
# claim, without shared memory at most campaign.mark_ttl later.
#
# The seeds are fixed and printed; CAMPAIGN_SEED=N runs that one,
# CAMPAIGN_SOAK=1 many more, from a seed that the time gives.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'sleep';

use MarksDatabase qw(fill_places put claim);
use Sessions qw(session);

my $soak = $ENV{CAMPAIGN_SOAK};
my $first = $ENV{CAMPAIGN_SEED} // ($soak ? time % 1_000_000_000 : 1);
my $count = $ENV{CAMPAIGN_SEED} ? 1 : $soak ? 100 : 9;
my $moves = 250;
my $places = 400;    # of a lane
my $ttl = 200;
diag("$count sequences of $moves moves for each kind, seeds $first to " . ($first + $count - 1));

my $node = PostgreSQL::Test::Cluster->new('marks');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\ncampaign.mark_ttl = $ttl\n");
$node->start;
fill_places($node, $places);
$node->append_conf('postgresql.conf', 'include_if_exists = \'kind.conf\'');
my @sessions;
my @tokens;
my @lanes;    # that rows come into

foreach my $kind ('own marks', 'shared marks', 'shared marks, too few')
{
	my $conf = $node->data_dir . '/kind.conf';
	unlink $conf;
	append_to_file($conf, "shared_preload_libraries = 'campaign'\n") if $kind =~ /shared/;
	append_to_file($conf, "campaign.max_marked_lanes = 8\n") if $kind =~ /few/;
	append_to_file($conf, "autovacuum = off\n");
	restart();
	foreach my $seed ($first .. $first + $count - 1)
	{
		is(run($kind, $seed), '', "$kind, seed $seed: nothing that is due is overlooked");
	}
}
unlink $node->data_dir . '/kind.conf';
append_to_file($node->data_dir . '/kind.conf', "shared_preload_libraries = 'campaign'\n");
restart();
is(in_parallel($soak ? 60 : 5), '', 'side by side, nothing that is due is overlooked');
$_->{dbh}->disconnect foreach @sessions;
$node->stop;
done_testing();

# Rows come in while claims read; leases end, so that there is much to read.
sub in_parallel
{
	my ($seconds) = @_;
	my @children;
	$sessions[0]{dbh}->do('TRUNCATE campaign.touch_queue');
	foreach my $number (0 .. 3)
	{
		my $pid = fork // die "fork: $!";
		if ($pid == 0)
		{
			my $dbh = session($node, 'shop');
			my $end = time + $seconds;
			srand $first + $number;
			while (time < $end)
			{
				if ($number < 2) { claim($dbh, 20, '1 second') }
				else { put($dbh, 1 + int rand 2 * $places, int rand 3600) }
			}
			# without DESTROY of what the parent has
			require POSIX;
			POSIX::_exit(0);
		}
		push @children, $pid;
	}
	waitpid $_, 0 foreach @children;
	sleep 1.1;
	return overlooked();
}

sub restart
{
	$_->{dbh}->disconnect foreach @sessions;
	$node->stop(rand() < 0.5 ? 'fast' : 'immediate');
	$node->start;
	@sessions = map { { dbh => session($node, 'shop'), open => 0, number => $_ } } 0 .. 3;
	return;
}

sub run
{
	my ($kind, $seed) = @_;
	srand $seed;
	begin_anew();
	my @done;
	foreach my $move (1 .. $moves)
	{
		push @done, random_move();
		next if $move % 25 || $move < $moves && rand() < 0.6;
		finish($_) foreach @sessions;
		if (rand() < 0.15)
		{
			restart();
			push @done, 'restart';
		}
		sleep $ttl / 1000 + 0.05 if $kind =~ /own/;
		my $overlooked = overlooked();
		return "after $move moves: $overlooked\n" . join "\n", @done if $overlooked ne '';
		# all has been read now, so that what comes next is behind all marks; that, too, is one of the cases
		if (rand() < 0.6)
		{
			begin_anew();
			push @done, 'begins anew';
		}
	}
	return '';
}

# An empty queue, of which nothing has been read.
sub begin_anew
{
	my $dbh = $sessions[0]{dbh};
	$dbh->do('TRUNCATE campaign.touch_queue');
	@tokens = ();
	# few lanes have rows on both sides of their marks, many are told apart
	@lanes = rand() < 0.5 ? (0, 4, 8) : 0 .. 11;
	# dead entries, without which a session does not use its own marks
	put($dbh, $_, 3600) foreach map { $_ * $places + 1 .. $_ * $places + 80 } 0 .. 2;
	$dbh->do('DELETE FROM campaign.touch_queue');
	# so much that claims leave something behind
	put($dbh, own_place($sessions[0], $lanes[ rand @lanes ]), int(rand 60) * 60) foreach 1 .. rand 20;
	return;
}

sub finish
{
	my ($s) = @_;
	return if !$s->{open};
	rand() < 0.6 ? $s->{dbh}->commit : $s->{dbh}->rollback;
	$s->{open} = 0;
	return;
}

# One of the places of a lane that this session alone puts rows into.
sub own_place
{
	my ($s, $lane) = @_;
	return 1 + $s->{number} + 4 * int $places / 4 * ($lane + rand);
}

sub random_move
{
	my $s = $sessions[ rand @sessions ];
	my $dbh = $s->{dbh};
	my $what = rand;
	my $free = 'ctid = ANY (ARRAY(SELECT ctid FROM campaign.touch_queue WHERE %s ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED))';

	if ($what < 0.12)
	{
		return "$s->{number} goes on" if $s->{open};
		$dbh->begin_work;
		$s->{open} = 1;
		return "$s->{number} begins";
	}
	if ($what < 0.2)
	{
		finish($s);
		return "$s->{number} ends";
	}
	if ($what < 0.48)
	{
		# those of one lane and transaction, too, may be due on both sides of what has been read
		my $together = !$s->{open} && rand() < 0.5;
		my $lane = $lanes[ rand @lanes ];
		my @ages = map { rand() < 0.2 ? 0 : rand() < 0.1 ? -1 : int(rand 60) * 60 } 1 .. 1 + rand 4;
		$dbh->begin_work if $together;
		put($dbh, own_place($s, $lane), $_) foreach @ages;
		$dbh->commit if $together;
		return "$s->{number} puts, @ages";
	}
	if ($what < 0.7)
	{
		my $claimed = claim($dbh, 1 + int rand(rand() < 0.5 ? 2 : 8), rand() < 0.4 ? '1 second' : '5 minutes');
		push @tokens, map { $_->[1] } @$claimed if !$s->{open};
		return "$s->{number} claims " . join ' ', map { $_->[0] } @$claimed;
	}
	if ($what < 0.84 && @tokens)
	{
		my $token = splice @tokens, rand @tokens, 1;
		$dbh->do('SAVEPOINT s') if $s->{open};
		# whoever holds it in an open transaction would be waited for
		$dbh->do("SET lock_timeout = '100ms'");
		# a touch that failed is due again in a minute, elsewhere in its lane
		my $call = rand() < 0.4 ? 'release_touch(?)' : q{fail_touch(?, 'x')};
		eval { $dbh->do("SELECT campaign.$call", undef, $token) };
		my $how = $@ ? 'in vain' : '';
		$dbh->do('ROLLBACK TO s') if $@ && $s->{open};
		return "$s->{number} $call $how";
	}
	if ($what < 0.88)
	{
		$dbh->do('DELETE FROM campaign.touch_queue WHERE ' . sprintf $free, 'true');
		return "$s->{number} removes";
	}
	if ($what < 0.94)
	{
		my $age = int(rand 60) * 60;
		$dbh->do("UPDATE campaign.touch_queue SET due_at = clock_timestamp() - interval '$age seconds' WHERE " . sprintf $free, 'true');
		return "$s->{number} moves to $age";
	}
	$dbh->do(q{UPDATE campaign.touch_queue SET lease_until = clock_timestamp() - interval '1 second', attempt = 0 WHERE }
		  . sprintf $free, 'lease_until > clock_timestamp()');
	return "$s->{number} ends leases";
}

# What could be claimed and is not, with all transactions at their ends.
sub overlooked
{
	my $dbh = $sessions[ rand @sessions ]{dbh};
	$dbh->do('UPDATE campaign.touch_queue SET attempt = 0');
	my $due = $dbh->selectcol_arrayref(
		q{SELECT p.n FROM campaign.touch_queue q JOIN places p ON p.tenant_id = q.tenant_id AND p.enrollment = q.enrollment_id
		   WHERE q.due_at <= campaign.now() AND q.lease_until <= clock_timestamp() ORDER BY p.n});
	my %claimed = map { $_->[0] => 1 } @{ claim($dbh, 10000, '1 second') };
	return join ' ', grep { !$claimed{$_} } @$due;
}
