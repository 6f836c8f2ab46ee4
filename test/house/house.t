# The rules of the house that a program can check.  Warnings are not among
# them: the tests build with -Werror anyway.
use strict;
use warnings;

use File::Find;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my (@headers, @code, @sql);
find(
	{
		no_chdir => 1,
		wanted => sub {
			push @headers, $_ if /\.h$/;
			push @code, $_ if /\.c$/;
			push @sql, $_ if /\.sql$/;
		}
	},
	'src');
my @rooms = grep { !m{^src/(upgrade/|install_)} } @sql;

# ---- rooms

my $makefile = slurp_file('Makefile');
my ($list) = $makefile =~ /^ROOMS = \\\n((?:\t.*\\\n)*\t.*)/m;
my %is_room = map { $_ => 1 } $list =~ /([a-z_]+\/[a-z_]+)/g;
foreach my $room (sort keys %is_room)
{
	ok(-e "src/$room.sql" || -e "src/$room.c", "room $room has a file");
}
my @files = map { m{^src/(.*)\.(?:sql|c)$} } grep { $_ ne 'src/campaign.c' } @rooms, @code;
is(join(' ', grep { !$is_room{$_} } sort @files), '', 'every file belongs to a room of the list');

# ---- headers

my $compiler = $ENV{CC} // 'gcc';
chomp(my $includes = `$ENV{PG_CONFIG} --includedir-server`);
foreach my $header (sort @headers)
{
	my ($name) = $header =~ m{^src/(.*)};
	my $file = "$PostgreSQL::Test::Utils::tmp_check/header.c";
	unlink $file;
	append_to_file($file, qq{#include "postgres.h"\n#include "$name"\n});
	my $result =
	  `$compiler -fsyntax-only -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror -DCAMPAIGN_VERSION='"x"' -Isrc -I$includes $file 2>&1`;
	is($result, '', "$header compiles on its own");
	unlike(slurp_file($header), qr/#include\s+"postgres.h"/, "$header leaves postgres.h to its users");
}

# ---- code

foreach my $file (sort @code, @headers)
{
	my $text = slurp_file($file);
	my $lines = () = $text =~ /\n/g;
	cmp_ok($lines, '<=', 1200, "$file has at most 1200 lines");
	unlike($text, qr/PG_VERSION_NUM/, "$file leaves server versions to compat.h")
	  unless $file eq 'src/compat.h';
	unlike($text, qr/\b\d+\.\d+\.\d+\b/, "$file leaves the version to campaign.control");

	# Functions in PostgreSQL's style open and close in the first column.
	my $longest = 0;
	while ($text =~ /^\{\n(.*?)^\}/msg)
	{
		my $length = () = $1 =~ /\n/g;
		$longest = $length if $length > $longest;
	}
	cmp_ok($longest, '<=', 100, "no function of $file is above 100 lines");
}

# ---- SQL

foreach my $file (sort @rooms)
{
	my $text = slurp_file($file);
	$text =~ s/^\s*--.*$//mg;
	unlike($text, qr/CREATE\s+OR\s+REPLACE|IF\s+NOT\s+EXISTS\s+campaign/i, "$file creates plainly");
	unlike($text, qr/SET\s+search_path\s*=\s*['"]/i, "$file quotes no list of schemas");
}

# CREATE and ALTER EXTENSION look for names in the schemas of required
# extensions as well, before the first statement says otherwise.
foreach my $file ('src/install_head.sql', grep { m{^src/upgrade/} } sort @sql)
{
	my ($first) = grep { !/^(?:\\echo|--|$)/ } split /\n/, slurp_file($file);
	is($first, 'SET LOCAL search_path = pg_catalog, pg_temp;', "$file looks for names in the catalog only");
}

# ---- one version

my ($version) = slurp_file('campaign.control') =~ /^default_version = '(.*)'$/m;
like($version, qr/^\d+\.\d+\.\d+$/, 'campaign.control has the version');
my $meta = decode_json(slurp_file('META.json'));
is($meta->{version}, $version, 'META.json has the version of campaign.control');
is($meta->{provides}{campaign}{version}, $version, 'and so has what it provides');
like(slurp_file('CHANGELOG.md'), qr/^## \[\Q$version\E\]/m, 'CHANGELOG.md has an entry for it');

# ---- tests

foreach my $test (map { m{^sql/(.*)\.sql$} } glob 'sql/*.sql')
{
	ok(-s "expected/$test.out", "sql/$test.sql has its expected output");
}
foreach my $test (map { m{^test/isolation/specs/(.*)\.spec$} } glob 'test/isolation/specs/*.spec')
{
	ok(-s "test/isolation/expected/$test.out", "$test.spec has its expected output");
}

done_testing();
