/** Reasons as sentences: the device is the subject where none is named, and names stay as they were given. */
import { describe, expect, it } from 'vitest';
import { sentence } from '../../../rig/report/page-frame.ts';

describe('a reason as a sentence', () => {
  it.each([
    ['updates update-2 again', 'The device updates update-2 again.'],
    ['never asks for its next job', 'The device never asks for its next job.'],
    ['canary-2 is still QUEUED after 12 s', 'canary-2 is still QUEUED after 12 s.'],
    ['the canary was never begun', 'The canary was never begun.'],
    ['', ''],
  ])('%j', (reason, told) => {
    expect(sentence(reason)).toBe(told);
  });
});
