/** The job document of a load run: what a thing without hardware has to do, in about 300 bytes, as a firmware job has it. */
import type { JsonObject } from '../../protocol/json.ts';
import { longestTimerMs } from '../../protocol/time.ts';
import type { Work } from './contract.ts';

export function loadDocument(work: Work): string {
  return JSON.stringify({
    operation: 'load',
    ...work,
    version: '2.4.1',
    image: { url: 'https://firmware.example.com/images/sensor/2.4.1.bin', sizeBytes: 262_144 },
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  });
}

/** A job of somebody else says nothing of this, or means something else by it: three updates at once, as by default. */
export function workOf(document: JsonObject | undefined): Work {
  const { updates, pauseMs, holds } = document ?? {};
  return {
    updates: countOf(updates, 1000) ?? 3,
    pauseMs: countOf(pauseMs, longestTimerMs) ?? 0,
    holds: holds === true,
  };
}

function countOf(value: unknown, most: number): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= most ? Math.floor(value) : undefined;
}

/** What devices with hardware are given: a firmware of 256 KiB, of another version than they have. */
export function firmwareDocument(): string {
  return JSON.stringify({
    operation: 'firmware',
    version: '2.0.0',
    image: {
      url: 'https://firmware.example.com/thermostat/2.0.0/app.bin',
      sizeBytes: 262_144,
      sha256: 'aa1f5c30df540138aad5dc331d1d1f1b703893b7325bb7f91bb079fd0fffd7dd',
    },
  });
}
