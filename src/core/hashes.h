/*
 * hashes.h
 *		SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104) of the server's own
 *		library.
 */
#ifndef CAMPAIGN_HASHES_H
#define CAMPAIGN_HASHES_H

#define CAMPAIGN_HASH_BYTES 32

extern void Sha256(const uint8 *data, int len, uint8 digest[CAMPAIGN_HASH_BYTES]);
extern void HmacSha256(const uint8 *secret, int secretlen, const uint8 *data, int len,
					   uint8 mac[CAMPAIGN_HASH_BYTES]);

#endif							/* CAMPAIGN_HASHES_H */
