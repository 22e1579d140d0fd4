/*
 * The identity page: the last 1 KiB page of flash, outside the image, written by the programmer.
 *
 * offset  size  field
 *      0     4  "UTID"
 *      4     1  layout, 1
 *      5     1  length of the serial, 1 to 64
 *      6     1  number of MAC addresses, 0 to 8
 *      7     1  0
 *      8    64  serial, ASCII, zeros after it
 *     72    48  MAC addresses, six bytes each, zeros after them
 *    120     4  CRC-32 (IEEE 802.3) of the 120 bytes before, little endian
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdint.h>

#define IDENTITY_ADDRESS 0x0003FC00u

enum { IDENTITY_SERIAL_BYTES = 64, IDENTITY_MACS = 8 };

struct identity {
  char magic[4];
  uint8_t layout;
  uint8_t serial_length;
  uint8_t mac_count;
  uint8_t zero;
  char serial[IDENTITY_SERIAL_BYTES];
  uint8_t macs[IDENTITY_MACS][6];
  uint32_t crc;
};

enum identity_state { IDENTITY_BLANK, IDENTITY_GOOD, IDENTITY_DAMAGED };

const struct identity *identity_page(void);
enum identity_state identity_state(const struct identity *identity);

#endif
