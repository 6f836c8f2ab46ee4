package World;

# World: what everybody in the demo shares: sessions, the engine's clock, and
# what is noted of a day. Time is that of the engine, in seconds of the epoch.

use strict;
use warnings;
use utf8;
use DBI;
use Exporter 'import';
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

use constant { HOUR => 3600, DAY => 86400, DAYS => 18 };
use constant START => 1772438400;    # Monday, 2 March 2026, 08:00 UTC
our @EXPORT_OK = qw(HOUR DAY DAYS START thousands utc);

sub new
{
	my ($class, %self) = @_;
	my $self = bless { clock => START, seen => {}, today => {}, member => {}, %self }, $class;
	$self->{dba} = session('postgres');
	return $self;
}

sub session
{
	my ($role) = @_;
	return DBI->connect('dbi:Pg:', $role, '', { AutoCommit => 1, RaiseError => 1, PrintError => 0, PrintWarn => 0 });
}

sub psql
{
	my ($self, $role, $file, @variables) = @_;
	system('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-o', '/dev/null', map({ ('-v', $_) } @variables), '-f', $file) == 0
		or die "$file failed\n";
}

sub psql_command
{
	my ($self, $role, $command) = @_;
	system('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-c', $command) == 0 or die "psql failed\n";
}

# For every session of the cluster, and only a superuser can: ALTER SYSTEM and
# reload. The clock goes on by itself from where it is put.
sub move_clock
{
	my ($self, $to) = @_;
	my $dba = $self->{dba};
	# The setting exists once the library is loaded.
	$dba->do('SELECT campaign.now()');
	$dba->do(sprintf q{ALTER SYSTEM SET campaign.clock_offset = '%.3f seconds'}, $to - time);
	$dba->do('SELECT pg_reload_conf()');
	my ($now, $tries) = (0, 0);
	until ($now >= $to - 1)
	{
		die "the clock did not move\n" if ++$tries > 10000;
		sleep 0.002;
		($now) = $dba->selectrow_array('SELECT extract(epoch FROM campaign.now())');
	}
	$self->{clock} = $to;
}

# The first value of a query, asked by the database administrator.
sub value
{
	my ($self, $query, @parameters) = @_;
	return ($self->{dba}->selectrow_array($query, undef, @parameters))[0];
}

sub count
{
	my ($self, $what, $n) = @_;
	$self->{$_}{$what} += $n // 1 for qw(today seen);
}

sub note { push @{ $_[0]{notes} }, $_[1]; }

sub thousands
{
	my ($n) = @_;
	1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;
	return $n;
}

sub utc { return strftime($_[0], gmtime $_[1]); }

1;
