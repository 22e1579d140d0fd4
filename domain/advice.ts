import { reactionTo, type ErrorCode, type Reaction } from './errors';

/** What a person does about a unit that waits for one. */
const byCode: Partial<Record<ErrorCode, string>> = {
  DEVICE_NOT_RESPONDING: 'Look at board and fixture (contacts, supply), then retry.',
  STATION_OFFLINE: 'Start the worker of that station (unitrail doctor says what is reachable), then retry.',
  TEST_FAILED: 'The device missed a limit. Repair it and rework from flash or test, or scrap it.',
  TEST_ERROR: 'The station could not measure: mend it, then retry. It says nothing about the device.',
  FLASH_VERIFY_FAILED: 'Retry once; if it comes again the flash memory is bad: scrap the unit.',
  PRINT_UNKNOWN:
    'Look for the label. Retry with label "found" (--label found) where it is on the unit, with "none" where there is no such label or it is destroyed.',
  LABEL_UNREADABLE:
    'Look at label and scanner. Retry; with label "none" (--label none) where the label is gone or destroyed: then another one is printed.',
  LABEL_MISMATCH: 'Take the wrong label off and find out whose it is, then rework from label.',
  IDENTITY_MISMATCH: 'This is another unit’s board. Find the right one, then retry.',
  CHIP_UID_SEEN_BEFORE: 'This chip belongs to another unit. Find out which board is which before you go on.',
  CANCELLED: 'Somebody stopped it on purpose: find out why, then retry, rework or scrap.',
  QUALITY_MISMATCH: 'Device, label and record differ. Find out which of them is wrong, then rework or scrap.',
};

const byReaction: Readonly<Record<Reaction, string>> = {
  retry:
    'Nothing is decided: it goes on by itself when the infrastructure is back. unitrail doctor says what is away.',
  park: 'Look at board and station, then retry, rework or scrap.',
  reject: 'The input is wrong: correct it, then retry.',
  quarantine:
    'What was found contradicts the record. Find out which is right before you retry, rework or scrap.',
  page: 'A promise of the system is broken: stop, run unitrail audit, and call whoever runs this system.',
};

/** One sentence for the engineer who sees this failure. */
export function adviceFor(code: string): string {
  return byCode[code as ErrorCode] ?? byReaction[reactionTo(code)];
}
