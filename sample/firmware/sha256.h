/* SHA-256 (FIPS 180-4). */
#ifndef SHA256_H
#define SHA256_H

#include <stdint.h>

enum { SHA256_BYTES = 32 };

void sha256(const uint8_t *bytes, uint32_t length, uint8_t digest[SHA256_BYTES]);

/* Whether the digest of "abc" is the one that the standard prints. */
int sha256_is_good(void);

#endif
