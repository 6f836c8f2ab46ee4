/*
 * document_formats.h
 *		Forms of strings that several documents use.
 */
#ifndef CAMPAIGN_DOCUMENT_FORMATS_H
#define CAMPAIGN_DOCUMENT_FORMATS_H

#include "core/documents.h"

#define CAMPAIGN_MAX_IDENTIFIER_CHARS 63
#define CAMPAIGN_MAX_NAME_CHARS 255
#define CAMPAIGN_MAX_EMAIL_CHARS 254	/* a path of SMTP, RFC 5321 */

extern const DocFormat IdentifierFormat;
extern const DocFormat UuidFormat;
extern const DocFormat LineFormat;
extern const DocFormat EmailFormat;
extern const DocFormat TimeOfDayFormat;

extern const DocSchema BooleanSchema;
extern const DocSchema NameSchema;
extern const DocSchema IdentifierSchema;
extern const DocSchema UuidSchema;

#endif							/* CAMPAIGN_DOCUMENT_FORMATS_H */
