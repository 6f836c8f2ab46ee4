/*
 * table_strangers.c
 *		What SQL would do about a row of one of the extension's tables, and a
 *		write without SQL passes over.
 *
 * The server has a trigger for all of it that is not in the row itself: one
 * that somebody has made, those that check foreign keys from either side, and
 * the one that looks again at a deferrable constraint.  The extension's own
 * are known by name.  Checks and unique indexes are the writer's business.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"

#include "campaign.h"
#include "core/table_strangers.h"

static bool is_own(const Trigger *trigger, const TableOwn *own);
static bool is_among(const char *const *names, const char *name);
static void refuse_trigger(Relation rel, const Trigger *trigger);

const Trigger *
TableStranger(Relation rel, const TableOwn *own, int events)
{
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if ((trigger->tgtype & events) != 0 && !is_own(trigger, own))
			return trigger;
	}
	return NULL;
}

static bool
is_own(const Trigger *trigger, const TableOwn *own)
{
	char	   *name;
	bool		result;

	if (!trigger->tgisinternal)
		return is_among(own->triggers, trigger->tgname);
	if (RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_FK)
		return RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK;
	name = get_constraint_name(trigger->tgconstraint);
	result = name != NULL && is_among(own->foreign_keys, name);
	if (name != NULL)
		pfree(name);
	return result;
}

static bool
is_among(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

void
TableRefuseStrangers(Relation rel, const TableOwn *own, int ncolumns)
{
	const char *name = RelationGetRelationName(rel);
	const Trigger *stranger = TableStranger(rel, own, TRIGGER_TYPE_EVENT_MASK);
	TupleDesc	desc = RelationGetDescr(rel);

	if (stranger)
		refuse_trigger(rel, stranger);
	for (int i = 0; i < desc->natts; i++)
		ncolumns -= TupleDescAttr(desc, i)->attisdropped ? 0 : 1;
	if (ncolumns != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has columns of its own", name),
				 errdetail("Claims and reports write the extension's columns only."),
				 errhint("Drop the column; keep what you know in a table of your own.")));
	if (rel->rd_rel->relam != HEAP_TABLE_AM_OID)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" is not a heap", name),
				 errdetail("Claims and reports rely on the row locks of the heap."),
				 errhint("ALTER TABLE " CAMPAIGN_SCHEMA ".%s SET ACCESS METHOD heap.", name)));
}

static void
refuse_trigger(Relation rel, const Trigger *trigger)
{
	const char *name = RelationGetRelationName(rel);

	if (!trigger->tgisinternal)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has a trigger of its own", name),
				 errdetail("Trigger \"%s\" would not fire for what claims and reports write.", trigger->tgname),
				 errhint("Drop it; a trigger on campaign.campaign_enrollments fires.")));
	if (RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_FK)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has a foreign key of its own", name),
				 errdetail("Foreign key \"%s\" would not be checked for what claims and reports write.",
						   get_constraint_name(trigger->tgconstraint)),
				 errhint("Drop it; keep what you know in a table of your own.")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" has a deferrable constraint of its own", name),
			 errdetail("Constraint \"%s\" would not be checked at the end of claims and reports.",
					   get_constraint_name(trigger->tgconstraint)),
			 errhint("Drop it, or make it one that is not deferrable.")));
}

void
TableRefuseReferences(Relation rel)
{
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgisinternal && RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table \"%s\" is referred to by a foreign key", RelationGetRelationName(rel)),
					 errdetail("Foreign key \"%s\" would not be checked for what claims and reports change and remove.",
							   get_constraint_name(trigger->tgconstraint)),
					 errhint("Drop it; refer to campaign.campaign_enrollments.")));
	}
}
