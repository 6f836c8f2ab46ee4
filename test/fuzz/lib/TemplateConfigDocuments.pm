package TemplateConfigDocuments;

# Random documents around the edges of template_config: some right, most with
# a few things changed, a few that are anything at all.

use strict;
use warnings;
use Exporter 'import';
use JsonTree;

our @EXPORT = qw(random_document);

my $uuid = '0190a1b2-c3d4-7e5f-8a6b-9c0d1e2f3a4b';
my @step_keys = qw(step channel label enabled needs_pdf variant_count delay_hours day_offset
  use_service_delay condition on_failure max_lateness_hours late template_id subject body_html
  body_text attachments config);
my @config_keys = qw(max_length tone formality language custom_instructions example_messages
  asset_ids asset_mode personalization_vars);
my @numbers = qw(0 -0 0.0 1 1.0 1.00 2 3 3.0 4 5 0.5 1.5 2.9999999999999999999 -1 -0.5 1e0 1E1 10e-1 0.1e1 1e2
  49 50 50.0 51 365 366 366.0 366.5 367 8783.5 8784 8784.000 8784.0000000000000000001 8785 9999 10000
  10001 20000 99999 100000 100000.5 100001 1e8 99999999 1e16 9999999999999999 2147483647 2147483648
  -2147483648 -2147483649 4294967296 9007199254740993 9223372036854775808 18446744073709551617
  12345678901234567890.5 1e400 -1e400 1e-400 -1e-400 1e1000 0.0000004 0.0000005 0.0000015 0.33333333333);
# Just inside and just outside of what a key takes.
my %edges = (
	step => [qw(0 1 2 50 51)],
	variant_count => [qw(0 1 3 3.5 4)],
	delay_hours => [qw(-0.000001 -0 0 8784 8784.000001)],
	day_offset => [qw(-1 -0 0 0.5 366 367)],
	max_lateness_hours => [qw(-0 0 0.0 1e-400 8784 8784.000001)],
	max_length => [qw(0 1 100000 100001)]);
my %lengths = (
	channel => [ 0, 1, 63, 64 ],
	label => [ 0, 1, 255, 256 ],
	subject => [ 0, 998, 999 ],
	custom_instructions => [ 0, 2000, 2001 ]);
my @placeholder_texts = (
	'Hi {{contact.first_name|there}}', '{{ contact.name }}', '{{link.review}}{{link.unsubscribe}}',
	'{{contact.attributes.roof_age|old}}', "{{\n tenant.name\t|}}", '{{job.service_type|a|b}}',
	'{not one}', '{', '}}', '{ {contact.name}}', '{{contact.name}} }}', '{{tenant.sender_name|{}}',
	"two\nlines", "two\rlines", '{{contact.nam}}', '{{Contact.name}}', '{{contact.attributes.}}', '{{contact.attributes.a-b}}',
	'{{contact.name', '{{', '{{{', '{{{{', '{{}}', '{{ }}', '{{|x}}', '{{{contact.name}}}',
	'{{a{{contact.name}}', '{{contact.name}} {{x}} {{y}} {{', '{{contact.name}{{}}', '{{contact.name}',
	"{{\x{e9}}}", "\x{1f600}{{contact.name}}\x{1f600}", "{{contact.name\x{a0}}}", "{{contact.name\x{0b}}}");
my @strings = (
	'', ' ', 'a', 'email', 'sms', 'call', 'call_script', 'linkedin_connect', 'x_fax', 'x_', 'x__a', 'Email', '1st',
	'e-mail', "email\n", '_x', 'always', 'Always', 'no_response', 'opened_not_replied', 'advance', 'stop',
	'skip', 'send', 'reschedule', 'professional', 'friendly', 'formal', 'informal', 'en', 'de', 'EN', 'xx',
	'eng', $uuid, uc $uuid, "{$uuid}", "$uuid ", substr($uuid, 1), 'g' . substr($uuid, 1), $uuid =~ tr/-//dr,
	'null', 'true', '1', '[]', '[{"channel":"email"}]', ' [', "\t{", '"[]"', 'NaN', "\x{1}", "\x{fffd}", '\\', '"',
	"a\x{300}", "\x{1f600}");
my @typos = qw(delay_hour delayHours chanel Channel stepp lable body subject_ template tempalte_id enable
  x y channel step tone language config k);

sub random_document
{
	my $kind = rand;
	my $document = random_steps();

	return $document if $kind < 0.4;
	if ($kind < 0.93)
	{
		mutate($document) for 0 .. chance(0.6) + chance(0.4) + 2 * chance(0.2);
		return $document;
	}
	return [ string => tree_write($document) ] if $kind < 0.95;
	if ($kind < 0.96)
	{
		my $steps = $document->[1];
		$_ = [ string => tree_write($_) ] for $steps->[ int rand @$steps ];
		return $document;
	}
	return random_value(3);
}

