/** A simulated agent that does not return from a call in its first job: the check fails it, and says so. */
import { expect, it } from 'vitest';
import { referenceAgent } from '../../../../agent/core/behaviour.ts';
import { readHardwareProfiles } from '../../../../agent/hardware-profiles.ts';
import { verdictOfCheck } from '../../../../rig/live/check/check-result.ts';
import { runSimulatedCheck } from '../../../../rig/live/check/simulated-check.ts';
import { Overrun } from '../../../../rig/virtual/bounds.ts';

it('a check of an agent that hangs in the handshake fails, with the hang as its finding', async () => {
  const agent = {
    ...referenceAgent,
    // As if the call had been cut, on a host of any speed.
    readDocument: (): never => {
      throw new Overrun(5000, 4900);
    },
  };
  const check = await runSimulatedCheck({
    name: 'an agent',
    agent,
    hardware: readHardwareProfiles('esp32-s3'),
    scenarios: [],
  });
  expect(check).toMatchObject({ isPartial: true, results: [{ runs: [{ verdict: 'fail' }] }] });
  expect(check.diagnosis).toBeUndefined();
  expect(check.results[0]!.runs[0]!.reason).toContain('a call of the device does not return');
  expect(verdictOfCheck(check)).toBe('fail');
});
