package JsonSchemaCheck;

# The part of JSON Schema 2020-12 that the schemas of documents use.
# A keyword that is not known here ends the test.

use strict;
use warnings;
use Exporter 'import';
use JsonTree;

our @EXPORT = qw(schema_accepts);

my %types = map { $_ => 1 } qw(string number boolean array object null);
my %assertions = (
	type => \&check_type,
	enum => sub { my ($v, $s) = @_; grep { tree_equal($v, $_) } @{ $s->[1] } },
	const => sub { tree_equal(@_[ 0, 1 ]) },
	minLength => sub { $_[0][0] ne 'string' || length $_[0][1] >= $_[1][1] },
	maxLength => sub { $_[0][0] ne 'string' || length $_[0][1] <= $_[1][1] },
	pattern => sub { $_[0][0] ne 'string' || $_[0][1] =~ pattern($_[1][1]) },
	minimum => sub { $_[0][0] ne 'number' || compare_numbers($_[0][1], $_[1][1]) >= 0 },
	maximum => sub { $_[0][0] ne 'number' || compare_numbers($_[0][1], $_[1][1]) <= 0 },
	exclusiveMinimum => sub { $_[0][0] ne 'number' || compare_numbers($_[0][1], $_[1][1]) > 0 },
	minItems => sub { $_[0][0] ne 'array' || @{ $_[0][1] } >= $_[1][1] },
	maxItems => sub { $_[0][0] ne 'array' || @{ $_[0][1] } <= $_[1][1] },
	prefixItems => \&check_prefix,
	items => \&check_items,
	contains => sub {
		my ($v, $s) = @_;
		$v->[0] ne 'array' || grep { schema_accepts($s, $_) } @{ $v->[1] };
	},
	properties => \&check_properties,
	additionalProperties => \&check_additional,
	required => sub {
		my ($v, $s) = @_;
		$v->[0] ne 'object' || !grep { !exists $v->[1]{ $_->[1] } } @{ $s->[1] };
	},
	dependentRequired => \&check_dependent,
	allOf => sub { my ($v, $s) = @_; !grep { !schema_accepts($_, $v) } @{ $s->[1] } },
	anyOf => sub { my ($v, $s) = @_; grep { schema_accepts($_, $v) } @{ $s->[1] } },
	not => sub { !schema_accepts($_[1], $_[0]) },
);
my %annotations = map { $_ => 1 } qw($schema $comment title description default);

# Schema and value are trees.
sub schema_accepts
{
	my ($schema, $value) = @_;

	return $schema->[1] if $schema->[0] eq 'boolean';
	for my $keyword (keys %{ $schema->[1] })
	{
		next if $annotations{$keyword};
		my $assertion = $assertions{$keyword} or die "unknown keyword $keyword";
		return 0 unless $assertion->($value, $schema->[1]{$keyword}, $schema->[1]);
	}
	return 1;
}

sub check_type
{
	my ($value, $type) = @_;
	return $value->[0] eq 'number' && is_integer($value->[1]) if $type->[1] eq 'integer';
	die "unknown type $type->[1]" unless $types{ $type->[1] };
	return $value->[0] eq $type->[1];
}

sub check_prefix
{
	my ($value, $schemas) = @_;
	return 1 if $value->[0] ne 'array';
	my @elements = @{ $value->[1] };
	for my $schema (@{ $schemas->[1] })
	{
		last unless @elements;
		return 0 unless schema_accepts($schema, shift @elements);
	}
	return 1;
}

sub check_items
{
	my ($value, $schema, $siblings) = @_;
	return 1 if $value->[0] ne 'array';
	my $first = exists $siblings->{prefixItems} ? @{ $siblings->{prefixItems}[1] } : 0;
	for my $i ($first .. $#{ $value->[1] })
	{
		return 0 unless schema_accepts($schema, $value->[1][$i]);
	}
	return 1;
}

sub check_properties
{
	my ($value, $schemas) = @_;
	return 1 if $value->[0] ne 'object';
	for my $key (keys %{ $schemas->[1] })
	{
		return 0
		  if exists $value->[1]{$key} && !schema_accepts($schemas->[1]{$key}, $value->[1]{$key});
	}
	return 1;
}

sub check_additional
{
	my ($value, $schema, $siblings) = @_;
	return 1 if $value->[0] ne 'object';
	for my $key (keys %{ $value->[1] })
	{
		next if exists $siblings->{properties}[1]{$key};
		return 0 unless schema_accepts($schema, $value->[1]{$key});
	}
	return 1;
}

sub check_dependent
{
	my ($value, $keys) = @_;
	return 1 if $value->[0] ne 'object';
	for my $key (keys %{ $keys->[1] })
	{
		next unless exists $value->[1]{$key};
		return 0 if grep { !exists $value->[1]{ $_->[1] } } @{ $keys->[1]{$key}[1] };
	}
	return 1;
}

my %patterns;

# ECMA 262 as Perl understands it: $ is the very end.  Runs of ordinary text
# are taken at once, because Perl repeats a group 65,534 times at most.
sub pattern
{
	my ($source) = @_;
	return $patterns{$source} //= do
	{
		my $perl = $source;
		$perl =~ s/\$\z/\\z/;
		$perl =~ s/\(\?:\[\^\{\]\|/(?:[^{]++|/;
		qr/$perl/;
	};
}

1;
