# Random sequences of what members and workers do, against a model of the
# engine: after each move the database's state is the model's, and in the end
# the log replays to it.
#
# The seeds are fixed and printed.  CAMPAIGN_SEED=N runs the one sequence of
# that seed, or CAMPAIGN_SEQUENCES of them from there; CAMPAIGN_SOAK=1 runs many
# more, from a seed that the time gives.  With PGHOST set it uses that server, in
# a database of its own.
use strict;
use warnings;

use FindBin;
my $own_server;
BEGIN { $own_server = !$ENV{PGHOST} }
use if $own_server, 'PostgreSQL::Test::Cluster';
use lib "$FindBin::RealBin/lib";
use DBI;
use Test::More;

use EngineDatabase;
use EngineRun qw(random_sequence run_sequence shorten);

my $soak = $ENV{CAMPAIGN_SOAK};
my $count = $ENV{CAMPAIGN_SEQUENCES} // ($ENV{CAMPAIGN_SEED} ? 1 : $soak ? 5_000 : 80);
my $first = $ENV{CAMPAIGN_SEED} // ($soak ? time * 10_000 % 2_000_000_000 : 1);
my $length = 60;
my $most_failures = 3;

my $node = start_server();
my $database = "campaign_property_$$";
my $dsn = make_database();
my $db = EngineDatabase->new($dsn);
# a model that stumbles proves nothing
$SIG{__WARN__} = sub { die @_ };
my (%seen, @failed);
diag("$count sequences of $length moves, seeds $first to " . ($first + $count - 1));

foreach my $seed ($first .. $first + $count - 1)
{
	$db->clean_up if $seed % 20 == 0;
	my $sequence = random_sequence($seed, $length);
	my $failure = run_sequence($db, $sequence, \%seen) // next;
	push @failed, $seed;
	show_failure($sequence, $failure);
	last if @failed >= $most_failures;
}
is("@failed", '', "$count sequences: the engine did as the model");
my $moves = 0;
$moves += $seen{$_} foreach grep { /^move: / } keys %seen;
note("seen: $_ $seen{$_}") foreach sort keys %seen;
diag("$moves moves in ", time - $^T, ' s');
done_testing();

sub show_failure
{
	my ($sequence, $failure) = @_;
	diag("seed $sequence->{seed}, $failure->{text}");
	my ($moves, $shorter) = shorten($db, $sequence, $failure, 60);
	diag('made shorter: ', join(' ', map { $_->[0] } @$moves), "\n$shorter->{text}\n$shorter->{transcript}");
	return;
}

sub start_server
{
	return unless $own_server;
	my $server = PostgreSQL::Test::Cluster->new('property');
	$server->init;
	$server->append_conf('postgresql.conf', "log_statement = none\nautovacuum = off\n");
	$server->start;
	return $server;
}

# Returns how to reach it.
sub make_database
{
	my $server = $node ? 'host=' . $node->host . ';port=' . $node->port : '';
	my $dbh = DBI->connect("dbi:Pg:dbname=postgres;$server", undef, undef, { RaiseError => 1 });
	$dbh->do("CREATE DATABASE $database TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
	$dbh = DBI->connect("dbi:Pg:dbname=$database;$server", undef, undef, { RaiseError => 1 });
	$dbh->do('SET client_min_messages = warning; CREATE EXTENSION campaign CASCADE');
	return "dbi:Pg:dbname=$database;$server";
}

END
{
	if (!$own_server && $database && $db)
	{
		$_->disconnect foreach values %{ $db->{sessions} };
		DBI->connect('dbi:Pg:dbname=postgres')->do("DROP DATABASE $database WITH (FORCE)");
	}
}
