/**
 * Agents that do not cope with little memory, slow flash, a weak battery, and downloads that fail or stop. Section B5 of the
 * catalogue in docs/recovery.md. Each is the reference agent with one decision made wrongly.
 */
import type { Recovery } from '../core/recovery.ts';
import { type ZooAgent, leaving, meeting, otherwise } from './zoo-agent.ts';

/** Nothing is kept of the job and nothing told, so that it comes again. */
const fromTheStart: Partial<Recovery> = {
  undo: ['download', 'memory', 'slot', 'checkpoint'],
  next: 'next-job',
};

export const smallHardware: readonly ZooAgent[] = [
  {
    id: 'r66-stalls-on-a-large-document',
    bug: 'leaves a message that does not fit its buffer unhandled',
    breaks: {
      V1: 'the job waits for ever',
      V2: 'a notification that says that its job is gone may be one that does not fit',
    },
    scenario: 'large-document',
    behaviour: otherwise({ listensTo: (message) => 'payload' in message }),
  },
  {
    id: 'r69-stops-after-a-lost-link',
    bug: 'does not take its download up again after the connection was lost',
    breaks: {
      V1: 'it is at work for ever',
    },
    scenario: 'link-lost-in-a-long-download',
    behaviour: meeting('link-lost', ['download', 'verify', 'write'], { next: 'finish' }),
  },
  {
    id: 'r70-erases-everything-at-once',
    bug: 'erases the whole slot in one go, longer than the watchdog waits',
    breaks: {
      V6: 'each try erases the whole slot before the watchdog bites',
    },
    scenario: 'large-image-on-slow-flash',
    behaviour: otherwise({ erasesAhead: true }),
  },
  {
    id: 'r72-sends-again-at-once',
    bug: 'connects at once after the supply gave way to a transmission',
    breaks: {
      V8: 'each attempt to send resets it',
    },
    scenario: 'battery-sags-in-an-update',
    behaviour: otherwise({ restsAfterCrash: false }),
  },
  {
    id: 'r73-stays-busy-after-a-failed-download',
    bug: 'never closes a download that failed',
    breaks: {
      V10: 'the download is never closed',
    },
    scenario: 'missing-image',
    behaviour: leaving('download', 'download-failed'),
  },
  {
    id: 'r75-downloads-for-ever',
    bug: 'takes a missing image for a reason to start over',
    breaks: {
      V1: 'where each try takes minutes, the job does not end in time',
      V6: 'it downloads without end',
    },
    scenario: 'missing-image',
    behaviour: meeting('download-failed', ['download'], fromTheStart),
  },
  {
    id: 'r75-downloads-a-bad-image-for-ever',
    bug: 'takes an image with a wrong digest for a reason to download it again',
    breaks: {
      V6: 'it downloads without end',
    },
    scenario: 'corrupt-image',
    behaviour: meeting('digest-mismatch', ['verify'], fromTheStart),
  },
];
