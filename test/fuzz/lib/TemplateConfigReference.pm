package TemplateConfigReference;

# template_config once more, written down from its description and not from
# the C code: which faults a document has, and its normal form.

use strict;
use warnings;
use Exporter 'import';
use JsonTree;

our @EXPORT = qw(reference_faults reference_normal);
our @LANGUAGES = qw(
  aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
  dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia
  id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo
  lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl
  ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk
  tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu);

my @placeholders = qw(contact.name contact.first_name contact.last_name tenant.name
  tenant.sender_name job.service_type link.review link.unsubscribe);
my @tones = qw(professional casual bold empathetic friendly authoritative consultative);

my %step_keys = (
	step => sub { integer(@_, 1, 50) },
	channel => \&identifier,
	label => sub { string(@_, 1, 255) },
	enabled => \&boolean,
	needs_pdf => \&boolean,
	variant_count => sub { integer(@_, 1, 3) },
	delay_hours => sub { number(@_, 0, 8784) },
	day_offset => sub { integer(@_, 0, 366) },
	use_service_delay => \&boolean,
	condition => sub { one_of(@_, qw(always no_response opened_not_replied)) },
	on_failure => sub { one_of(@_, qw(advance stop)) },
	max_lateness_hours => sub { number(@_, 0, 8784, 'greater') },
	late => sub { one_of(@_, qw(skip send reschedule)) },
	template_id => \&uuid,
	subject => \&subject,
	body_html => sub { text(@_, 100_000) },
	body_text => sub { text(@_, 100_000) },
	attachments => sub { list(@_, 10, \&uuid) },
	config => \&config);
my %config_keys = (
	max_length => sub { integer(@_, 1, 100_000) },
	tone => sub { one_of(@_, @tones) },
	formality => sub { one_of(@_, qw(formal informal)) },
	language => sub { one_of(@_, @LANGUAGES) },
	custom_instructions => sub { string(@_, 0, 2000) },
	example_messages => sub { list(@_, 20, \&example) },
	asset_ids => sub { list(@_, 50, \&uuid) },
	asset_mode => \&identifier,
	personalization_vars => sub { list(@_, 50, sub { string(@_, 1, 255) }) });
my %example_keys = (
	body => sub { string(@_, 1, 100_000) },
	note => sub { string(@_, 0, 2000) });

my @faults;

# The faults of a document as "path code", sorted.
sub reference_faults
{
	my ($doc) = @_;
	@faults = ();
	if (wrapped($doc))
	{
		fault('$', 'double_encoded');
	}
	elsif (of_type($doc, '$', 'array'))
	{
		steps($doc->[1]);
	}
	@faults = sort @faults;
	return @faults;
}

