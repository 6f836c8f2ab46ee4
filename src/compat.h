/*
 * compat.h
 *		The differences between the supported servers, 15 to 18.
 *
 * The only file that looks at PG_VERSION_NUM.  A branch goes the day its
 * major version is dropped.
 */
#ifndef CAMPAIGN_COMPAT_H
#define CAMPAIGN_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "campaign needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM >= 180000
#define CAMPAIGN_MODULE_MAGIC_COMPAT \
	PG_MODULE_MAGIC_EXT(.name = "campaign", .version = CAMPAIGN_VERSION)
#else
#define CAMPAIGN_MODULE_MAGIC_COMPAT PG_MODULE_MAGIC
#endif

#endif							/* CAMPAIGN_COMPAT_H */
