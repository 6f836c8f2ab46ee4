package Provider;

# Provider: stands for the services that deliver e-mail, SMS and what is sent
# over LinkedIn. It keeps a file for each message that it accepted, so that
# afterwards one can count what really went out, whatever the workers and the
# database believe.
#
# As in real life the e-mail service knows a repeated message by its
# idempotency key and does not send it again, and the others do not: they send
# whatever they are given.

use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Encode qw(encode_utf8);
use JSON::PP;
use Time::HiRes qw(sleep);

use constant CHANNELS => qw(email sms linkedin_connect linkedin_message);

my $json = JSON::PP->new->utf8->canonical;
my %unknown = (email => '550 no such mailbox', sms => 'not a mobile number');

sub new
{
	my ($class, $folder) = @_;
	for my $name ($folder, map { "$folder/$_" } CHANNELS, qw(repeated arriving news))
	{
		-d $name or mkdir $name or -d $name or die "$name: $!";
	}
	return bless { folder => $folder, calls => 0 }, $class;
}

# What becomes of a message depends on its address and touch, so that each run
# of the demo has the same troubles. Returns (outcome, detail).
sub deliver
{
	my ($self, $touch) = @_;
	my $luck = hex(substr md5_hex(encode_utf8("$touch->{address} $touch->{touch_number}")), 0, 4) / 65536;

	return (permanent => $unknown{ $touch->{channel} } // 'no such profile') if $luck < 0.012;
	return (temporary => '421 service overloaded') if $luck < 0.018 && $touch->{attempt} <= 4;
	return (temporary => '451 try again later') if $luck < 0.060 && $touch->{attempt} == 1;
	sleep 0.15 if $luck > 0.994;
	return (accepted => $self->accept($touch));
}

# Accepting is one link(2): whoever is killed before it has sent nothing.
sub accept
{
	my ($self, $touch) = @_;
	my $key = $touch->{idempotency_key};
	my $id = id_of($key);
	my $call = "$$." . ++$self->{calls};
	my $arriving = "$self->{folder}/arriving/$call";
	my %message = (id => $id, map { $_ => $touch->{$_} }
		qw(idempotency_key channel address subject body tenant_id campaign_id contact_id enrollment_id touch_number claimed_at));
	open my $file, '>', $arriving or die "$arriving: $!";
	print $file $json->encode(\%message);
	close $file or die "$arriving: $!";
	my $place = "$self->{folder}/$touch->{channel}/$key";
	if (!link $arriving, $place)
	{
		$!{EEXIST} or die "$place: $!";
		my $again = $touch->{channel} eq 'email' ? "$self->{folder}/repeated/$key.$call" : "$place.$call";
		link $arriving, $again or die "$again: $!";
	}
	rename $arriving, "$self->{folder}/news/$call" or die "$arriving: $!";
	return $id;
}

# Its webhook may be faster than the worker's report.
sub calls_at_once
{
	my ($self, $touch) = @_;
	return $touch->{channel} eq 'email' && $touch->{touch_number} == 1 && md5_hex(encode_utf8($touch->{address})) =~ /^[0-3]7/;
}

# Its id of a message that it has sent out.
sub sent_as
{
	my ($self, $channel, $key) = @_;
	return -e "$self->{folder}/$channel/$key" ? id_of($key) : undef;
}

sub id_of { return 'msg-' . substr(md5_hex($_[0]), 0, 12); }

# What was accepted since the last time.
sub news
{
	my ($self) = @_;
	my @files = sort glob "$self->{folder}/news/*";
	my @news = map { read_message($_) } @files;
	unlink @files;
	return @news;
}

# All messages of a kind: those of a channel were sent out, repeated was recognised.
sub messages
{
	my ($self, @kinds) = @_;
	return map { read_message($_) } map { glob "$self->{folder}/$_/*" } @kinds;
}

sub read_message
{
	my ($name) = @_;
	open my $file, '<', $name or die "$name: $!";
	local $/;
	return $json->decode(scalar <$file>);
}

1;
