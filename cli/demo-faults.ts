import { planFaults } from '../adapters/devices/virtual-bench-faults';

/**
 * What goes wrong in the demo. Unit 5 loses its power in the middle of the flash, and unit 11's printer prints but its
 * answer is lost: both heal by themselves. Unit 17 misses a limit: it is held until an engineer says what to do.
 */
export async function planDemoFaults(benchAddress: string, batch: string): Promise<void> {
  await planFaults(benchAddress, [
    { batch, index: 5, do: 'writeImage', fault: 'brownOut' },
    { batch, index: 11, do: 'print', fault: 'doneButNoAnswer' },
    { batch, index: 17, do: 'measure', fault: 'outOfLimits', name: 'vcc_3v3' },
  ]);
}
