package CampaignTest;

# What the tests of whole servers share: a database that uses everything, and
# two ways to look at it, by what it consists of and by its rows.

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;

our @EXPORT_OK =
  qw(make_roles campaign_database fill_database fingerprint all_rows row_counts dumped_tables differences);

# What a file of SQL prints; dies with no more than the error.
sub run_file
{
	my ($node, $name, $file) = @_;
	my ($out, $err);
	IPC::Run::run(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($name), '-f', $file
		],
		'<', \undef, '>', \$out, '2>', \$err) or die "$file: $err";
	return [ split /\n/, $out ];
}

# The roles that fill.sql gives access to.  They belong to the cluster, so
# they are made apart from the database.
sub make_roles
{
	my ($node) = @_;
	run_file($node, 'postgres', 'test/dump/roles.sql');
	return;
}

# A database with the extension, of the version given or the current one.
sub campaign_database
{
	my ($node, $name, $version) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name,
		    'SET client_min_messages = warning; CREATE EXTENSION campaign '
		  . (defined $version ? "VERSION '$version' " : '')
		  . 'CASCADE');
	return;
}

sub fill_database
{
	my ($node, $name, $file) = @_;
	run_file($node, $name, $file // 'test/dump/fill.sql');
	return;
}

sub fingerprint
{
	my ($node, $name) = @_;
	return run_file($node, $name, 'test/lib/fingerprint.sql');
}

sub all_rows
{
	my ($node, $name) = @_;
	return run_file($node, $name, 'test/lib/rows.sql');
}

# How many rows of users each table has.
sub row_counts
{
	my %count;
	$count{ (split / \| /)[0] }++ foreach @{ all_rows(@_) };
	return \%count;
}

# The tables whose rows a dump carries.
sub dumped_tables
{
	my ($node, $name) = @_;
	return split /\n/, $node->safe_psql(
		$name,
		q{SELECT c.oid::regclass FROM pg_extension x, unnest(x.extconfig) c (oid)
		  JOIN pg_class r USING (oid)
		  WHERE x.extname = 'campaign' AND r.relkind = 'r'
		  ORDER BY c.oid::regclass::text COLLATE "C"});
}

# Lines that only one of two lists has: "- line" of the first, "+ line" of the
# second.  Empty for equal lists.
sub differences
{
	my ($one, $other) = @_;
	my %count;
	$count{$_}-- foreach @$one;
	$count{$_}++ foreach @$other;
	return join '',
	  map { ($count{$_} < 0 ? '- ' : '+ ') . "$_\n" }
	  sort grep { $count{$_} != 0 } keys %count;
}

1;
