package Model;

# Model: stands for the service of a language model that writes messages. Its
# texts are made of what it is given, so that each run of the demo has the same
# ones, and so are its failures: it is overloaded for some contacts, and forgets
# a limit for others, once each.
#
# It keeps the books that its bill is made of: a file of calls for each contact
# that a writer has asked for, which the writer moves to "reported" when the
# database has got the costs.

use strict;
use warnings;
use utf8;
use Digest::MD5 qw(md5_hex);
use Encode qw(encode_utf8);
use JSON::PP;
use Time::HiRes qw(sleep);

use constant { NAME => 'stub-1', USD_IN => 0.0000008, USD_OUT => 0.000004 };

my $json = JSON::PP->new->utf8->canonical;
my %greeting = (professional => 'Dear %s,', casual => 'Hi %s,', es => 'Hola, %s:');
my %texts = (
	en => {
		linkedin_connect => '%s I look after buildings like those of %s, and would be glad to connect. %s',
		email => [
			'%s: one contract for every building',
			"As a %s you know what a burst pipe at night costs.\n\nOur revolutionary offer: %s.\n\nMay I call you next week?",
			'%s: before the winter',
			"I wrote to you some days ago. As a %s you will plan for the winter now.\n\nOur revolutionary offer: %s.\n\nShall I send you our prices?"
		],
		linkedin_message => "Thank you for your time.\n\nIn short, for a %s: %s. The document that I enclose has the details.",
		stop => 'No more of these:'
	},
	es => {
		linkedin_connect => '%s me ocupo de edificios como los de %s, y me gustaría conectar. %s',
		email => [
			'%s: un contrato para todos los edificios',
			"Usted sabe, como %s, lo que cuesta una avería.\n\nNuestra oferta: %s.\n\n¿Puedo llamarle?",
			'%s: antes del invierno',
			"Le escribí hace unos días. Como %s, estará preparando el invierno.\n\nNuestra oferta: %s.\n\n¿Le envío los precios?"
		],
		linkedin_message => "Gracias por su tiempo.\n\nEn breve, como %s: %s. Los detalles están en el documento.",
		stop => 'No quiero más mensajes:'
	},
);

sub new
{
	my ($class, $folder) = @_;
	for my $name ($folder, map { "$folder/$_" } qw(charged reported troubled))
	{
		-d $name or mkdir $name or -d $name or die "$name: $!";
	}
	return bless { folder => $folder, files => 0 }, $class;
}

# Opens the books for a contact.
sub begin
{
	my ($self, $contact) = @_;
	$self->{file} = "$$." . ++$self->{files};
	$self->{contact} = $contact;
	open my $books, '>', "$self->{folder}/charged/$self->{file}" or die "books: $!";
	close $books;
	my $luck = hex(substr md5_hex(encode_utf8($contact->{email})), 0, 4) / 65536;
	my $mark = "$self->{folder}/troubled/$contact->{id}";
	$self->{trouble} = $luck >= 0.05 || -e $mark ? '' : $luck < 0.035 ? 'overloaded' : 'too long';
	return unless $self->{trouble};
	open my $file, '>', $mark or die "$mark: $!";
}

# Writes for a step. Returns (message, cost); dies of what it answers instead.
sub complete
{
	my ($self, $step, $variant, $config) = @_;
	sleep 0.005;
	die "429 the model is overloaded\n" if $self->{trouble} eq 'overloaded' && $step->{touch_number} == 3;
	my %message = (touch_number => $step->{touch_number}, variant => $variant, %{ $self->text($step, $config) });
	# it is asked with all that is known, and for long texts with more of it
	my ($in, $out) = $step->{limits}{has_subject} ? (780, 20 * int(length($message{body}) / 30)) : (800, 200);
	my %cost = (model => NAME, tokens_in => $in, tokens_out => $out, usd => 0 + sprintf('%.6f', $in * USD_IN + $out * USD_OUT),
		touch_number => $step->{touch_number}, variant => $variant);
	open my $books, '>>', "$self->{folder}/charged/$self->{file}" or die "books: $!";
	print $books $json->encode({ %cost, contact_id => $self->{contact}{id} }), "\n";
	close $books or die "books: $!";
	return (\%message, \%cost);
}

sub text
{
	my ($self, $step, $config) = @_;
	my $contact = $self->{contact};
	my $language = $step->{config}{language} // $config->{language} // 'en';
	my $own = $texts{$language} or die "422 no texts in $language\n";
	my $hello = sprintf $greeting{$language} // $greeting{ $config->{tone} }, $contact->{first_name};
	my @about = (lc $contact->{job_title}, $config->{value_proposition});
	if ($step->{channel} eq 'linkedin_connect')
	{
		my $body = sprintf $own->{linkedin_connect}, $hello, $contact->{company}{name}, 'Ada, Harbour';
		return { body => $self->{trouble} eq 'too long' ? $body x 4 : $body };
	}
	return { body => "$hello\n\n" . sprintf($own->{linkedin_message}, @about) . "\n\nAda, Harbour" } unless $step->{limits}{has_subject};
	# only the engine can sign a link
	my $leave = ($config->{custom_instructions} // '') eq 'A person sends this.' ? 'ada@harbour.example' : '{{link.unsubscribe}}';
	my ($subject, $body) = @{ $own->{email} }[ $step->{touch_number} <= 2 ? (0, 1) : (2, 3) ];
	return { subject => sprintf($subject, $contact->{first_name}),
		body => "$hello\n\n" . sprintf($body, @about) . "\n\nAda, Harbour\n$own->{stop} $leave\n" };
}

sub reported
{
	my ($self) = @_;
	rename "$self->{folder}/charged/$self->{file}", "$self->{folder}/reported/$self->{file}" or die "books: $!";
}

# All calls whose costs were reported, or else those that nobody could report.
sub calls
{
	my ($self, $kind) = @_;
	my @calls;
	for my $name (glob "$self->{folder}/$kind/*")
	{
		open my $file, '<', $name or die "$name: $!";
		push @calls, map { $json->decode($_) } <$file>;
	}
	return @calls;
}

1;
