/*
 * document_formats.c
 *		Forms of strings that several documents use: each is a C function and
 *		the same rule as a regular expression for others (ECMA 262).
 */
#include "postgres.h"

#include "core/document_formats.h"
#include "core/document_tables.h"

static bool IsIdentifier(const char *text, int len);
static bool IsUuid(const char *text, int len);
static bool IsLine(const char *text, int len);
static bool IsEmail(const char *text, int len);
static bool IsTimeOfDay(const char *text, int len);

const DocFormat IdentifierFormat = {
	.name = "a lower-case identifier",
	.pattern = "^[a-z][a-z0-9_]*$",
	.hint = "Use lower-case letters, digits and underscores, beginning with a letter.",
	.accepts = IsIdentifier,
	.ascii = true
};
const DocFormat UuidFormat = {
	.name = "a UUID",
	.pattern = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
	.hint = "Write 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.",
	.accepts = IsUuid,
	.ascii = true,
	.fold = true
};
const DocFormat LineFormat = {
	.name = "one line of text",
	.pattern = "^[^\\r\\n]*$",
	.hint = "Take the line breaks out.",
	.accepts = IsLine
};

/* Nothing that could end an address in a header, or begin another one. */
#define EMAIL_PART "[^@\\x00-\\x20\\x7f,:;<>()\\[\\]\"\\\\]+"
const DocFormat EmailFormat = {
	.name = "an email address",
	.pattern = "^" EMAIL_PART "@" EMAIL_PART "$",
	.hint = "Write the bare address of one mailbox, such as ann@example.com; a name has a key of its own.",
	.accepts = IsEmail
};
const DocFormat TimeOfDayFormat = {
	.name = "a time of day",
	.pattern = "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$",
	.hint = "Write hours and minutes with two digits each, from 00:00 to 23:59.",
	.accepts = IsTimeOfDay,
	.ascii = true
};

const DocSchema BooleanSchema = {.type = DOC_BOOLEAN};
const DocSchema NameSchema = STRING_WITHIN(1, CAMPAIGN_MAX_NAME_CHARS);
const DocSchema IdentifierSchema = FORMATTED(IdentifierFormat, 1, CAMPAIGN_MAX_IDENTIFIER_CHARS);
const DocSchema UuidSchema = FORMATTED(UuidFormat, 36, 36);

static bool
IsIdentifier(const char *text, int len)
{
	for (int i = 0; i < len; i++)
	{
		char		c = text[i];

		if (!(c >= 'a' && c <= 'z') && (i == 0 || !((c >= '0' && c <= '9') || c == '_')))
			return false;
	}
	return len > 0;
}

/* Four of 36 are hyphens, so all others are digits if 32 are. */
static bool
IsUuid(const char *text, int len)
{
	int			digits = 0;

	if (len != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
		return false;
	for (int i = 0; i < 36; i++)
	{
		unsigned char c = (unsigned char) text[i];

		digits += (c >= '0' && c <= '9') | ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
	}
	return digits == 32;
}

/* A line break in a subject or a name would begin another header of the email. */
static bool
IsLine(const char *text, int len)
{
	return memchr(text, '\n', len) == NULL && memchr(text, '\r', len) == NULL;
}

/* Bytes of other scripts pass, since mailboxes may have them. */
static bool
IsEmail(const char *text, int len)
{
	int			at = -1;

	for (int i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c <= ' ' || c == 0x7f || strchr(",:;<>()[]\"\\", c) != NULL)
			return false;
		if (c == '@' && at >= 0)
			return false;
		if (c == '@')
			at = i;
	}
	return at > 0 && at < len - 1;
}

static bool
IsTimeOfDay(const char *text, int len)
{
	if (len != 5 || text[2] != ':')
		return false;
	for (int i = 0; i < 5; i++)
	{
		if (i != 2 && (text[i] < '0' || text[i] > '9'))
			return false;
	}
	return (text[0] < '2' || (text[0] == '2' && text[1] <= '3')) && text[3] <= '5';
}
