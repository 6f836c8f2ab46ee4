package SchemaDocuments;

# Random documents out of their own JSON Schema: at its bounds, and here and
# there beyond them.

use strict;
use warnings;
use Exporter 'import';
use JsonTree;

our @EXPORT = qw(random_of);

# What a pattern takes, and what it does not, by a string that it takes.
my %alike = (
	'ann@example.com' => [
		'a@b', "\x{fc}.x+y\@b\x{fc}cher.example", 'a' x 250 . '@b.c', 'a' x 251 . '@b.c', '@b', 'a@', '@', 'a@b@c', 'a b@c', "a\@b\n", "a\@b\x{a0}",
		'Ann <a@b.c>', 'a@b,c@d', 'a;b@c', 'a"b@c', 'a\\b@c', 'a@[::1]', "a\x{7f}\@b", "a\@b\x{85}", "a\t\@b", '' ],
	'smtp_2' => [ 'a', 'x' x 63, 'x' x 64, 'Smtp', '2smtp', 'a-b', '', "a\n", "\x{e9}" ],
	'09:30' => [ '00:00', '23:59', '19:59', '24:00', '9:30', '09:60', '0930', '09:30:00', '-1:00', "09:30\n", '', "\x{ff10}9:30", '09.30', '2a:00' ],
	'One line' => [ 'x', "\x{1f600}", "two\nlines", "two\rlines", '', "\x{2028}", 'x' x 255, "\x{e9}" x 255, 'x' x 256 ]);

# One in twenty values is not what the schema wants, if spoilt is true.
sub random_of
{
	my ($schema, $spoilt) = @_;
	my $rules = $schema->[1];

	return anything() if $spoilt && rand() < 0.05;
	return pick(@{ $rules->{enum}[1] }) if $rules->{enum};
	my %by_type = (
		string => \&string, integer => \&integer, boolean => \&boolean, array => \&array, object => \&object);
	return $by_type{ $rules->{type}[1] }->($rules, $spoilt);
}

sub pick { return $_[ int rand @_ ] }

sub string
{
	my ($rules, $spoilt) = @_;
	if ($rules->{pattern})
	{
		my ($sample) = grep { $_ =~ /$rules->{pattern}[1]/ } sort keys %alike
		  or die "no sample of $rules->{pattern}[1]";
		return [ string => $spoilt && rand() < 0.3 ? pick(@{ $alike{$sample} }) : $sample ];
	}
	my ($least, $most) = map { $rules->{$_}[1] } qw(minLength maxLength);
	my $length = pick($least, $least + 1, $most, $spoilt && rand() < 0.2 ? ($least ? $least - 1 : (), $most + 1) : ());
	return [ string => pick('x', "\x{e9}", "\x{1f600}") x $length ];
}

sub integer
{
	my ($rules, $spoilt) = @_;
	my ($least, $most) = map { $rules->{$_}[1] } qw(minimum maximum);
	return [ number => pick($least, $most, $least + int rand($most - $least), "$most.0",
			$spoilt && rand() < 0.2 ? ($least - 1, $most + 1, "$least.5", '1e400', '-0') : ()) ];
}

sub boolean { return [ boolean => pick(0, 1) ] }

sub array
{
	my ($rules, $spoilt) = @_;
	my $most = $rules->{maxItems}[1];
	my $count = pick(0, 1, 2, rand() < 0.1 ? ($most, $spoilt ? $most + 1 : ()) : ());
	return [ array => [ map { random_of($rules->{items}, $spoilt) } 1 .. $count ] ];
}

sub object
{
	my ($rules, $spoilt) = @_;
	my $properties = $rules->{properties}[1];
	my %required = map { $_->[1] => 1 } @{ $rules->{required}[1] };
	my %members;

	for my $key (sort keys %$properties)
	{
		next unless rand() < ($required{$key} ? $spoilt ? 0.95 : 1 : 0.3);
		$members{$key} = random_of($properties->{$key}, $spoilt);
	}
	$members{ pick(qw(cancelled snapshot Tone x), 'a b', '', "\x{e9}", map { substr $_, 1 } sort keys %$properties) } = anything()
	  if $spoilt && rand() < 0.1;
	return [ object => \%members ];
}

sub anything
{
	return pick(
		['null'], [ boolean => 1 ], [ number => 7 ], [ number => '-0.5' ], [ string => '' ], [ string => '{}' ], [ string => 'en' ],
		[ array => [] ], [ array => [ ['null'] ] ], [ object => {} ], [ object => { x => [ number => 1 ] } ]);
}

1;
