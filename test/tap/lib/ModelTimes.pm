package ModelTimes;

# Times of the model, in microseconds since 1970, and what may be undefined of
# them.

use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min);

our @EXPORT_OK = qw(FOREVER SECOND MINUTE HOUR DAY earliest latest);

use constant {
	FOREVER => 9_000_000_000_000_000_000,
	SECOND => 1_000_000,
	MINUTE => 60_000_000,
	HOUR => 3_600_000_000,
	DAY => 86_400_000_000
};

# Of those that are defined.
sub earliest { return min(grep { defined } @_); }
sub latest { return max(grep { defined } @_); }

1;
