/*
 * The sample device's firmware: bare-metal C for a Cortex-M3 (LM3S6965, QEMU's machine lm3s6965evb).
 * It answers lines over UART0, 115200 8N1; README.md has the commands. No library, no interrupt, no heap.
 */
#include <stddef.h>
#include <stdint.h>

#include "identity.h"
#include "sha256.h"

#ifndef FIRMWARE_PRODUCT
#error "FIRMWARE_PRODUCT and FIRMWARE_VERSION are given by the Makefile"
#endif

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* System control: the clocks of UART0 and port A, and the two registers that hold the chip's own number. */
#define RCGC1 REGISTER(0x400FE104u)
#define RCGC2 REGISTER(0x400FE108u)
#define USER_REG0 REGISTER(0x400FE1E0u)
#define USER_REG1 REGISTER(0x400FE1E4u)

#define PORTA_AFSEL REGISTER(0x40004420u)
#define PORTA_DEN REGISTER(0x4000451Cu)

#define UART_DATA REGISTER(0x4000C000u)
#define UART_FLAGS REGISTER(0x4000C018u)
#define UART_BAUD_WHOLE REGISTER(0x4000C024u)
#define UART_BAUD_FRACTION REGISTER(0x4000C028u)
#define UART_LINE REGISTER(0x4000C02Cu)
#define UART_CONTROL REGISTER(0x4000C030u)

enum { UART_RX_EMPTY = 1u << 4, UART_TX_FULL = 1u << 5 };
enum { LINE_LENGTH = 64, SCRATCH_WORDS = 1024 };

/* From the linker script: where the image ends in flash. */
extern const uint8_t image_end[];

static uint32_t scratch[SCRATCH_WORDS];

static void uart_start(void) {
  RCGC1 |= 1u;
  RCGC2 |= 1u;
  (void)RCGC2; /* the clock needs a few cycles before the port may be touched */
  PORTA_AFSEL |= 3u;
  PORTA_DEN |= 3u;
  UART_CONTROL = 0;
  UART_BAUD_WHOLE = 6; /* 12 MHz / (16 * 115200) = 6 + 33/64 */
  UART_BAUD_FRACTION = 33;
  UART_LINE = 0x70; /* 8 data bits, no parity, 1 stop bit, FIFOs on */
  UART_CONTROL = 0x301;
}

static char read_char(void) {
  while (UART_FLAGS & UART_RX_EMPTY) {
  }
  return (char)(UART_DATA & 0xFFu);
}

static void write_char(char c) {
  while (UART_FLAGS & UART_TX_FULL) {
  }
  UART_DATA = (uint32_t)(uint8_t)c;
}

static void write_text(const char *text) {
  while (*text) write_char(*text++);
}

static void write_hex_byte(uint8_t byte, const char *digits) {
  write_char(digits[byte >> 4]);
  write_char(digits[byte & 15u]);
}

/* The line without its end, or -1 where it was too long. A carriage return is ignored. */
static int read_line(char *line) {
  int length = 0;
  for (;;) {
    char c = read_char();
    if (c == '\n') break;
    if (c == '\r') continue;
    if (length < LINE_LENGTH) line[length] = c;
    length++;
  }
  if (length >= LINE_LENGTH) return -1;
  line[length] = '\0';
  return length;
}

static int same_text(const char *a, const char *b) {
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

static void read_uid(uint8_t uid[6]) {
  uint32_t low = USER_REG0, high = USER_REG1;
  for (int i = 0; i < 3; i++) {
    uid[i] = (uint8_t)(low >> (8 * i));
    uid[i + 3] = (uint8_t)(high >> (8 * i));
  }
}

static void answer_uid(void) {
  uint8_t uid[6];
  read_uid(uid);
  write_text("OK ");
  for (int i = 0; i < 6; i++) write_hex_byte(uid[i], "0123456789ABCDEF");
  write_char('\n');
}

static void answer_id(void) {
  const struct identity *identity = identity_page();
  switch (identity_state(identity)) {
    case IDENTITY_BLANK:
      write_text("OK -\n");
      return;
    case IDENTITY_DAMAGED:
      write_text("ERR identity damaged\n");
      return;
    case IDENTITY_GOOD:
      break;
  }
  write_text("OK ");
  for (int i = 0; i < identity->serial_length; i++) write_char(identity->serial[i]);
  for (int mac = 0; mac < identity->mac_count; mac++) {
    for (int i = 0; i < 6; i++) {
      write_char(i == 0 ? ' ' : ':');
      write_hex_byte(identity->macs[mac][i], "0123456789ABCDEF");
    }
  }
  write_char('\n');
}

static void answer_sha(void) {
  uint8_t digest[SHA256_BYTES];
  /* The image begins at address 0, which is why this is compiled with -fno-delete-null-pointer-checks. */
  sha256((const uint8_t *)0, (uint32_t)(uintptr_t)image_end, digest);
  write_text("OK ");
  for (int i = 0; i < SHA256_BYTES; i++) write_hex_byte(digest[i], "0123456789abcdef");
  write_char('\n');
}

/* Every word holds a pattern and its inverse once, and at the end its own address. */
static int ram_is_good(void) {
  static const uint32_t patterns[] = {0x55555555u, 0xAAAAAAAAu, 0u, 0xFFFFFFFFu};
  volatile uint32_t *ram = scratch;
  for (unsigned p = 0; p < sizeof patterns / sizeof *patterns; p++) {
    for (int i = 0; i < SCRATCH_WORDS; i++) ram[i] = patterns[p];
    for (int i = 0; i < SCRATCH_WORDS; i++)
      if (ram[i] != patterns[p]) return 0;
  }
  for (int i = 0; i < SCRATCH_WORDS; i++) ram[i] = (uint32_t)(uintptr_t)&ram[i];
  for (int i = 0; i < SCRATCH_WORDS; i++)
    if (ram[i] != (uint32_t)(uintptr_t)&ram[i]) return 0;
  return 1;
}

static void answer_selftest(void) {
  int ram = ram_is_good();
  int hash = sha256_is_good();
  int identity = identity_state(identity_page()) != IDENTITY_DAMAGED;
  write_text(ram && hash && identity ? "OK" : "ERR selftest");
  write_text(ram ? " ram=pass" : " ram=fail");
  write_text(hash ? " sha256=pass" : " sha256=fail");
  write_text(identity ? " identity=pass\n" : " identity=fail\n");
}

static void answer(const char *line) {
  if (same_text(line, "UID")) answer_uid();
  else if (same_text(line, "ID")) answer_id();
  else if (same_text(line, "VERSION")) write_text("OK " FIRMWARE_PRODUCT " " FIRMWARE_VERSION "\n");
  else if (same_text(line, "SHA")) answer_sha();
  else if (same_text(line, "SELFTEST")) answer_selftest();
  else write_text("ERR unknown command\n");
}

int main(void) {
  char line[LINE_LENGTH];
  uart_start();
  write_text("READY " FIRMWARE_PRODUCT " " FIRMWARE_VERSION "\n");
  for (;;) {
    int length = read_line(line);
    if (length < 0) write_text("ERR line too long\n");
    else if (length > 0) answer(line);
  }
}
