package Sessions;

# Sessions that stay: what a backend remembers is part of what is tested.

use strict;
use warnings;

use DBI;
use Exporter 'import';

our @EXPORT_OK = qw(session sqlstate_of);

# A session of the database; as a role, if one is named.
sub session
{
	my ($node, $database, $role) = @_;
	my $dsn = 'dbi:Pg:' . join ';', split / /, $node->connstr($database);
	return DBI->connect($dsn, $role, undef,
		{ RaiseError => 1, PrintError => 0, PrintWarn => 0, pg_server_prepare => 0 });
}

# What a statement raises; 00000 if nothing.
sub sqlstate_of
{
	my ($dbh, $sql, @values) = @_;
	eval { $dbh->selectall_arrayref($sql, undef, @values) };
	return $dbh->state || '00000';
}

1;
