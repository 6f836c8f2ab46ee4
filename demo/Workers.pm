package Workers;

# Workers: the processes that send (demo/worker), and the accidents that they
# have. Whoever dies is replaced, unless everything is down.

use strict;
use warnings;
use Errno;
use IO::Select;
use Time::HiRes qw(time);

use constant SIZE => 4;

# of the campaign that is paused in the middle of its work
my $busy_lanes = <<'SQL';
SELECT count(*) FROM campaign.touch_queue q JOIN campaign.lanes l ON l.tenant_id = q.tenant_id AND l.lane = q.lane
 WHERE l.campaign_id = (SELECT id FROM campaign.campaigns WHERE name = $1) AND q.lease_until > clock_timestamp()
SQL
my %thing = (email => 'an email', sms => 'an sms', linkedin_connect => 'an invitation', linkedin_message => 'a LinkedIn message');
my $due = 'coalesce(campaign.next_due_at() <= campaign.now(), false)';
my $leased = 'EXISTS (SELECT FROM campaign.touch_queue WHERE lease_until > clock_timestamp())';

sub new
{
	my ($class, $world, $folder) = @_;
	return bless { world => $world, folder => $folder, pipes => IO::Select->new, all => {}, made => 0 }, $class;
}

# One of them claims and begins at once.
sub start
{
	my ($self) = @_;
	$self->add($_ == SIZE ? '-at-most-once' : '') for 1 .. SIZE;
}

sub add
{
	my ($self, $kind) = @_;
	my $name = 'worker-' . ++$self->{made} . $kind;
	my $pid = open my $pipe, '-|', $^X, '-Idemo', 'demo/worker', $name, $self->{folder} or die "worker: $!";
	$self->{all}{$pid} = { name => $name, kind => $kind, pid => $pid, pipe => $pipe, busy => 1, said => '' };
	$self->{pipes}->add($pipe);
}

sub up { return scalar keys %{ $_[0]{all} }; }

sub stop
{
	my ($self, $signal) = @_;
	for my $worker (values %{ $self->{all} })
	{
		kill $signal // 'TERM', $worker->{pid};
		$self->{pipes}->remove($worker->{pipe});
		close $worker->{pipe};
	}
	$self->{all} = {};
}

sub lay_trap
{
	my ($self, $trap) = @_;
	open my $file, '>', "$self->{folder}/$trap" or die "$self->{folder}/$trap: $!";
	close $file;
}

sub kill_somebody
{
	my ($self) = @_;
	my ($worker) = grep { $_->{busy} } map { $self->{all}{$_} } sort { $a <=> $b } keys %{ $self->{all} };
	kill 'KILL', $worker->{pid} if $worker;
}

# The clock was moved: there may be work.
sub wake
{
	my ($self) = @_;
	for my $worker (values %{ $self->{all} })
	{
		$worker->{busy} = 1;
		kill 'USR1', $worker->{pid};
	}
}

# Until workers hold touches of a campaign, or for two seconds.
sub wait_for_work
{
	my ($self, $campaign) = @_;
	my $patience = time + 2;
	$self->listen(0.002) until time > $patience || $self->{world}->value($busy_lanes, $campaign) >= 10;
}

# Until nothing that is due is left: neither to claim, nor with a worker, be he
# dead; if all are, until their leases have ended.
sub drain
{
	my ($self) = @_;
	my $patience = time + 300;
	while (1)
	{
		$self->listen(0.02) while grep({ $_->{busy} } values %{ $self->{all} }) && time < $patience;
		last unless $self->{world}->value($self->up ? "SELECT $due OR $leased" : "SELECT $leased");
		die "the queue is not drained after five minutes\n" if time > $patience;
		$self->listen(0.02);
	}
}

sub listen
{
	my ($self, $seconds) = @_;
	for my $pipe ($self->{pipes}->can_read($seconds))
	{
		my ($worker) = grep { $_->{pipe} == $pipe } values %{ $self->{all} };
		if (sysread $pipe, my $said, 65536)
		{
			$worker->{said} .= $said;
			$self->understand($worker, $1) while $worker->{said} =~ s/^(.*)\n//;
		}
		else { $self->replace($worker); }
	}
}

sub understand
{
	my ($self, $worker, $line) = @_;
	my ($what, @words) = split ' ', $line;
	$worker->{busy} = $what ne 'idle';
	if ($what eq 'batch')
	{
		$self->{world}->count(split /=/) for @words;
	}
	elsif ($what eq 'trapped')
	{
		my (undef, $step, $channel) = split /-/, $words[0];
		$worker->{fate} = $words[0] =~ /^kill/
			? 'killed ' . { claimed => 'after claiming', begun => "before sending $thing{$channel}", sent => "after sending $thing{$channel}" }->{$step}
			: '';
		$self->{world}->note("$worker->{name} hung after sending $thing{$channel}, and reported after its lease had ended") if $words[0] =~ /^hang/;
	}
}

sub replace
{
	my ($self, $worker) = @_;
	$self->{pipes}->remove($worker->{pipe});
	close $worker->{pipe};
	die "$worker->{name} ended by itself, with status $?\n" if ($? & 127) != 9;
	delete $self->{all}{ $worker->{pid} };
	$self->add($worker->{kind});
	$self->{world}->count('killed');
	$self->{world}->note("$worker->{name} " . ($worker->{fate} || 'killed at some moment') . ', replaced');
}

1;
