#include "identity.h"

#include <stddef.h>

_Static_assert(sizeof(struct identity) == 124, "the page's layout is an interface");

const struct identity *identity_page(void) {
  return (const struct identity *)IDENTITY_ADDRESS;
}

static uint32_t crc32(const uint8_t *bytes, uint32_t length) {
  uint32_t crc = 0xFFFFFFFFu;
  while (length--) {
    crc ^= *bytes++;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

/* Erased flash reads 0xFF; an emulator's fresh memory reads 0. */
static int is_blank(const uint8_t *bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++)
    if (bytes[i] != bytes[0] || (bytes[i] != 0xFFu && bytes[i] != 0)) return 0;
  return 1;
}

enum identity_state identity_state(const struct identity *identity) {
  const uint8_t *bytes = (const uint8_t *)identity;
  if (is_blank(bytes, sizeof *identity)) return IDENTITY_BLANK;
  if (identity->magic[0] != 'U' || identity->magic[1] != 'T' || identity->magic[2] != 'I' || identity->magic[3] != 'D')
    return IDENTITY_DAMAGED;
  if (identity->layout != 1 || identity->serial_length < 1 || identity->serial_length > IDENTITY_SERIAL_BYTES)
    return IDENTITY_DAMAGED;
  if (identity->mac_count > IDENTITY_MACS) return IDENTITY_DAMAGED;
  return crc32(bytes, offsetof(struct identity, crc)) == identity->crc ? IDENTITY_GOOD : IDENTITY_DAMAGED;
}
