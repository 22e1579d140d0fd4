/* The vector table, and what has to happen before main. */
#include <stdint.h>

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];

int main(void);

void reset(void) {
  uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  main();
  for (;;) {
  }
}

/* A fault leaves the device silent: the line's time-out tells. */
static void halt(void) {
  for (;;) {
  }
}

/* The core's own sixteen vectors; no interrupt is enabled. */
__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_top, reset, halt, halt, halt, halt, halt, 0, 0, 0, 0, halt, halt, 0, halt, halt};

/* The compiler makes calls of these out of loops and assignments, also where there is no library. */
void *memset(void *to, int value, unsigned int length) {
  for (uint8_t *byte = to; length--;) *byte++ = (uint8_t)value;
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, unsigned int length) {
  const uint8_t *source = from;
  for (uint8_t *byte = to; length--;) *byte++ = *source++;
  return to;
}
