import type { BenchError } from './bench-error';
import type { SlotRequest } from './requests';

const LINES_KEPT = 20;

/** What the equipment of each slot wrote last: the lines that an engineer looks at when an act was refused. */
export class Consoles {
  private readonly slots = new Map<string, string[]>();

  note(slot: string, text: string): void {
    const lines = this.slots.get(slot) ?? [];
    lines.push(`${new Date().toISOString().slice(11, 23)} ${text}`);
    this.slots.set(slot, lines.slice(-LINES_KEPT));
  }

  lines(slot: string): readonly string[] {
    return this.slots.get(slot) ?? [];
  }

  asked(request: SlotRequest): void {
    this.note(request.slot, asked(request));
  }

  refused({ slot, do: action }: SlotRequest, { code, message }: BenchError): void {
    this.note(slot, `${action}: ${code}: ${message}`);
  }
}

function asked(request: SlotRequest): string {
  switch (request.do) {
    case 'present':
      return `fixture: board of ${request.traveller.serial}`;
    case 'writeImage':
      return `flash: ${imagePart(request)}`;
    case 'readImage':
      return `flash: read ${request.sizeBytes} bytes at ${hex(request.offset)}`;
    case 'measure':
      return `tester: ${request.names.join(' ')}`;
    case 'print':
    case 'jobState':
      return `printer: ${request.do} ${request.jobId}`;
    case 'scan':
      return 'scanner: trigger';
    default:
      return `device: ${request.do}`;
  }
}

function imagePart(request: Extract<SlotRequest, { do: 'writeImage' }>): string {
  if (request.phase === 'begin') return `erase, image of ${request.sizeBytes} bytes`;
  if (request.phase === 'end') return 'end of image';
  return `write ${Buffer.byteLength(request.data, 'base64')} bytes at ${hex(request.offset)}`;
}

function hex(offset: number): string {
  return `0x${offset.toString(16).padStart(8, '0')}`;
}