# A string that begins like JSON text.
sub wrapped { return $_[0][0] eq 'string' && $_[0][1] =~ /\A[ \t\r\n]*[\[\{"]/ }
sub fault { push @faults, "$_[0] $_[1]"; return 0 }

sub of_type
{
	my ($value, $path, $type) = @_;
	return 1 if $value->[0] eq $type;
	return fault($path, $value->[0] eq 'null' ? 'null_value' : 'wrong_type');
}

sub steps
{
	my @steps = @{ $_[0] };

	fault('$', 'too_few_items') if @steps < 1;
	fault('$', 'too_many_items') if @steps > 50;
	$#steps = 49 if @steps > 50;

	my $numbered = grep { $_->[0] eq 'object' && exists $_->[1]{step} } @steps;
	my $enabled = 0;
	for my $i (0 .. $#steps)
	{
		my ($type, $step) = @{ $steps[$i] };
		$enabled++, fault("\$[$i]", 'double_encoded'), next if wrapped($steps[$i]);
		$enabled++, next unless of_type($steps[$i], "\$[$i]", 'object');
		object($steps[$i], "\$[$i]", \%step_keys, 'channel');
		fault("\$[$i]", 'conflicting_keys') if exists $step->{delay_hours} && exists $step->{day_offset};
		fault("\$[$i].late", 'missing_companion')
		  if exists $step->{late} && !exists $step->{max_lateness_hours};
		fault("\$[$i].use_service_delay", 'first_step_only')
		  if $i > 0 && is_boolean($step->{use_service_delay}, 1);
		fault("\$[$i].step", 'wrong_step_number') if $numbered && misnumbered($step->{step}, $i + 1);
		$enabled++ unless is_boolean($step->{enabled}, 0);
	}
	fault('$', 'none_enabled') if @steps && !$enabled;
}

sub is_boolean { $_[0] && $_[0][0] eq 'boolean' && !$_[0][1] == !$_[1] }

sub misnumbered
{
	my ($step, $wanted) = @_;
	return 1 unless $step;
	return 0 if $step->[0] ne 'number' || !is_integer($step->[1]);
	return compare_numbers($step->[1], 0) >= 0 && compare_numbers($step->[1], $wanted) != 0;
}

sub object
{
	my ($value, $path, $known, @required) = @_;
	return unless of_type($value, $path, 'object');
	my $members = $value->[1];
	for my $key (keys %$members)
	{
		my $place = $key =~ /\A[A-Za-z_][A-Za-z0-9_]{0,39}\z/ ? "$path.$key" : odd_key($path, $key);
		if ($known->{$key}) { $known->{$key}->($members->{$key}, $place) }
		elsif ($known == \%config_keys && $key =~ /\A(?:step|channel)\z/) { fault($place, 'forbidden_key') }
		else { fault($place, 'unknown_key') }
	}
	exists $members->{$_} or fault("$path.$_", 'missing_key') for @required;
}

# Long keys are cut at 40 bytes, between characters.
sub odd_key
{
	my ($path, $key) = @_;
	my $cut = '';
	my $bytes = 0;
	for my $char (split //, $key)
	{
		my $encoded = $char;
		utf8::encode($encoded);
		$bytes += length $encoded;
		last if $bytes > 40;
		$cut .= $char;
	}
	$cut .= '...' if length $cut < length $key;
	$cut =~ s/(["\\])/\\$1/g;
	my %short = ("\n" => '\n', "\t" => '\t', "\r" => '\r', "\b" => '\b', "\f" => '\f');
	$cut =~ s/([\x00-\x1f])/$short{$1} \/\/ sprintf('\u%04x', ord $1)/ge;
	return qq{$path\["$cut"]};
}

sub config { object(@_, \%config_keys) }
sub example { object(@_, \%example_keys, 'body') }
sub boolean { of_type(@_, 'boolean') }

sub list
{
	my ($value, $path, $most, $check) = @_;
	return unless of_type($value, $path, 'array');
	my @items = @{ $value->[1] };
	fault($path, 'too_many_items') if @items > $most;
	$#items = $most - 1 if @items > $most;
	$check->($items[$_], "$path\[$_]") for 0 .. $#items;
}

sub number
{
	my ($value, $path, $least, $most, $greater) = @_;
	return unless of_type($value, $path, 'number');
	my $low = compare_numbers($value->[1], $least);
	if ($low < 0 || ($greater && $low == 0)) { fault($path, 'too_small') }
	elsif (compare_numbers($value->[1], $most) > 0) { fault($path, 'too_large') }
}

sub integer
{
	my ($value, $path, $least, $most) = @_;
	return unless of_type($value, $path, 'number');
	return fault($path, 'not_an_integer') unless is_integer($value->[1]);
	return number(@_);
}

sub string
{
	my ($value, $path, $least, $most) = @_;
	return 0 unless of_type($value, $path, 'string');
	return fault($path, 'too_short') if length $value->[1] < $least;
	return fault($path, 'too_long') if length $value->[1] > $most;
	return 1;
}

sub one_of
{
	my ($value, $path, @known) = @_;
	return unless of_type($value, $path, 'string');
	fault($path, 'unknown_value') unless grep { $_ eq $value->[1] } @known;
}

sub identifier { formatted(@_, qr/[a-z][a-z0-9_]*/, 63) }

sub uuid
{
	my $hex = qr/[0-9a-fA-F]/;
	formatted(@_, qr/$hex{8}-$hex{4}-$hex{4}-$hex{4}-$hex{12}/, 36);
}

sub formatted
{
	my ($value, $path, $form, $most) = @_;
	return unless of_type($value, $path, 'string');
	return fault($path, 'malformed') if $value->[1] !~ /\A$form\z/;
	string($value, $path, 1, $most);
}

sub subject
{
	my ($value, $path) = @_;
	return unless of_type($value, $path, 'string');
	return fault($path, 'malformed') if $value->[1] =~ /[\r\n]/;
	text($value, $path, 998);
}

sub text
{
	my ($value, $path, $most) = @_;
	return unless string($value, $path, 0, $most);
	my $rest = $value->[1];
	while ($rest =~ s/\A.*?\{\{//s)
	{
		if ($rest !~ s/\A((?:(?!\{\{|\}\}).)*+)\}\}//s)
		{
			fault($path, 'unclosed_placeholder');
			next;
		}
		my ($name) = split /\|/, $1, 2;
		$name = '' unless defined $name;
		$name =~ s/\A[ \t\r\n]+|[ \t\r\n]+\z//g;
		next if grep { $_ eq $name } @placeholders;
		next if $name =~ /\Acontact\.attributes\.[A-Za-z0-9_]{1,63}\z/;
		fault($path, $name eq '' ? 'empty_placeholder' : 'unknown_placeholder');
	}
}

my %labels = (
	email => 'Email',
	sms => 'SMS',
	linkedin_connect => 'LinkedIn invitation',
	linkedin_message => 'LinkedIn message',
	call => 'Phone call');

# The normal form of a valid document.
sub reference_normal
{
	my ($doc) = @_;
	my @steps = map { tree_copy($_)->[1] } @{ $doc->[1] };

	for my $i (0 .. $#steps)
	{
		my $step = $steps[$i];
		$step->{channel}[1] = 'call' if $step->{channel}[1] eq 'call_script';
		$step->{step} //= [ number => $i + 1 ];
		$step->{label} //= [ string => label($step->{channel}[1]) ];
		$step->{$_} //= [ boolean => 0 ] for qw(needs_pdf use_service_delay);
		$step->{enabled} //= [ boolean => 1 ];
		$step->{variant_count} //= [ number => 1 ];
		$step->{condition} //= [ string => 'always' ];
		$step->{on_failure} //= [ string => 'advance' ];
		$step->{$_} && $step->{$_}[1] eq '' and delete $step->{$_} for qw(subject body_html body_text);
		$step->{delay_hours} //= [ number => 0 ] unless $step->{day_offset};
		if ($step->{max_lateness_hours})
		{
			$step->{late} //= [ string => 'send' ];
			$step->{max_lateness_hours} = rounded($step->{max_lateness_hours});
			$step->{max_lateness_hours} = [ number => '0.000001' ]
			  if compare_numbers($step->{max_lateness_hours}[1], 0) == 0;
		}
		$step->{delay_hours} = rounded($step->{delay_hours}) if $step->{delay_hours};
		my @uuids = exists $step->{template_id} ? $step->{template_id} : ();
		push @uuids, @{ $step->{attachments}[1] } if exists $step->{attachments};
		my $config = exists $step->{config} ? $step->{config}[1] : {};
		push @uuids, @{ $config->{asset_ids}[1] } if exists $config->{asset_ids};
		$_->[1] = lc $_->[1] for @uuids;
	}
	return [ array => [ map { [ object => $_ ] } @steps ] ];
}

sub label
{
	my ($channel) = @_;
	return $labels{$channel} if $labels{$channel};
	$channel =~ s/\Ax_(?=.)//;
	$channel =~ tr/_/ /;
	return ucfirst $channel;
}

# Halves away from zero, as numeric does; hours are not negative.
sub rounded
{
	my ($node) = @_;
	my $number = Math::BigFloat->new($node->[1]);
	return [ number => $number->bfround(-6, 'common')->bstr ];
}

1;
