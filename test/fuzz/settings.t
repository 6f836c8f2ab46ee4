# generation_config and sender_config: random documents made from their JSON
# Schemas, which must agree with the domains.
#
# usage: settings.t [COUNT [SEED]]
# As in template_config.t; half of the documents are of each kind.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP;
use Test::More;
use FuzzServer;
use JsonTree;
use JsonSchemaCheck;
use SchemaDocuments;

my $soak = $ENV{CAMPAIGN_SOAK};
my $count = shift // $ENV{CAMPAIGN_FUZZ_COUNT} // ($soak ? 100_000 : 6_000);
my $seed = shift // $ENV{CAMPAIGN_FUZZ_SEED} // ($soak ? time : 20_240_229);
my $batch = 2_000;

diag("settings: $count documents, seed $seed");
srand $seed;
my $database = fuzz_database();
psql($database, 'CREATE TABLE documents (id int PRIMARY KEY, document jsonb)');

for my $name (qw(generation_config sender_config))
{
	my $schema = tree_parse(psql($database, "SELECT campaign.${name}_schema()"));
	my %wrong = map { $_ => [] } qw(schema domain normal);
	my %seen;
	my $valid = 0;
	for (my $done = 0; $done < $count / 2; $done += $batch)
	{
		my $size = $done + $batch < $count / 2 ? $batch : $count / 2 - $done;
		my @documents = map { random_of($schema, rand() < 0.6) } 1 .. $size;
		my @answers = answers($name, @documents);
		is(scalar @answers, scalar @documents, "$name: an answer for each document") if @answers != @documents;
		for my $i (0 .. $#answers)
		{
			my ($codes, $first, $state, $message, $detail, $hint, $normal) = @{ $answers[$i] };
			my $text = tree_write($documents[$i]);
			utf8::encode($text);
			$seen{$_} = 1 for @$codes;
			$valid++ unless @$codes;
			# JSON Schema cannot compare two values
			my $refused = grep { $_ ne 'out_of_order' } @$codes;
			push @{ $wrong{schema} }, "$text: @$codes" if schema_accepts($schema, $documents[$i]) ? $refused : !$refused;
			push @{ $wrong{domain} }, "$text: " . ($message // 'no error')
			  if @$codes ? ($state // '') ne 'CP003' || $message ne "invalid $name: $first" || !$detail || !$hint : defined $state;
			push @{ $wrong{normal} }, $text if !@$codes && !($normal && schema_accepts($schema, tree_parse($normal)));
		}
	}
	my %says = (
		schema => 'the JSON Schema accepts the same documents',
		domain => 'the domain raises CP003 with the first fault for the same documents',
		normal => 'the normal form is valid and stable, and says what the document says');
	for my $check (sort keys %says)
	{
		is(scalar @{ $wrong{$check} }, 0, "$name: $says{$check}");
		diag(substr $_, 0, 1000) for grep { defined } @{ $wrong{$check} }[ 0 .. 4 ];
	}
	cmp_ok($valid, '>', $count / 10, "$name: enough documents are valid");
	cmp_ok($valid, '<', $count * 2 / 5, "$name: and enough are not");
	my @wanted = qw(malformed missing_key not_an_integer null_value out_of_order too_large too_long too_many_items too_short too_small unknown_key unknown_value wrong_type double_encoded);
	my %never = map { $_ => 1 } $name eq 'sender_config' ? qw(too_many_items unknown_value too_short) : qw(out_of_order missing_key);
	is(join(' ', grep { !$seen{$_} && !$never{$_} } sort @wanted), '', "$name: every kind of fault has occurred");
}
done_testing();

# For each document: codes of its faults, the first, the domain's error, and
# its normal form if that is as it should be.
sub answers
{
	my ($name, @documents) = @_;
	my $id = 0;
	my $copy = join '', map { my $line = tree_write($_); $line =~ s/\\/\\\\/g; $id++ . "\t$line\n" } @documents;
	return map { JSON::PP->new->utf8->decode($_) } split /\n/, psql($database, <<"SQL");
TRUNCATE documents;
COPY documents (id, document) FROM STDIN;
$copy\\.
SELECT json_build_array(
	(SELECT coalesce(json_agg(e.code), '[]') FROM campaign.${name}_errors(d.document) AS e),
	(SELECT e.path || ' ' || e.message FROM campaign.${name}_errors(d.document) AS e LIMIT 1),
	x.state, x.message, x.detail, x.hint,
	CASE WHEN campaign.normalize_$name(n.normal) = n.normal AND n.normal::campaign.$name IS NOT NULL
		-- beyond the document there are defaults only; empty texts are gone
		AND n.normal \@> (SELECT coalesce(jsonb_object_agg(k.key, k.value), '{}') FROM jsonb_each(d.document) k WHERE k.value <> '""')
		THEN n.normal::text END)
FROM documents AS d, domain_error(d.document, 'campaign.$name') AS x,
	LATERAL (SELECT CASE WHEN x.state IS NULL THEN campaign.normalize_$name(d.document) END) AS n(normal)
ORDER BY d.id;
SQL
}
