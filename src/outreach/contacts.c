/*
 * contacts.c
 *		How addresses of contacts are compared.
 *
 * Letters and white space are those of ASCII, in every locale and encoding: no
 * byte of a longer character is one of ASCII in a server encoding.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "compat.h"
#include "outreach/contacts.h"

PG_FUNCTION_INFO_V1(campaign_normalize_address);

static bool is_phone(const char *address, int len);
static bool is_space(char c);

Datum
campaign_normalize_address(PG_FUNCTION_ARGS)
{
	text	   *address = PG_GETARG_TEXT_PP(0);

	PG_RETURN_TEXT_P(AddressNormalize(VARDATA_ANY(address), VARSIZE_ANY_EXHDR(address)));
}

text *
AddressNormalize(const char *address, int len)
{
	text	   *result;
	char	   *out;
	int			n = 0;
	bool		is_email = memchr(address, '@', len) != NULL;

	if (!is_email && is_phone(address, len))
	{
		result = palloc(VARHDRSZ + len);
		out = VARDATA(result);
		for (int i = 0; i < len; i++)
		{
			if (address[i] == '+' || (address[i] >= '0' && address[i] <= '9'))
				out[n++] = address[i];
		}
		SET_VARSIZE(result, VARHDRSZ + n);
		return result;
	}

	while (len > 0 && strchr(" \t\r\n", address[0]))
	{
		address++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", address[len - 1]))
		len--;
	result = palloc(VARHDRSZ + len);
	out = VARDATA(result);
	for (; n < len; n++)
		out[n] = pg_ascii_tolower((unsigned char) address[n]);
	while (!is_email && n > 0 && out[n - 1] == '/')
		n--;
	SET_VARSIZE(result, VARHDRSZ + n);
	return result;
}

/* A plus sign and then digits, blanks, parentheses, dots and hyphens only. */
static bool
is_phone(const char *address, int len)
{
	int			i = 0;
	int			start;

	while (i < len && is_space(address[i]))
		i++;
	if (i == len || address[i++] != '+')
		return false;
	start = i;
	while (i < len && ((address[i] >= '0' && address[i] <= '9') || strchr(" ().-", address[i])))
		i++;
	if (i == start)
		return false;
	while (i < len && is_space(address[i]))
		i++;
	return i == len;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
