/*
 * document_reader.c
 *		Reads binary jsonb where it lies.
 *
 * The server's own readers of jsonb and numeric allocate for what they return.
 * A CHECK runs for every row, so these do not.  Values point into the document
 * and live as long as it does.
 */
#include "postgres.h"

#include "utils/numeric.h"

#include "compat.h"
#include "core/documents.h"

/*
 * The document as one value; containers come as jbvBinary.
 */
void
DocumentRoot(const Jsonb *jb, JsonbValue *value)
{
	if (JB_ROOT_IS_SCALAR(jb))
	{
		DocCursor	cursor;

		DocumentScan(&cursor, &jb->root, DOC_ELEMENTS);
		DocumentNext(&cursor, value);
		return;
	}
	value->type = jbvBinary;
	value->val.binary.data = unconstify(JsonbContainer *, &jb->root);
	value->val.binary.len = VARSIZE(jb) - VARHDRSZ;
}

/*
 * The value of a key, if the object has it.
 */
bool
DocumentGet(const JsonbContainer *object, const char *key, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(unconstify(JsonbContainer *, object),
										key, strlen(key), value) != NULL;
}

/*
 * Reads what bounds need of a numeric, without the allocations of numeric.c.
 * False if it is no finite number, which JSON text cannot bring.
 *
 * The form on disk is fixed, since pg_upgrade keeps it: a header of two bytes
 * (short: sign 0x2000, weight in the low seven bits) or four (sign in the top
 * two bits, then the weight), and digits to the base 10000 without leading and
 * trailing zeroes, the first of which counts 10000 to the weight.
 */
bool
DocumentReadNumber(Numeric numeric, DocNumber *number)
{
	const char *data = VARDATA_ANY(numeric);
	int			size = VARSIZE_ANY_EXHDR(numeric);
	uint16		header;
	int16		weight;
	int			ndigits;

	memcpy(&header, data, sizeof(header));
	if ((header & 0xC000) == 0xC000)
		return false;
	if (header & 0x8000)
	{
		number->negative = (header & 0x2000) != 0;
		weight = (header & 0x0040) ? (int16) (header | ~0x003F) : (int16) (header & 0x003F);
		data += sizeof(uint16);
		size -= sizeof(uint16);
	}
	else
	{
		number->negative = (header & 0xC000) == 0x4000;
		memcpy(&weight, data + sizeof(uint16), sizeof(weight));
		data += 2 * sizeof(uint16);
		size -= 2 * sizeof(uint16);
	}
	ndigits = size / sizeof(int16);
	number->fraction = ndigits > weight + 1;
	number->whole = weight > 3 && ndigits > 0 ? PG_INT64_MAX : 0;
	for (int i = 0; i <= weight && weight <= 3; i++)
	{
		int16		digit = 0;

		if (i < ndigits)
			memcpy(&digit, data + i * sizeof(int16), sizeof(digit));
		number->whole = number->whole * 10000 + digit;
	}
	return true;
}

/*
 * Less than, equal to or greater than 0, as the number is to the bound.
 */
int
DocumentCompareNumber(const DocNumber *number, int32 bound)
{
	int64		whole = number->negative ? -number->whole : number->whole;

	if (whole != bound)
		return whole < bound ? -1 : 1;
	if (!number->fraction)
		return 0;
	return number->negative ? -1 : 1;
}

/* A value's type, and that of a schema, as messages name them. */
const char *
DocumentActualType(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		default:
			return JsonContainerIsArray(value->val.binary.data) ? "an array" : "an object";
	}
}

const char *
DocumentWantedType(DocType type)
{
	switch (type)
	{
		case DOC_STRING:
			return "a string";
		case DOC_NUMBER:
			return "a number";
		case DOC_INTEGER:
			return "a whole number";
		case DOC_BOOLEAN:
			return "true or false";
		case DOC_ARRAY:
			return "an array";
		case DOC_OBJECT:
			return "an object";
	}
	return "";
}
