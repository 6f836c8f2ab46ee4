package Provider;

# Provider: stands for the services that deliver e-mail and SMS. It keeps a
# file for each message that it accepted, so that afterwards one can count what
# really went out, whatever the workers and the database believe.
#
# As in real life the e-mail service knows a repeated message by its
# idempotency key and does not send it again, and the SMS service does not: it
# sends whatever it is given.

use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Encode qw(encode_utf8);
use JSON::PP;
use Time::HiRes qw(sleep);

my $json = JSON::PP->new->utf8->canonical;

sub new
{
	my ($class, $folder) = @_;
	for my $name ($folder, map { "$folder/$_" } qw(email sms repeated arriving))
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

	return (permanent => $touch->{channel} eq 'sms' ? 'not a mobile number' : '550 no such mailbox') if $luck < 0.012;
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
	my $id = 'msg-' . substr(md5_hex($key), 0, 12);
	my $call = "$$." . ++$self->{calls};
	my $arriving = "$self->{folder}/arriving/$call";
	my %message = (id => $id, map { $_ => $touch->{$_} }
		qw(idempotency_key channel address subject body enrollment_id touch_number));
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
	unlink $arriving;
	return $id;
}

# All messages of a kind: email and sms were sent out, repeated was recognised.
sub messages
{
	my ($self, @kinds) = @_;
	my @found;
	for my $name (map { glob "$self->{folder}/$_/*" } @kinds)
	{
		open my $file, '<', $name or die "$name: $!";
		local $/;
		push @found, $json->decode(scalar <$file>);
	}
	return @found;
}

1;
