package EngineSequence;

# A sequence of random moves: a world of its own to make them in, and what every
# move needs to choose, to act and to judge.
#
# All choices are rand()'s, and each move has a seed of its own, so that a
# sequence is repeated, and shortened, by the list of its moves.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP;

use EngineModel qw(new_name);
use ModelTimes qw(FOREVER HOUR DAY);

our @EXPORT_OK = qw(pick chance between check);

my $serial = 0;

sub new
{
	my ($class, $db) = @_;
	my $channels = $db->look('SELECT channel, address_kind, consent, uncertain_policy, hourly_limit FROM campaign.channels');
	my $m = EngineModel->new(channels => { map { $_->{channel} => $_ } @$channels });
	# a Monday at noon
	$m->{now} = 1_893_844_800_000_000;
	$db->forget_transcript;
	$db->{now} = $m->{now};
	return bless { db => $db, m => $m, seen => {}, keys => {} }, $class;
}

# ---- choosing

sub pick { return @_ ? $_[ rand @_ ] : undef; }
sub chance { return rand() < $_[0]; }

sub between
{
	my ($low, $high) = @_;
	return $low + int rand($high - $low + 1);
}

# ---- acting

sub ask
{
	my ($s, $who, $sql) = @_;
	my ($rows, $state, $message) = $s->try($who, $sql);
	die "$who could not: $state $message\n" if $state ne '00000';
	return @$rows;
}

sub try
{
	my ($s, $who, $sql) = @_;
	$s->{db}{now} = $s->{m}{now};
	my ($rows, $state, $message) = $s->{db}->try($who, $sql);
	# another transaction holds what it needs
	die "blocked\n" if $state eq '55P03' && $s->{inside} && !$s->{db}{is_inside};
	return ($rows, $state, $message);
}

# What should be refused with a SQLSTATE, and change nothing.
sub refused
{
	my ($s, $who, $sql, $expected) = @_;
	my (undef, $state) = $s->try($who, $sql);
	check('the refusal', $state, $expected);
	$s->see("refused $expected");
	return;
}

# Who decides, by the name that the engine writes down.
sub member
{
	my ($s) = @_;
	return $s->{db}{is_inside} ? $s->{db}{superuser} : 'regress_property_owner';
}

# The ids of a statement, or NULL, as literals.
sub id
{
	my ($s, $thing) = @_;
	return $thing ? "'$thing->{id}'" : 'NULL';
}

sub at
{
	my ($s, $time) = @_;
	return defined $time ? "property.at($time)" : 'NULL';
}

sub quote
{
	my ($s, $text) = @_;
	return $s->{db}->quote($text);
}

# ---- judging