sub chance { return rand() < $_[0] ? 1 : 0 }
sub pick { return $_[ int rand @_ ] }

# Text of so many characters, some of several bytes.
sub text_of
{
	my ($length) = @_;
	my $char = pick('x', "\x{e9}", "\x{4e2d}", "\x{1f600}");
	return chance(0.5) ? $char x $length : ('x' x ($length ? $length - 1 : 0)) . ($length ? $char : '');
}

sub random_steps
{
	my $steps = chance(0.03) ? pick(49, 50) : 1 + int rand(chance(0.8) ? 4 : 12);
	my $numbered = chance(0.3);
	my @steps = map { valid_step($_, $numbered) } 1 .. $steps;

	$steps[0][1]{enabled} = [ boolean => 1 ] if $steps[0][1]{enabled};
	return [ array => \@steps ];
}

sub valid_step
{
	my ($number, $numbered) = @_;
	my %step = (channel => [ string => pick(qw(email sms call linkedin_message call_script x_fax x_a_b x_ x__a)) ]);

	$step{step} = [ number => chance(0.8) ? $number : "$number.0" ] if $numbered;
	for my $key (@step_keys)
	{
		next if $key =~ /^(step|channel|day_offset|late)$/ || !chance(0.15);
		$step{$key} = valid_value($key);
	}
	$step{day_offset} = valid_value('day_offset') if !$step{delay_hours} && chance(0.3);
	$step{late} = valid_value('late') if $step{max_lateness_hours} && chance(0.5);
	$step{use_service_delay} = [ boolean => 0 ] if $step{use_service_delay} && $number > 1;
	return [ object => \%step ];
}

sub valid_value
{
	my ($key) = @_;

	return [ boolean => chance(0.5) ] if $key =~ /^(enabled|needs_pdf|use_service_delay)$/;
	return [ number => pick(qw(1 2 3 1.0 3.00 2e0)) ] if $key eq 'variant_count';
	return [ number => pick(qw(0 1 24 72.5 8784 8784.0 0.000001 1e-400 0.0000005 7.00 1e2 -0 0.1234567)) ]
	  if $key eq 'delay_hours';
	return [ number => pick(qw(1 24 8784 0.5 1e-400 0.00000049)) ] if $key eq 'max_lateness_hours';
	return [ number => pick(qw(0 1 3 366 5.0 3.66e2)) ] if $key eq 'day_offset';
	return [ string => pick(qw(always no_response opened_not_replied)) ] if $key eq 'condition';
	return [ string => pick(qw(advance stop)) ] if $key eq 'on_failure';
	return [ string => pick(qw(skip send reschedule)) ] if $key eq 'late';
	return [ string => text_of(pick(1, 10, 254, 255)) ] if $key eq 'label';
	return [ string => pick($uuid, uc $uuid, ucfirst $uuid) ] if $key eq 'template_id';
	return [ string => pick('', grep({ !/\n/ } @placeholder_texts[ 0 .. 11 ]), text_of(998)) ] if $key eq 'subject';
	return [ string => chance(0.03) ? text_of(100_000) : pick('', @placeholder_texts[ 0 .. 11 ], text_of(2000)) ]
	  if $key =~ /^body/;
	return [ array => [ map { [ string => pick($uuid, uc $uuid) ] } 1 .. pick(0, 1, 2, 10) ] ]
	  if $key eq 'attachments';
	return valid_config();
}

sub valid_config
{
	my %all = (
		max_length => [ number => pick(qw(1 300 100000 1e5)) ],
		tone => [ string => pick(qw(professional casual bold empathetic friendly authoritative consultative)) ],
		formality => [ string => pick(qw(formal informal)) ],
		language => [ string => pick(@TemplateConfigReference::LANGUAGES) ],
		custom_instructions => [ string => text_of(pick(0, 1, 1999, 2000)) ],
		example_messages => tree_of([ map { chance(0.5) ? { body => 'b' } : { body => text_of(50), note => '' } } 1 .. pick(0, 1, 20) ]),
		asset_ids => tree_of([ map { pick($uuid, uc $uuid) } 1 .. pick(0, 1, 50) ]),
		asset_mode => [ string => pick(qw(link attach)) ],
		personalization_vars => tree_of([ map { text_of(pick(1, 255)) } 1 .. pick(0, 3, 50) ]));

	return [ object => { map { $_ => $all{$_} } grep { chance(0.3) } sort keys %all } ];
}

