# The rooms by name, in dependency order. A room NAME is src/NAME.sql, src/NAME.c or both.
ROOMS = \
	core/clock \
	core/ids \
	core/schema_version \
	core/transactions \
	core/statements \
	core/table_strangers \
	core/index_entries \
	core/row_checks \
	core/table_access \
	core/index_ranges \
	core/access \
	core/identity \
	core/tenants \
	core/life_cycles \
	core/campaigns \
	core/document_reader \
	core/documents \
	core/document_schema \
	core/document_formats \
	core/document_unwrap \
	core/leases \
	core/hashes \
	core/clone_guard \
	core/tenant_keys \
	outreach/channels \
	outreach/service_types \
	outreach/template_render \
	outreach/message_style \
	outreach/template_config \
	outreach/generation_config \
	outreach/sender_config \
	outreach/message_templates \
	outreach/campaign_templates \
	outreach/contacts \
	outreach/address_hash \
	outreach/jobs \
	outreach/history \
	outreach/quiet_hours \
	outreach/outreach_campaigns \
	outreach/campaign_copies \
	outreach/campaign_touches \
	outreach/send_limits \
	outreach/touch_counts \
	outreach/enrollments \
	outreach/touch_queue \
	outreach/send_logs \
	outreach/links \
	outreach/stop_rules \
	outreach/touch_events \
	outreach/enrollment_conflicts \
	outreach/bulk_enrollment \
	outreach/breaker \
	outreach/enrollment_views \
	outreach/analytics \
	outreach/low_water \
	outreach/touch_tables \
	outreach/lane_ring \
	outreach/touch_scan \
	outreach/touch_storage \
	outreach/touch_plan \
	outreach/touch_text \
	outreach/touch_message \
	outreach/touch_facts \
	outreach/touch_gate \
	outreach/touch_outcome \
	outreach/touch_claim \
	outreach/touch_lease \
	outreach/touch_report \
	outreach/touch_explain \
	outreach/template_diff \
	outreach/plan_changes \
	outreach/preview \
	outreach/simulation \
	outreach/erasure \
	outreach/contact_tags \
	outreach/contact_filter \
	outreach/campaign_contacts \
	outreach/contact_overlap \
	outreach/contact_assignment \
	outreach/contact_readiness \
	outreach/messages \
	outreach/message_review \
	outreach/generation_costs \
	outreach/generation_jobs \
	outreach/generation_budgets \
	outreach/generation \
	outreach/generation_work \
	outreach/generation_progress \
	outreach/message_delivery \
	outreach/message_export \
	outreach/launch \
	outreach/maintenance \
	outreach/health

# PGXS has a VERSION and an INSTALL_SCRIPT of its own.
EXTENSION = campaign
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" campaign.control)
MODULE_big = campaign
OBJS = src/campaign.o $(patsubst %.c,%.o,$(wildcard $(ROOMS:%=src/%.c)))
SQL_ROOMS = $(wildcard $(ROOMS:%=src/%.sql))
BUILT_SQL = campaign--$(EXTVERSION).sql
DATA_built = $(BUILT_SQL)
DATA = $(wildcard src/upgrade/campaign--*.sql)
PG_CPPFLAGS = -Isrc -DCAMPAIGN_VERSION='"$(EXTVERSION)"'
# -MMD: an object knows its headers, so that a changed one rebuilds it.
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -MMD -MP
EXTRA_CLEAN = $(OBJS:.o=.d)

# ---- Targets that need no server headers: they see to those themselves, so
# they come before PGXS, and without it if nothing else is asked for.

# The long ones first.
SUITES = tap fuzz dump upgrade regress isolation pgtap house
HOUSE_GOALS = setup check $(SUITES:%=check-%) dumpcheck upgradecheck sanitize memcheck soak demo bench matrix fresh
GOALS := $(or $(MAKECMDGOALS),all)

ifneq ($(filter-out $(HOUSE_GOALS),$(GOALS)),)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error PostgreSQL's server headers are missing: "make setup" installs them, or PG_CONFIG=... says where they are)
endif

# A server built with LLVM wants bitcode, which only its own clang can make.
# On a machine without it the extension works as well, just not inlined.
LLVM_TOOLS := $(shell sed -n -e 's/^CLANG[ \t]*= *//p' -e 's|^LLVM_BINPATH[ \t]*= *\(.*\)|\1/llvm-lto|p' $(dir $(PGXS))../Makefile.global)
ifneq ($(words $(wildcard $(LLVM_TOOLS))),2)
override with_llvm = no
endif

include $(PGXS)

$(OBJS): campaign.control Makefile
$(OBJS:.o=.bc): %.bc: %.o
-include $(OBJS:.o=.d)

$(BUILT_SQL): src/install_head.sql $(SQL_ROOMS) src/install_tail.sql Makefile campaign.control
	for f in src/install_head.sql $(SQL_ROOMS) src/install_tail.sql; do \
		echo "-- >>> $$f"; sed 's/@VERSION@/$(EXTVERSION)/g' $$f || exit 1; echo; done > $@.tmp
	mv $@.tmp $@

# A version that is tagged stays as it is: upgradecheck starts from these.
freeze: $(BUILT_SQL)
	cp $(BUILT_SQL) test/upgrade/frozen/
	test/lib/stage test/upgrade/dump_rows $(EXTVERSION) >test/upgrade/frozen/rows--$(EXTVERSION).sql

endif

ifneq ($(filter $(HOUSE_GOALS),$(GOALS)),)

.PHONY: $(HOUSE_GOALS)

setup:
	@test/lib/setup

# SUITES="name ..." runs some suites, TESTS="name ..." some of their tests.
check:
	@test/check $(SUITES)
$(SUITES:%=check-%): check-%:
	@test/check $*
dumpcheck: check-dump
upgradecheck: check-upgrade

# The C code under ASan and UBSan.
sanitize:
	@CAMPAIGN_SANITIZE=1 test/check regress pgtap isolation fuzz

# The same code and the server that runs it under valgrind: some twenty times slower.
memcheck:
	@CAMPAIGN_MEMCHECK=1 test/check regress pgtap isolation

# The long versions of what has one.
soak:
	@CAMPAIGN_SOAK=1 test/check tap fuzz
	@CAMPAIGN_SOAK=1 CAMPAIGN_SANITIZE=1 test/check fuzz

demo: setup
	@test/lib/stage demo/run
# Its parts and sizes are told in the script.
bench:
	@test/bench/run

# Newer servers, and machines with nothing on them, in folders of their own.
matrix:
	@test/matrix
fresh:
	@test/fresh

endif
