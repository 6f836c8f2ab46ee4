# The rooms by name, in dependency order. A room NAME is src/NAME.sql, src/NAME.c or both.
ROOMS = \
	core/clock \
	core/ids \
	core/schema_version \
	core/access \
	core/identity \
	core/tenants \
	core/life_cycles \
	core/campaigns \
	core/document_reader \
	core/documents \
	core/document_schema \
	core/leases \
	core/statements \
	outreach/channels \
	outreach/service_types \
	outreach/template_render \
	outreach/template_config \
	outreach/message_templates \
	outreach/campaign_templates \
	outreach/contacts \
	outreach/jobs \
	outreach/history \
	outreach/outreach_campaigns \
	outreach/campaign_touches \
	outreach/enrollments \
	outreach/touch_queue \
	outreach/send_logs \
	outreach/enrollment_views \
	outreach/touch_storage \
	outreach/touch_plan \
	outreach/touch_message \
	outreach/touch_facts \
	outreach/touch_gate \
	outreach/touch_outcome \
	outreach/touch_claim \
	outreach/touch_lease \
	outreach/touch_report

EXTENSION = campaign
EXTVERSION   := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" campaign.control)
MODULE_big = campaign
OBJS = src/campaign.o $(patsubst %.c,%.o,$(wildcard $(ROOMS:%=src/%.c)))
SQL_ROOMS = $(wildcard $(ROOMS:%=src/%.sql))
BUILT_SQL = campaign--$(EXTVERSION).sql
DATA_built = $(BUILT_SQL)
PG_CPPFLAGS = -Isrc -DCAMPAIGN_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
EXTRA_CLEAN = $(BUILT_SQL)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(BUILT_SQL): src/install_head.sql $(SQL_ROOMS) src/install_tail.sql Makefile campaign.control
	for f in src/install_head.sql $(SQL_ROOMS) src/install_tail.sql; do \
		echo "-- >>> $$f"; sed 's/@VERSION@/$(EXTVERSION)/g' $$f; echo; done > $@