sub random_value
{
	my ($depth) = @_;
	my $kind = int rand($depth > 0 ? 7 : 5);

	return ['null'] if $kind == 0;
	return [ boolean => chance(0.5) ] if $kind == 1;
	return [ number => pick(@numbers) ] if $kind == 2;
	return [ string => pick(@strings, @placeholder_texts) ] if $kind == 3;
	return [ string => text_of(pick(1, 36, 63, 64, 255, 256, 998, 999, 2000, 2001, chance(0.1) ? (100_000, 100_001) : ())) ]
	  if $kind == 4;
	return [ array => [ map { random_value($depth - 1) } 1 .. pick(0, 1, 2, 3, 11, chance(0.2) ? 51 : ()) ] ] if $kind == 5;
	return [ object => { map { random_key() => random_value($depth - 1) } 1 .. pick(0, 1, 2, 5) } ];
}

sub random_key
{
	return pick(@step_keys, @config_keys) if chance(0.7);
	return pick(@typos) if chance(0.7);
	return pick('', ' ', 'a b', 'a"b', "\x{e9}t\x{e9}", "tab\t", 'back\\slash', '$', 'a.b', "\x{1}", "\x{1f600}",
		'k' x 40, 'k' x 41, 'k' x 100, "\x{e9}" x 21, 'x' . ("\x{e9}" x 20), '9a', 'A9_');
}

# Changes one thing somewhere.
sub mutate
{
	my ($document) = @_;
	my @places = ();
	collect($document, \@places);
	my $node = pick(@places);
	my ($type, $value) = @$node;

	if ($type eq 'object')
	{
		my @keys = sort keys %$value;
		my $key = @keys ? pick(@keys) : 'x';
		my $what = int rand 7;
		if ($what == 0) { delete $value->{$key} }
		elsif ($what == 1) { $value->{ random_key() } = random_value(2) }
		elsif ($what == 2) { $value->{ pick(@typos) } = delete $value->{$key} // ['null'] }
		elsif ($what <= 5) { my $new = pick(@step_keys, ('config') x 8); $value->{$new} = random_member($new) }
		else { $value->{$key} = random_value(2) if exists $value->{$key} }
	}
	elsif ($type eq 'array')
	{
		my $what = int rand 6;
		my $copies = $what == 0 ? pick(1, 1, 10, 50) : 1;
		if ($what <= 1 && @$value) { push @$value, map { tree_copy($value->[0]) } 1 .. $copies }
		elsif ($what == 2) { splice @$value, int rand(1 + @$value), 1 }
		elsif ($what == 3) { @$value = reverse @$value }
		elsif ($what == 4) { @$value = () }
		else { splice @$value, int rand(1 + @$value), 0, random_value(2) }
	}
	else
	{
		@$node = @{ random_value(1) };
	}
}

sub random_member
{
	my ($key) = @_;
	return chance(0.5) ? [ string => pick(@strings) ] : random_value(1) if $key eq 'channel';
	return [ number => pick(@{ $edges{$key} }, chance(0.3) ? @numbers : ()) ] if $edges{$key} && chance(0.8);
	return [ string => text_of(pick(@{ $lengths{$key} })) ] if $lengths{$key} && chance(0.4);
	return [ string => text_of(pick(100_000, 100_001)) ] if $key =~ /^body/ && chance(0.1);
	return [ array => [ map { [ string => $uuid ] } 1 .. pick(0, 10, 11) ] ] if $key eq 'attachments' && chance(0.5);
	return [ boolean => chance(0.5) ] if $key =~ /enabled|delay/ && chance(0.7);
	return [ string => pick(@placeholder_texts) ] if $key =~ /subject|body/ && chance(0.7);
	return [ string => pick(@strings) ] if $key =~ /^(condition|on_failure|late)$/ && chance(0.8);
	return edgy_config() if $key eq 'config';
	return valid_value($key) if $key ne 'late' && chance(0.3);
	return random_value(2);
}

sub edgy_config
{
	my $config = valid_config();
	my $key = pick(@config_keys, 'channel', 'step');
	my %lists = (
		example_messages => [ [ 20, 21 ], { body => 'b' } ],
		asset_ids => [ [ 50, 51 ], $uuid ],
		personalization_vars => [ [ 50, 51 ], 'v' ]);

	if ($edges{$key} && chance(0.8)) { $config->[1]{$key} = [ number => pick(@{ $edges{$key} }) ] }
	elsif ($key =~ /^(tone|formality)$/ && chance(0.8)) { $config->[1]{$key} = [ string => pick(@strings) ] }
	elsif ($lengths{$key}) { $config->[1]{$key} = [ string => text_of(pick(@{ $lengths{$key} })) ] }
	elsif ($lists{$key})
	{
		my ($sizes, $item) = @{ $lists{$key} };
		$config->[1]{$key} = tree_of([ ($item) x pick(@$sizes) ]);
	}
	else { $config->[1]{$key} = random_value(1) }
	return $config;
}

sub collect
{
	my ($node, $places) = @_;
	my ($type, $value) = @$node;
	push @$places, $node;
	if ($type eq 'array') { collect($_, $places) for @$value }
	elsif ($type eq 'object') { collect($value->{$_}, $places) for sort keys %$value }
}

1;
