package WholeServer;

# A server killed as a machine kills it: all of its processes at once, none
# with a chance to say goodbye.  (kill9 of PostgreSQL::Test::Cluster takes the
# postmaster only; a backend lives on until it next looks.)

use strict;
use warnings;

use Exporter 'import';
use POSIX ':sys_wait_h';
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(kill_whole_server);

# Where the first process of a container is slow to bury orphans, we do it:
# PR_SET_CHILD_SUBREAPER.  Without it we wait.
eval { require 'syscall.ph'; syscall(&SYS_prctl, 36, 1, 0, 0, 0) };

sub kill_whole_server
{
	my ($node) = @_;
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	# Held, so that it starts nobody while its children are counted; the signal is
	# only sent when kill returns, and a fork that is under way is still finished.
	kill 'STOP', $postmaster or die "no postmaster $postmaster";
	select undef, undef, undef, 0.001 until is_stopped($postmaster);
	my @children = children_of($postmaster);
	kill 'KILL', @children;
	$node->kill9;
	wait_until_gone($_) foreach @children, $postmaster;
	return;
}

sub children_of
{
	my ($parent) = @_;
	my @children;
	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		my ($pid, undef, $ppid) = read_stat($file);
		push @children, $pid if defined $ppid && $ppid == $parent;
	}
	return @children;
}

# Also from the table of processes: the next postmaster looks there for the last.
sub wait_until_gone
{
	my ($pid) = @_;
	while (-e "/proc/$pid")
	{
		select undef, undef, undef, 0.002 if waitpid($pid, WNOHANG) <= 0;
	}
	return;
}

sub is_stopped
{
	my ($pid) = @_;
	my (undef, $state) = read_stat("/proc/$pid/stat") or die "process $pid is gone";
	return $state eq 'T';
}

# Pid, state and parent; nothing if the process is gone.
sub read_stat
{
	my ($file) = @_;
	open my $stat, '<', $file or return;
	my $line = <$stat> // return;
	return $line =~ /^(\d+) \(.*\) (\S) (\d+)/;
}

1;
