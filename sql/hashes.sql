-- Hashes: one context serves a backend, whatever becomes of the transaction that
-- made it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS campaign CASCADE;
RESET client_min_messages;
\c
-- made in one that fails, by a savepoint that is gone
BEGIN;
SAVEPOINT made;
SELECT encode(campaign.hmac_sha256('Jefe', 'what do ya want for nothing?'), 'hex') AS rfc_4231_case_2;
ROLLBACK TO made;
SELECT encode(campaign.hmac_sha256('Jefe', 'what do ya want for nothing?'), 'hex') AS again;
ROLLBACK;
SELECT encode(campaign.hmac_sha256('Jefe', 'what do ya want for nothing?'), 'hex') AS after_it;
-- used for a key and for a plain hash by turns, beside those of the server
SELECT count(*) AS pairs,
	bool_and(campaign.touch_idempotency_key(tenant, enrollment, n) = encode(
		set_byte(set_byte(substr(digest, 1, 16), 6, get_byte(digest, 6) & 15 | 128), 8, get_byte(digest, 8) & 63 | 128), 'hex')::uuid) AS keys_are_hashes,
	bool_and(campaign.hmac_sha256(secret, digest) = sha256(outer_pad || sha256(inner_pad || digest))) AS macs_are_hashes_of_hashes
FROM (SELECT n::smallint, tenant, enrollment, secret,
		sha256(uuid_send(tenant) || uuid_send(enrollment) || int2send(n::smallint)) AS digest,
		(SELECT string_agg(set_byte('\x00', 0, get_byte(secret || decode(repeat('00', 64), 'hex'), i) # 54), '' ORDER BY i) FROM generate_series(0, 63) i) AS inner_pad,
		(SELECT string_agg(set_byte('\x00', 0, get_byte(secret || decode(repeat('00', 64), 'hex'), i) # 92), '' ORDER BY i) FROM generate_series(0, 63) i) AS outer_pad
	FROM generate_series(1, 65) n,
		LATERAL (SELECT md5(n::text)::uuid AS tenant, md5((-n)::text)::uuid AS enrollment,
			substr(sha256(int4send(n)) || sha256(int4send(-n)), 1, n - 1) AS secret OFFSET 0) s) d;
