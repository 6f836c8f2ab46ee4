package FuzzServer;

# The server of a fuzz target, with a database of its own: that which PGHOST
# names, or else one that is started for it.

use strict;
use warnings;
my $own_server;
BEGIN { $own_server = !$ENV{PGHOST} }
use if $own_server, 'PostgreSQL::Test::Cluster';
use Exporter 'import';
use File::Temp;

our @EXPORT = qw(fuzz_database psql);

my $node;
my $database;

# Makes the database, with the extension and a function that says what a domain
# of it says of a document, and returns its name.
sub fuzz_database
{
	if ($own_server)
	{
		$node = PostgreSQL::Test::Cluster->new('fuzz');
		$node->init;
		$node->start;
	}
	$database = "campaign_fuzz_$$";
	psql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
	psql($database, <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION campaign CASCADE;
-- Nothing, or its error.
CREATE FUNCTION domain_error(document jsonb, domain regtype, OUT state text, OUT message text, OUT detail text, OUT hint text)
	LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT $1::%s', domain) USING document;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
SQL
	return $database;
}

END { psql('postgres', "DROP DATABASE IF EXISTS $database") if $database && !$own_server; }

# What psql prints for a script, which must not fail.
sub psql
{
	my ($db, $script) = @_;
	my $file = File::Temp->new;
	my @server = $node ? ('-h', $node->host, '-p', $node->port) : ();

	binmode $file, ':utf8';
	print $file $script;
	close $file;
	local $ENV{PGCLIENTENCODING} = 'UTF8';
	open my $pipe, '-|', 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @server, '-d', $db, '-f', "$file"
	  or die "psql: $!";
	local $/;
	my $output = <$pipe>;
	close $pipe or die "psql failed: " . substr($script, 0, 200);
	chomp $output;
	return $output;
}

1;
