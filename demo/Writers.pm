package Writers;

# Writers: the processes that write messages (demo/writer), of which one is
# killed at work and not replaced.

use strict;
use warnings;
use POSIX qw(WNOHANG);

sub new
{
	my ($class, $folder, @names) = @_;
	my $self = bless { folder => $folder, all => {} }, $class;
	for my $name (@names)
	{
		my $pid = fork // die "fork: $!";
		exec $^X, '-Idemo', 'demo/writer', $name, $folder or die "writer: $!" unless $pid;
		$self->{all}{$pid} = $name;
	}
	return $self;
}

sub lay_trap
{
	my ($self) = @_;
	open my $file, '>', "$self->{folder}/kill-writing" or die "kill-writing: $!";
}

# The name of one who was killed since the last time.
sub dead
{
	my ($self) = @_;
	for my $pid (keys %{ $self->{all} })
	{
		next unless waitpid $pid, WNOHANG;
		my $name = delete $self->{all}{$pid};
		die "$name ended by itself, with status $?\n" if ($? & 127) != 9;
		return $name;
	}
	return;
}

sub stop
{
	my ($self) = @_;
	kill 'TERM', keys %{ $self->{all} };
	waitpid $_, 0 for keys %{ $self->{all} };
	$self->{all} = {};
}

1;
