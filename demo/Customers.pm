package Customers;

# Customers: what becomes of a message after it was sent. Receipts of the
# provider and what people do come back through one webhook, which is a session
# of a worker's role: as record_event(), and as record_link() for a click on a
# link of the message that they have received.

use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Encode qw(encode_utf8);
use JSON::PP;
use World qw(HOUR);

# Of a thousand messages so many meet with this; the rest is read or not.
my %fates = (
	email => [ [ bounced => 6 ], [ clicked => 70 ], [ replied => 12 ], [ unsubscribed => 7 ], [ feedback => 8 ], [ opened => 350 ] ],
	sms => [ [ clicked => 80 ], [ replied => 8 ], [ stop => 14 ] ],
	# to strangers, and without a link to click
	cold_email => [ [ bounced => 6 ], [ replied => 70 ], [ unsubscribed => 15 ], [ opened => 400 ] ],
	linkedin_connect => [ [ replied => 50 ] ],
	linkedin_message => [ [ replied => 100 ] ],
);
my %record = (
	# the services for e-mail and LinkedIn know a message by the id that they gave it
	message => 'SELECT result, stopped FROM campaign.record_event($1, provider_id => $2, tenant => $3, event_id => $4, data => $5)',
	# the SMS service gives back the reference that it was sent with
	reference => 'SELECT result, stopped FROM campaign.record_event($1, provider_id => $2, enrollment => $3, event_id => $4, data => $5)',
	# who writes back is known by address only
	address => 'SELECT result, stopped FROM campaign.record_event($1, address => $2, tenant => $3, event_id => $4, data => $5)',
	link => 'SELECT result, 0 FROM campaign.record_link($1, event_id => $2)',
);

sub new
{
	my ($class, $world, $provider) = @_;
	my $webhook = World::session('sender');
	return bless { world => $world, provider => $provider, webhook => $webhook, future => [], said => {},
		record => { map { $_ => $webhook->prepare($record{$_}) } keys %record } }, $class;
}

# What will become of the messages that have just gone out.
sub receive
{
	my ($self) = @_;
	my @news = $self->{provider}->news;
	for my $message (@news)
	{
		my $luck = md5_hex(encode_utf8("$message->{address} $message->{touch_number} and then"));
		my $hours = 1 + hex(substr $luck, 8, 4) % 7;
		my $cold = $message->{campaign_id} eq $self->{world}{outreach} && $message->{channel} eq 'email' ? 'cold_' : '';
		my ($fate) = fate("$cold$message->{channel}", hex(substr $luck, 0, 4) / 65.536);
		my $is_email = $message->{channel} eq 'email';
		$self->expect(60, $fate eq 'bounced' ? 'bounced' : 'delivered', $message) if $is_email || $luck !~ /0$/;
		# a scanner that opens what comes in
		$self->expect(60, 'machine_opened', $message) if $is_email && $luck =~ /[0-2]$/;
		$self->expect($hours * HOUR, 'opened', $message) if $is_email && $fate ne '' && $fate ne 'bounced';
		$self->expect($hours * HOUR + 60, $fate, $message) if $fate =~ /^(clicked|replied|unsubscribed|feedback|stop)$/;
	}
	@{ $self->{future} } = sort { $a->{at} <=> $b->{at} } @{ $self->{future} } if @news;
}

sub fate
{
	my ($channel, $luck) = @_;
	for my $fate (@{ $fates{$channel} })
	{
		return $fate->[0] if ($luck -= $fate->[1]) < 0;
	}
	return '';
}

sub expect
{
	my ($self, $after, $kind, $message) = @_;
	push @{ $self->{future} }, { at => $message->{claimed_at} + $after, kind => $kind, message => $message };
}

# Whose time has come; some webhooks call twice.
sub act
{
	my ($self) = @_;
	while (@{ $self->{future} } && $self->{future}[0]{at} <= $self->{world}{clock})
	{
		my $event = shift @{ $self->{future} };
		my $twice = md5_hex("$event->{message}{id} $event->{kind}") =~ /^0[0-7]/;
		$self->tell($event) for 1 .. ($twice ? 2 : 1);
	}
}

sub tell
{
	my ($self, $event) = @_;
	my ($kind, $m) = @$event{qw(kind message)};
	my $id = "$m->{id} $kind";
	my ($result, $stopped) = $self->statement($kind, $m, $id);
	$self->{said}{$id}++;
	$self->{world}->count(told => 1);
	$self->{world}->count("event $result");
	$self->{world}->count($kind) if $result ne 'duplicate';
	$self->{world}->count(stopped => $stopped) if $stopped;
}

sub statement
{
	my ($self, $kind, $m, $id) = @_;
	my ($way, @values);
	if ($kind eq 'clicked' || $kind eq 'unsubscribed')
	{
		my $path = $kind eq 'clicked' ? 'review' : 'unsubscribe';
		my ($token) = $m->{body} =~ m{/l/$path/(\S+)} or die "a message without its $path link\n";
		($way, @values) = ('link', $token, $id);
	}
	elsif (($kind eq 'replied' || $kind eq 'stop') && $m->{channel} !~ /^linkedin/)
	{
		($way, @values) = ('address', $kind eq 'stop' ? 'sms_stop' : $kind, $m->{address}, $m->{tenant_id}, $id, undef);
	}
	else
	{
		my %data = $kind eq 'bounced' ? (bounce => 'hard') : $kind eq 'machine_opened' ? (machine => JSON::PP::true) : ();
		$way = $m->{channel} eq 'sms' || $kind eq 'feedback' ? 'reference' : 'message';
		@values = ($kind eq 'machine_opened' ? 'opened' : $kind, $m->{id}, $way eq 'message' ? $m->{tenant_id} : $m->{enrollment_id},
			$id, %data ? encode_json(\%data) : undef);
	}
	$self->{record}{$way}->execute(@values);
	return $self->{record}{$way}->fetchrow_array;
}

1;
