/*
 * document_tables.h
 *		Shorthand in which the tables of documents are written, and the SQL
 *		functions that every document has.
 */
#ifndef CAMPAIGN_DOCUMENT_TABLES_H
#define CAMPAIGN_DOCUMENT_TABLES_H

#include "core/documents.h"

#define STRING(most) {.type = DOC_STRING, .max = (most)}
#define STRING_WITHIN(least, most) {.type = DOC_STRING, .min = (least), .max = (most)}
#define FORMATTED(form, least, most) \
	{.type = DOC_STRING, .min = (least), .max = (most), .format = &(form)}
#define ONE_OF(list) {.type = DOC_STRING, .values = (list)}
#define INTEGER(least, most) {.type = DOC_INTEGER, .min = (least), .max = (most)}
#define LIST(of, most) {.type = DOC_ARRAY, .items = &(of), .max = (most)}
#define INDEX .index = &(DocIndex) {0}
#define FIELDS(list) .fields = (list), .nfields = lengthof(list), INDEX
#define RULES(list) .rules = (list), .nrules = lengthof(list)

/*
 * The C functions behind campaign.require_NAME(jsonb), which is the check of
 * the domain: true, or CP003; NAME_errors(jsonb); normalize_NAME(jsonb);
 * NAME_schema() and unwrap_NAME(jsonb), for the const Document given.
 */
#define DOCUMENT_FUNCTIONS(name, document) \
PG_FUNCTION_INFO_V1(campaign_require_##name); \
PG_FUNCTION_INFO_V1(campaign_##name##_errors); \
PG_FUNCTION_INFO_V1(campaign_normalize_##name); \
PG_FUNCTION_INFO_V1(campaign_##name##_schema); \
PG_FUNCTION_INFO_V1(campaign_unwrap_##name); \
\
Datum \
campaign_require_##name(PG_FUNCTION_ARGS) \
{ \
	Jsonb	   *value = PG_GETARG_JSONB_P(0); \
\
	DocumentRequire(&(document), value); \
	PG_FREE_IF_COPY(value, 0); \
	PG_RETURN_BOOL(true); \
} \
\
Datum \
campaign_##name##_errors(PG_FUNCTION_ARGS) \
{ \
	DocumentReturnFaults(&(document), PG_GETARG_JSONB_P(0), fcinfo); \
	return (Datum) 0; \
} \
\
Datum \
campaign_normalize_##name(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_JSONB_P(DocumentNormalize(&(document), PG_GETARG_JSONB_P(0))); \
} \
\
Datum \
campaign_##name##_schema(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_JSONB_P(DocumentJsonSchema(&(document))); \
} \
\
Datum \
campaign_unwrap_##name(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_JSONB_P(DocumentUnwrap(&(document), PG_GETARG_JSONB_P(0))); \
} \
extern void campaign_##name##_needs_a_semicolon(void)

#endif							/* CAMPAIGN_DOCUMENT_TABLES_H */