sub check
{
	my ($what, $got, $expected) = @_;
	($got, $expected) = map { $_ // 'nothing' } $got, $expected;
	die "$what: $got, expected: $expected\n" if $got ne $expected;
	return;
}

# What has come about in the run is counted: a move that is never made proves
# nothing.
sub see
{
	my ($s, $what) = @_;
	$s->{seen}{$what}++;
	return;
}

# ---- the world

sub make_world
{
	my ($s) = @_;
	$s->make_tenant foreach 1 .. (chance(0.3) ? 2 : 1);
	foreach my $tenant (@{ $s->{m}{tenants} })
	{
		my @services = (undef, 'hvac');
		$s->make_contacts($tenant, between(2, 5));
		$s->make_campaign($tenant, 'jobs', $_) foreach chance(0.5) ? @services : pick(@services);
		$s->make_campaign($tenant, 'contacts') foreach 1 .. between(1, 2);
	}
	return;
}

sub make_tenant
{
	my ($s) = @_;
	my $tenant = {
		name => new_name('T'),
		slug => 'property-' . ++$serial,
		timezone => 'UTC',
		min_gap => pick(0, HOUR, HOUR, 5 * HOUR),
		conflict_policy => pick(qw(ask replace skip queue)),
		cooldown => DAY * pick(7, 30),
		parallel => chance(0.3) ? 1 : 0,
		# most are never at rest
		quiet => pick([ 0, 0 ], [ 0, 0 ], [ 0, 0 ], undef, [ 12 * HOUR, 14 * HOUR ]),
		suppressed => {},
		rules => {},
		limits => {},
		units => {},
		by_hand => {},
		intervals => {},
		blackouts => {}
	};
	($tenant->{id}) = map { $_->{id} } $s->ask('admin',
		"SELECT campaign.create_tenant('$tenant->{name}', '$tenant->{slug}', 'UTC', 'regress_property_owner') AS id");
	$s->ask('admin', "UPDATE campaign.tenants SET min_gap = " . interval($tenant->{min_gap})
		  . ", conflict_policy = '$tenant->{conflict_policy}', review_cooldown = " . interval($tenant->{cooldown})
		  . ", parallel_sequences = $tenant->{parallel}::boolean, " . quiet_columns($tenant->{quiet}) . " WHERE id = '$tenant->{id}'");
	$tenant->{service_delays} = {
		map { $_->{service_type} => $_->{delay} } @{
			$s->{db}->look(
				"SELECT service_type, (extract(epoch FROM first_touch_delay) * 1000000)::bigint AS delay FROM campaign.service_types WHERE tenant_id = '$tenant->{id}'"
			)
		}
	};
	push @{ $s->{m}{tenants} }, $tenant;
	make_limits($s, $tenant);
	return;
}

# Most tenants send as much as they like, and as often to one contact.
sub make_limits
{
	my ($s, $tenant) = @_;
	my $kind = pick(qw(default free free capped capped));
	return if $kind eq 'default';
	my $interval = pick(0, 0, HOUR);
	foreach my $channel (sort keys %{ $s->{m}{channels} })
	{
		$tenant->{intervals}{$channel} = $interval;
		set_limit($s, $tenant, $channel, $kind eq 'capped' && chance(0.6) ? random_caps() : {});
	}
	return;
}

sub random_caps
{
	return pick({ hour => between(1, 3) }, { day => between(1, 5) }, { hour => between(1, 2), day => between(2, 5) }, { hour => 2, month => 12 });
}

sub set_limit
{
	my ($s, $tenant, $channel, $caps) = @_;
	$tenant->{limits}{$channel} = $caps;
	$s->ask('owner', "SELECT campaign.set_send_limit('$tenant->{id}', '$channel', "
		  . join(', ', map({ $caps->{$_} // 'NULL' } qw(hour day month)), interval($tenant->{intervals}{$channel})) . ')');
	return;
}

sub interval
{
	my ($length) = @_;
	return "make_interval(secs => $length / 1000000)";
}

sub quiet_columns
{
	my ($quiet) = @_;
	return 'quiet_from = NULL, quiet_until = NULL' unless $quiet;
	return join ', ', map { sprintf "%s = '%02d:00'", ('quiet_from', 'quiet_until')[$_], $quiet->[$_] / HOUR } 0, 1;
}

sub make_contacts
{
	my ($s, $tenant, $count) = @_;
	my $phones = between(1, $count);    # a household shares one
	foreach my $n (1 .. $count)
	{
		my $name = new_name('K');
		my $contact = {
			name => $name,
			tenant => $tenant,
			email => chance(0.9) ? lc "$name\@example.com" : undef,
			phone => '+1212555' . (1000 + $n % $phones),
			linkedin_url => chance(0.5) ? lc "https://linkedin.example/$name" : undef,
			timezone => pick(undef, undef, 'Mars/Olympus', GateModel::known_zones()),
			quiet => pick(undef, undef, undef, undef, [ 9 * HOUR, 10 * HOUR ]),
			consent => {}
		};
		($contact->{id}) = map { $_->{id} } $s->ask('owner',
			"INSERT INTO campaign.contacts (tenant_id, first_name, email, phone, linkedin_url, timezone) VALUES ('$tenant->{id}', "
			  . join(', ', map { $s->quote($contact->{$_}) } qw(name email phone linkedin_url timezone))
			  . ') RETURNING id');
		push @{ $s->{m}{contacts} }, $contact;
		$s->ask('owner', 'UPDATE campaign.contacts SET ' . quiet_columns($contact->{quiet}) . " WHERE id = '$contact->{id}'")
		  if $contact->{quiet};
		next unless chance(0.8);
		$contact->{consent}{sms} = 'opted_in';
		$s->ask('owner', "SELECT campaign.set_consent('$contact->{id}', 'sms', 'opted_in')");
	}
	return;
}

sub make_campaign
{
	my ($s, $tenant, $audience, $service) = @_;
	my $plan = random_plan();
	my $campaign = {
		name => new_name('C'),
		tenant => $tenant,
		audience => $audience,
		service => $service,
		max_attempts => between(1, 4),
		status => 'running',
		version => 1,
		plans => { 1 => $plan },
		resume_policy => 'keep',
		resumes_by => 'keep',
		resumed_at => -FOREVER,
		spread => 0,
		shift => 0
	};
	($campaign->{id}) = map { $_->{id} } $s->ask('owner',
		"SELECT campaign.create_campaign('$tenant->{id}', '$campaign->{name}', "
		  . $s->quote(document($plan))
		  . ", '$audience', "
		  . $s->quote($service)
		  . ') AS id');
	$s->ask('owner', "UPDATE campaign.outreach_campaigns SET max_attempts = $campaign->{max_attempts} WHERE campaign_id = '$campaign->{id}'");
	$s->ask('owner', "SELECT campaign.launch_campaign('$campaign->{id}')");
	push @{ $s->{m}{campaigns} }, $campaign;
	return;
}

sub random_plan
{
	my @touches = map {
		{
			channel => pick(qw(email email email sms sms call linkedin_connect linkedin_message)),
			delay => HOUR * pick(0, 0, 1, 4, 24, 72),
			on_failure => chance(0.2) ? 'stop' : 'advance',
			use_service_delay => 0,
			condition => pick(('always') x 6, 'no_response', 'opened_not_replied'),
			chance(0.25) ? (max_lateness => HOUR * pick(0.5, 2, 30), late => pick(qw(send skip reschedule))) : ()
		}
	} 1 .. pick(1, 2, 2, 3, 3, 4, 7);
	$touches[0]{use_service_delay} = chance(0.3) ? 1 : 0;
	return \@touches;
}

# The plan as a template_config.
sub document
{
	my ($plan) = @_;
	my @steps = map {
		{
			channel => $_->{channel},
			delay_hours => $_->{delay} / HOUR,
			on_failure => $_->{on_failure},
			condition => $_->{condition},
			defined $_->{max_lateness} ? (max_lateness_hours => $_->{max_lateness} / HOUR, late => $_->{late}) : (),
			body_text => 'Hello {{contact.first_name}}',
			$_->{channel} eq 'email' ? (subject => 'A word') : (),
			$_->{use_service_delay} ? (use_service_delay => JSON::PP::true) : ()
		}
	} @$plan;
	return JSON::PP->new->canonical->encode(\@steps);
}

# The tenants go with all that they have.
sub leave_world
{
	my ($s) = @_;
	$s->{db}{sessions}{admin}->do("SELECT campaign.delete_tenant('$_->{id}', '$_->{slug}')") foreach @{ $s->{m}{tenants} };
	return;
}

1;
