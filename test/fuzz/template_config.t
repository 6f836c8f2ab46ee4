# template_config: random and mutated documents against a reference validator
# that is written in Perl from the description, and against the JSON Schema.
#
# usage: template_config.t [COUNT [SEED]]
# Without them CAMPAIGN_FUZZ_COUNT and CAMPAIGN_FUZZ_SEED count; the documents
# are the same for the same count and seed.  Uses the server that PGHOST names,
# in a database of its own, or else starts one.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP;
use Test::More;
use FuzzServer;
use JsonTree;
use JsonSchemaCheck;
use TemplateConfigDocuments;
use TemplateConfigReference;

my $soak = $ENV{CAMPAIGN_SOAK};
my $count = shift // $ENV{CAMPAIGN_FUZZ_COUNT} // ($soak ? 200_000 : 6_000);
my $seed = shift // $ENV{CAMPAIGN_FUZZ_SEED} // ($soak ? time : 20_240_229);
my $batch = 2_000;

diag("template_config: $count documents, seed $seed");

srand $seed;
my $database = fuzz_database();
psql($database, 'CREATE TABLE documents (id int PRIMARY KEY, document jsonb, normal jsonb)');

my $schema = tree_parse(psql($database, 'SELECT campaign.template_config_schema()'));
my %wrong;
my %seen;
my $valid = 0;

for (my $first = 0; $first < $count; $first += $batch)
{
	my $last = $first + $batch < $count ? $first + $batch - 1 : $count - 1;
	check_batch(map { random_document() } $first .. $last);
}

my %names = (
	faults => 'the faults are those of the reference',
	schema => 'the JSON Schema accepts the same documents',
	domain => 'the domain raises CP003 with the first fault for the same documents',
	normal => 'the normal form is that of the reference, valid and stable');
for my $check (qw(faults schema domain normal))
{
	my @wrong = @{ $wrong{$check} // [] };
	is(scalar @wrong, 0, "$count documents: $names{$check}");
	diag($_) for @wrong[ 0 .. ($#wrong < 4 ? $#wrong : 4) ];
}
ok($valid > $count / 5 && $valid < $count * 4 / 5, 'enough documents are valid, and enough are not')
  or diag("$valid of $count");
is("@{[ unknown_values() ]}", '', 'the schema lists no value that the reference does not know');
my @unseen = grep { !$seen{$_} } qw(
  conflicting_keys double_encoded empty_placeholder first_step_only forbidden_key malformed
  missing_companion missing_key none_enabled not_an_integer null_value too_few_items too_large
  too_long too_many_items too_short too_small unclosed_placeholder unknown_key
  unknown_placeholder unknown_value wrong_step_number wrong_type);
is("@unseen", '', 'every kind of fault has occurred');
done_testing();

sub unknown_values
{
	my $step = $schema->[1]{items}[1]{properties}[1];
	my $config = $step->{config}[1]{properties}[1];
	my @unknown;

	for my $key (sort(keys %$step), sort keys %$config)
	{
		my $place = $step->{$key} ? $step : $config;
		for my $value (map { @{ $_->[1] } } $place->{$key}[1]{enum} // ())
		{
			my %step = (channel => [ string => 'email' ], max_lateness_hours => [ number => 1 ]);
			if ($place == $step) { $step{$key} = $value }
			else { $step{config} = [ object => { $key => $value } ] }
			push @unknown, "$key: $value->[1]" if reference_faults([ array => [ [ object => \%step ] ] ]);
		}
	}
	return @unknown;
}

sub check_batch
{
	my @documents = @_;
	my $id = 0;
	my $copy = "TRUNCATE documents;\nCOPY documents (id, document, normal) FROM STDIN;\n";

	for my $document (@documents)
	{
		my @faults = reference_faults($document);
		my $normal = @faults ? undef : tree_write(reference_normal($document));
		my $line = join("\t", $id++, tree_write($document), $normal // ());
		$line =~ s/\\/\\\\/g;
		$copy .= $line . (defined $normal ? '' : "\t\\N") . "\n";
	}
	my @answers = split /\n/, psql($database, $copy . "\\.\n" . <<'SQL');
SELECT json_build_array(
	(SELECT json_agg(e.path || ' ' || e.code) FROM campaign.template_config_errors(d.document) AS e),
	(SELECT e.path || ' ' || e.message FROM campaign.template_config_errors(d.document) AS e LIMIT 1),
	x.state, x.message, x.detail, x.hint,
	CASE WHEN x.state IS NULL THEN
		n.normal = d.normal
		AND campaign.normalize_template_config(n.normal) = n.normal
		AND n.normal::campaign.template_config = d.normal END)
FROM documents AS d, domain_error(d.document, 'campaign.template_config') AS x,
	LATERAL (SELECT CASE WHEN x.state IS NULL THEN campaign.normalize_template_config(d.document) END) AS n(normal)
ORDER BY d.id;
SQL
	is(scalar @answers, scalar @documents, 'an answer for each document') if @answers != @documents;
	check_answer($documents[$_], @{ JSON::PP->new->utf8->decode($answers[$_]) }) for 0 .. $#answers;
}

sub check_answer
{
	my ($document, $found, $first, $state, $message, $detail, $hint, $normal_is_right) = @_;
	my @expected = reference_faults($document);
	my @found = sort @{ $found // [] };
	my $accepted = schema_accepts($schema, $document) ? 1 : 0;
	my $text = tree_write($document);

	utf8::encode($text);
	$text = substr($text, 0, 2000) . '...' if length $text > 2000;
	$seen{ (split / /, $_)[-1] } = 1 for @found;
	$valid++ unless @expected;

	if (@expected > 1000)
	{
		push @{ $wrong{faults} }, "more than 1000 faults: $text"
		  unless @found == 1001 && grep { $_ eq '$ too_many_faults' } @found;
	}
	elsif ("@expected" ne "@found")
	{
		push @{ $wrong{faults} }, "$text\nexpected: @expected\nfound: @found";
	}
	push @{ $wrong{schema} }, "$text\nschema: $accepted, faults: @expected"
	  if $accepted != !@expected;
	push @{ $wrong{domain} }, "$text\nfirst: $first\nerror: " . ($message // 'none')
	  if @expected
	  ? ($state // '') ne 'CP003' || $message ne "invalid template_config: $first" || !$detail || !$hint
	  : defined $state;
	push @{ $wrong{normal} }, $text if !@expected && !$normal_is_right;
}
