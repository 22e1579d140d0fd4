import type { BenchAction, BenchErrorCode } from '../../domain/bench-protocol';
import { UnitrailError, type ErrorCode } from '../../domain/errors';
import { lastLines } from '../../domain/tool-output';
import { BenchRefusal } from './virtual-bench-connection';

/** What each answer of the bench means in the catalogue. */
const codes: Readonly<Record<BenchErrorCode, ErrorCode>> = {
  FENCE_STALE: 'FENCE_STALE',
  BOARD_NOT_PRESENT: 'BOARD_NOT_PRESENT',
  SLOT_OCCUPIED: 'BOARD_NOT_PRESENT',
  WRONG_CRC: 'FLASH_VERIFY_FAILED',
  BROWN_OUT: 'DEVICE_NOT_RESPONDING',
  NOT_RUNNING: 'DEVICE_NOT_RESPONDING',
  REFUSED: 'DEVICE_REFUSED',
  // The driver sent what the protocol does not allow, or a value that the equipment can't take.
  BAD_REQUEST: 'DEVICE_REFUSED',
  INTERNAL: 'STATION_OFFLINE',
};

/** Where the refusal of an action has a name of its own. */
const refusals: Partial<Record<BenchAction, ErrorCode>> = {
  writeIdentity: 'IDENTITY_WRITE_FAILED',
  installCertificate: 'CERTIFICATE_INSTALL_FAILED',
  measure: 'TEST_ERROR',
  print: 'PRINTER_FAILED',
  jobState: 'PRINTER_FAILED',
};

const advice: Readonly<Record<BenchErrorCode, string>> = {
  FENCE_STALE: 'Another worker has the slot now: stop this one, or let the unit take a new lease.',
  BOARD_NOT_PRESENT: 'Retry the step once the board is in its slot.',
  SLOT_OCCUPIED: 'Retry the step once the slot is empty.',
  WRONG_CRC: 'Check the cable, then retry the step.',
  BROWN_OUT: 'Check the supply of the slot, then retry the step: the image is written anew.',
  NOT_RUNNING: 'Rework the unit from the flash step.',
  REFUSED: 'Look at the board and the equipment, then retry the step.',
  BAD_REQUEST: 'The request itself is wrong: retrying will not help before its input is mended.',
  INTERNAL: "Look at the bench's error output, then retry the step.",
};

/** An error of the catalogue for the bench's answer; any other error as it is. */
export function explainRefusal(error: unknown, action: BenchAction, slot: string): unknown {
  if (!(error instanceof BenchRefusal)) return error;
  const output = lastLines(error.output);
  const detail = { do: action, slot, benchCode: error.code, ...(output.length > 0 && { output }) };
  return new UnitrailError(codeOf(error.code, action), `${error.message} ${advice[error.code]}`, detail);
}

function codeOf(code: BenchErrorCode, action: BenchAction): ErrorCode {
  // Only an image can have a damaged chunk; a damaged label is the printer's matter, like its refusals.
  const refused =
    code === 'REFUSED' || code === 'BAD_REQUEST' || (code === 'WRONG_CRC' && action === 'print');
  return (refused ? refusals[action] : undefined) ?? codes[code];
}
