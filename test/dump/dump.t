# A database with rows in every table, through pg_dump into a fresh cluster:
# all of it arrives, grants included, by every way of restoring.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest
  qw(make_roles campaign_database fill_database fingerprint all_rows dumped_tables differences);

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init;
$old->start;
make_roles($old);
campaign_database($old, 'shop');
fill_database($old, 'shop');

my $rows = all_rows($old, 'shop');
my $fingerprint = fingerprint($old, 'shop');

# What is not there cannot be lost: fill.sql must reach every table.
foreach my $table (dumped_tables($old, 'shop'))
{
	isnt(scalar(grep { /^\Q$table\E \|/ } @$rows), 0, "there are rows to dump in $table");
}
cmp_ok(scalar(grep { /privileges/ && /regress_dump_ada/ } @$fingerprint),
	'>', 20, 'a role has privileges to lose');

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->start;

my $folder = PostgreSQL::Test::Utils::tempdir();
command_ok(
	[
		'pg_dumpall', '-p', $old->port, '-h', $old->host, '--roles-only',
		'--no-role-passwords', '-f', "$folder/roles.sql"
	],
	'dump the roles');
# The new cluster has the superuser already.
my $superuser = $new->safe_psql('postgres', 'SELECT current_user');
my $roles = join "\n", grep { !/^(CREATE|ALTER) ROLE "?\Q$superuser\E"?\b/ }
  split /\n/, slurp_file("$folder/roles.sql");
$new->safe_psql('postgres', $roles);

my @dump = ('pg_dump', '-p', $old->port, '-h', $old->host);
my @restore = ('pg_restore', '--exit-on-error', '-p', $new->port, '-h', $new->host);
my %ways = (
	plain => [
		[ @dump, '-f', "$folder/plain.sql", 'shop' ],
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-p', $new->port, '-h', $new->host,
			'-d', 'plain', '-f', "$folder/plain.sql"
		]
	],
	inserts => [
		[ @dump, '--rows-per-insert=10', '-f', "$folder/inserts.sql", 'shop' ],
		[
			'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-p', $new->port, '-h', $new->host,
			'-d', 'inserts', '-f', "$folder/inserts.sql"
		]
	],
	custom => [
		[ @dump, '-Fc', '-f', "$folder/custom.dump", 'shop' ],
		[ @restore, '-1', '-d', 'custom', "$folder/custom.dump" ]
	],
	# An archive says nothing about the order in which an extension's tables are
	# to be loaded: two loaders at a time do without checks of foreign keys.
	parallel => [
		[ @dump, '-Fd', '-j', '2', '-f', "$folder/parallel", 'shop' ],
		[ @restore, '-j', '2', '-d', 'parallel', "$folder/parallel" ]
	]);

foreach my $way (sort keys %ways)
{
	my ($take, $put) = @{ $ways{$way} };
	command_checks_all($take, 0, [qr/^$/], [qr/^$/], "$way: dump, without a warning");
	$new->safe_psql('postgres', "CREATE DATABASE $way TEMPLATE template0");
	{
		local $ENV{PGOPTIONS} = '-c session_replication_role=replica' if $way eq 'parallel';
		command_ok($put, "$way: restore");
	}
	is(differences($rows, all_rows($new, $way)), '', "$way: all rows are there, and no others");
	is(differences($fingerprint, fingerprint($new, $way)),
		'', "$way: the same objects, comments, seeds and privileges");
}

# What is a letter, a capital or a blank in one locale is none in another; a
# CHECK that asked the locale would refuse the whole table there.
my $odd_rows = q{SELECT address FROM campaign.suppressions UNION SELECT email FROM campaign.contacts
	UNION SELECT name FROM campaign.tenants ORDER BY 1};
foreach my $ctype ('C', 'C.UTF-8')
{
	my $name = $ctype eq 'C' ? 'plainctype' : 'richctype';
	$old->safe_psql('postgres',
		"CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '$ctype'");
}
$old->safe_psql('plainctype', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION campaign CASCADE;
SELECT campaign.create_tenant(U&'Anna\2003s', 'annas', 'UTC', 'anna') AS tenant \gset
SELECT campaign.suppress_address(:'tenant', U&'JOS\00C9@x.example');
INSERT INTO campaign.contacts (tenant_id, email) VALUES (:'tenant', U&'A\2003B@x.example');
SQL
command_ok([ @dump, '-f', "$folder/ctype.sql", 'plainctype' ], 'dump from a locale that knows ASCII only');
command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-p', $old->port, '-h', $old->host,
		'-d', 'richctype', '-f', "$folder/ctype.sql"
	],
	'restore where more characters are letters and blanks');
is($old->safe_psql('richctype', $odd_rows), $old->safe_psql('plainctype', $odd_rows),
	'the same names and addresses');

# The comparison sees what it is there for.
$new->safe_psql('plain',
	q{UPDATE campaign.tenants SET min_gap = min_gap + interval '1 second' WHERE NOT seeded});
like(differences($rows, all_rows($new, 'plain')),
	qr/^\+ campaign\.tenants \|/m, 'a changed row would be seen');
$new->safe_psql('plain', 'REVOKE EXECUTE ON FUNCTION campaign.now() FROM regress_dump_ada');
like(
	differences($fingerprint, fingerprint($new, 'plain')),
	qr/^- function privileges \| campaign\.now\(\) \| .*regress_dump_ada=EXECUTE/m,
	'a lost privilege would be seen');

$new->stop;
$old->stop;
done_testing();
