# Every released version, installed and filled with rows, updated to this one:
# what comes out is what a fresh installation gives, and no row is lost.
#
# Released versions lie in test/upgrade/frozen: campaign--X.Y.Z.sql as it was
# installed, and rows--X.Y.Z.sql, what its test/dump/fill.sql left in a database
# then: its own library is not here to run it.  A version made up
# here, with its scripts, shows each time that the comparison can fail.
use strict;
use warnings;

use File::Basename;
use File::Copy;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CampaignTest
  qw(make_roles campaign_database fill_database fingerprint all_rows row_counts differences);

my $scripts = $ENV{CAMPAIGN_EXTENSION_DIR};
my ($current) = slurp_file('campaign.control') =~ /^default_version = '(.*)'$/m;
my @frozen =
  map { /campaign--(.*)\.sql$/ } sort glob 'test/upgrade/frozen/campaign--*.sql';

my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init;
$node->start;
make_roles($node);

sub update
{
	my ($name, $version) = @_;
	$node->safe_psql($name,
		"SET client_min_messages = warning; ALTER EXTENSION campaign UPDATE TO '$version'");
	# New objects are granted to the roles that have access already.
	$node->safe_psql($name, 'SELECT campaign.reapply_access()');
	return;
}

campaign_database($node, 'fresh');
fill_database($node, 'fresh');
my $expected = fingerprint($node, 'fresh');
cmp_ok(scalar(@$expected), '>', 500, 'the fingerprint has facts');

# ---- a made-up version

my $next = "$current.madeup";
append_to_file("$scripts/campaign--$current--$next.sql", <<'SQL');
CREATE TABLE campaign.madeup (
  tenant_id uuid NOT NULL,
  note text,
  CONSTRAINT madeup_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES campaign.tenants (id) ON DELETE CASCADE
);
CREATE INDEX madeup_tenant_idx ON campaign.madeup (tenant_id);
COMMENT ON TABLE campaign.madeup IS 'Made up.';
SELECT pg_catalog.pg_extension_config_dump('campaign.madeup', '');
ALTER TABLE campaign.madeup ENABLE ROW LEVEL SECURITY;
CREATE POLICY madeup_select ON campaign.madeup FOR SELECT
  USING (tenant_id = ANY ((SELECT campaign.readable_tenants())::uuid[]));
CREATE FUNCTION campaign.madeup() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION campaign.madeup() FROM PUBLIC;
ALTER TABLE campaign.tenants ADD COLUMN madeup text NOT NULL DEFAULT 'x';
INSERT INTO campaign.access_privileges VALUES ('member', 'SELECT', 'TABLE campaign.madeup');
SQL
append_to_file("$scripts/campaign--$next--$current.sql", <<'SQL');
DELETE FROM campaign.access_privileges WHERE object = 'TABLE campaign.madeup';
ALTER TABLE campaign.tenants DROP COLUMN madeup;
ALTER EXTENSION campaign DROP FUNCTION campaign.madeup();
DROP FUNCTION campaign.madeup();
ALTER EXTENSION campaign DROP TABLE campaign.madeup;
DROP TABLE campaign.madeup;
SQL

campaign_database($node, 'madeup');
fill_database($node, 'madeup');
is(differences($expected, fingerprint($node, 'madeup')),
	'', 'two installations of one version are the same');
my $rows = all_rows($node, 'madeup');
update('madeup', $next);
my $seen = differences($expected, fingerprint($node, 'madeup'));
foreach my $fact (
	'member | function campaign.madeup()',
	'function | campaign.madeup()',
	'function privileges | campaign.madeup()',
	'relation | campaign.madeup',
	'relation privileges | campaign.madeup',
	'column | campaign.tenants.madeup',
	'constraint | madeup_tenant_fkey on campaign.madeup',
	'index | campaign.madeup_tenant_idx',
	'policy | madeup_select on campaign.madeup',
	'comment | table campaign.madeup',
	'dumped | campaign.madeup',
	'row | campaign.access_privileges')
{
	like($seen, qr/^\+ \Q$fact\E /m, "an update's difference is seen: $fact");
}
like($seen, qr/^\+ relation privileges \| campaign\.madeup .*regress_dump_ada=SELECT/m,
	'and what it grants');
isnt(differences($rows, all_rows($node, 'madeup')), '', 'and what it does to rows');
update('madeup', $current);
is(differences($expected, fingerprint($node, 'madeup')), '', 'the way back leaves no trace');
is(differences($rows, all_rows($node, 'madeup')), '', 'nor in the rows');
unlink "$scripts/campaign--$current--$next.sql", "$scripts/campaign--$next--$current.sql";

# ---- the released ones

foreach my $version (@frozen)
{
	my $frozen = "test/upgrade/frozen/campaign--$version.sql";
	if ($version eq $current)
	{
		ok(slurp_file($frozen) eq slurp_file("$scripts/" . basename($frozen)),
			"$version is released, and its script as it was");
		next;
	}
	copy($frozen, $scripts) or die "copy $frozen: $!";
	(my $name = "from_$version") =~ tr/./_/;
	campaign_database($node, $name, $version);
	fill_database($node, $name, "test/upgrade/frozen/rows--$version.sql");
	my $rows_before = row_counts($node, $name);

	update($name, $current);
	is(differences($expected, fingerprint($node, $name)),
		'', "$version updated is the same as $current installed");
	is( $node->safe_psql($name,
			"SELECT string_agg(version, ' ') FROM campaign.schema_version WHERE version IN ('$version', '$current')"
		),
		"$version $current",
		"$version: both versions are in schema_version");
	# what is new may have rows; what was there has as many as before
	my $rows_after = row_counts($node, $name);
	is_deeply({ map { $_ => $rows_after->{$_} } keys %$rows_before },
		$rows_before, "$version: every row of a user is still there");
}

# ---- and out

$node->safe_psql('madeup', 'DROP EXTENSION campaign CASCADE');
is($node->safe_psql('madeup', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'campaign'}),
	0, 'the schema leaves with the extension');
$node->safe_psql('madeup', 'CREATE EXTENSION campaign');
fill_database($node, 'madeup');
is(differences($expected, fingerprint($node, 'madeup')), '', 'installed again it is the same');

$node->stop;
done_testing();
