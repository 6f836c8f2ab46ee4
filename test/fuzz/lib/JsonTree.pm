package JsonTree;

# JSON as typed trees, so that 1.0 stays 1.0, 1e400 survives and "1" is no
# number: [string => 'a'], [number => '1.0'], [boolean => 1], ['null'],
# [array => [node, ...]], [object => {key => node, ...}].

use strict;
use warnings;
use Exporter 'import';
use Math::BigFloat;

our @EXPORT = qw(tree_parse tree_write tree_copy tree_of tree_equal is_integer compare_numbers);

sub tree_write
{
	my ($node) = @_;
	my ($type, $value) = @$node;

	return 'null' if $type eq 'null';
	return $value ? 'true' : 'false' if $type eq 'boolean';
	return $value if $type eq 'number';
	return write_string($value) if $type eq 'string';
	return '[' . join(',', map { tree_write($_) } @$value) . ']' if $type eq 'array';
	return '{'
	  . join(',', map { write_string($_) . ':' . tree_write($value->{$_}) } sort keys %$value)
	  . '}';
}

sub write_string
{
	my ($text) = @_;
	$text =~ s/(["\\])/\\$1/g;
	$text =~ s/([\x00-\x1f])/sprintf('\u%04x', ord $1)/ge;
	return qq("$text");
}

sub tree_parse
{
	my ($text) = @_;
	my $node = parse_value(\$text);
	$text =~ /\G\s*\z/gc or die "text after the value";
	return $node;
}

sub parse_value
{
	my ($text) = @_;

	$$text =~ /\G\s*/gc;
	return ['null'] if $$text =~ /\Gnull/gc;
	return [ boolean => 1 ] if $$text =~ /\Gtrue/gc;
	return [ boolean => 0 ] if $$text =~ /\Gfalse/gc;
	return [ number => $1 ] if $$text =~ /\G(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/gc;
	return [ string => parse_string($text) ] if $$text =~ /\G"/gc;
	if ($$text =~ /\G\[\s*/gc)
	{
		my @elements;
		return [ array => \@elements ] if $$text =~ /\G\]/gc;
		do { push @elements, parse_value($text) } while $$text =~ /\G\s*,/gc;
		$$text =~ /\G\s*\]/gc or die 'array is not closed';
		return [ array => \@elements ];
	}
	$$text =~ /\G\{\s*/gc or die 'no value at ' . substr($$text, pos($$text) // 0, 20);
	my %members;
	return [ object => \%members ] if $$text =~ /\G\}/gc;
	do
	{
		$$text =~ /\G\s*"/gc or die 'no key';
		my $key = parse_string($text);
		$$text =~ /\G\s*:/gc or die 'no colon';
		$members{$key} = parse_value($text);
	} while $$text =~ /\G\s*,/gc;
	$$text =~ /\G\s*\}/gc or die 'object is not closed';
	return [ object => \%members ];
}

sub parse_string
{
	my ($text) = @_;
	my %short = (n => "\n", t => "\t", r => "\r", b => "\b", f => "\f");
	my $result = '';

	while ($$text !~ /\G"/gc)
	{
		if ($$text =~ /\G([^"\\]+)/gc) { $result .= $1 }
		elsif ($$text =~ /\G\\u([0-9a-fA-F]{4})/gc) { $result .= chr hex $1 }
		elsif ($$text =~ /\G\\(.)/gcs) { $result .= $short{$1} // $1 }
		else { die 'string is not closed' }
	}
	return $result;
}

sub tree_copy
{
	my ($node) = @_;
	my ($type, $value) = @$node;

	return [ array => [ map { tree_copy($_) } @$value ] ] if $type eq 'array';
	return [ object => { map { $_ => tree_copy($value->{$_}) } keys %$value } ]
	  if $type eq 'object';
	return [@$node];
}

# Plain Perl data as a tree; references to scalars are numbers, code is boolean.
sub tree_of
{
	my ($data) = @_;

	return ['null'] unless defined $data;
	return [ string => $data ] unless ref $data;
	return [ number => $$data ] if ref $data eq 'SCALAR';
	return [ boolean => $data->() ] if ref $data eq 'CODE';
	return [ array => [ map { tree_of($_) } @$data ] ] if ref $data eq 'ARRAY';
	return [ object => { map { $_ => tree_of($data->{$_}) } keys %$data } ];
}

sub tree_equal
{
	my ($a, $b) = @_;
	return 0 if $a->[0] ne $b->[0];
	return 1 if $a->[0] eq 'null';
	return compare_numbers($a->[1], $b->[1]) == 0 if $a->[0] eq 'number';
	return $a->[1] eq $b->[1] if $a->[0] eq 'string';
	return !$a->[1] == !$b->[1] if $a->[0] eq 'boolean';
	die 'containers are not compared';
}

my %numbers;

sub exact
{
	my ($text) = @_;
	%numbers = () if keys %numbers > 10_000;
	return $numbers{$text} //= Math::BigFloat->new($text);
}

sub is_integer
{
	return exact($_[0])->is_int;
}

sub compare_numbers
{
	return exact($_[0])->bcmp(exact($_[1]));
}

1;
