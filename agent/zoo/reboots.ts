/**
 * Agents that do not know where they are after a boot: self-test, roll-back, resume. Section B4 of the catalogue in
 * docs/recovery.md. Each is the reference agent with one decision made wrongly.
 */
import { type AgentBehaviour, type BootFinding, referenceAgent } from '../core/behaviour.ts';
import { steps } from '../../observation/execution.ts';
import type { Interruption } from '../core/recovery.ts';
import { type ZooAgent, meeting, otherwise } from './zoo-agent.ts';

/** What the reference agent finds at boot, but one interruption is taken for something else. */
function mistaking(interruption: Interruption, found: BootFinding): AgentBehaviour {
  return otherwise({
    foundAtBoot(checkpoint, boot) {
      const right = referenceAgent.foundAtBoot(checkpoint, boot);
      return right.kind === 'interrupted' && right.by === interruption ? found : right;
    },
  });
}

const powerCut: BootFinding = { kind: 'interrupted', by: 'power-cut' };

export const reboots: readonly ZooAgent[] = [
  {
    id: 'r51-trusts-its-record-alone',
    bug: 'is in the self-test because its record says so, although the boot loader never came to the new image',
    breaks: {
      V9: 'it reports a version that does not run',
    },
    scenario: 'power-cut-before-the-reboot',
    behaviour: otherwise({
      foundAtBoot(checkpoint, boot) {
        const right = referenceAgent.foundAtBoot(checkpoint, boot);
        return checkpoint.step === 'activate' && checkpoint.plan.kind === 'firmware' ? { kind: 'self-test' } : right;
      },
    }),
  },
  {
    id: 'r52-leaves-the-image-selected',
    bug: 'gives a pulled job up after it has told the boot loader to try the image, and does not take that back',
    breaks: {
      V10: 'the slot of the pulled job is still to be tried',
    },
    scenario: 'pulled-while-selecting',
    behaviour: meeting('pulled', ['activate'], { undo: ['handler', 'memory', 'checkpoint'] }),
  },
  {
    id: 'r53-resets-on-resume',
    bug: 'resets whenever it finds a job that it was in the middle of',
    breaks: {
      V8: 'each boot ends in the next',
    },
    scenario: 'power-cut-in-the-transfer',
    behaviour: meeting('power-cut', steps, { next: 'roll-back' }),
  },
  {
    id: 'r55-tries-a-failed-image-again',
    bug: 'does not notice that the boot loader gave the image up, and installs it again',
    breaks: {
      V8: 'each try is two boots',
      V4: 'what failed for want of a connection works the second time, so the job is done twice',
    },
    scenario: 'failing-image',
    behaviour: mistaking('rolled-back', powerCut),
  },
  {
    id: 'r56-drops-a-report-offline',
    bug: 'forgets a result that it cannot send because the connection is gone',
    breaks: {
      V4: 'the job comes again and is done twice',
    },
    scenario: 'link-lost-at-the-report',
    behaviour: meeting('link-lost', ['report'], { undo: ['memory', 'checkpoint'], next: 'next-job' }),
  },
  {
    id: 'r57-reports-success-after-a-roll-back',
    bug: 'takes the boot after a roll-back for the boot of the new image',
    breaks: {
      V9: 'it reports a version that does not run',
    },
    scenario: 'failing-image',
    behaviour: mistaking('rolled-back', { kind: 'succeeded' }),
  },
  {
    id: 'r59-never-confirms',
    bug: 'never tells the boot loader that the new image is good',
    breaks: {
      V5: 'the boot loader takes a good image back: the job fails that could be done',
    },
    scenario: 'plain-update',
    behaviour: otherwise({
      foundAtBoot(checkpoint, boot) {
        const right = referenceAgent.foundAtBoot(checkpoint, boot);
        return right.kind === 'self-test' ? { kind: 'succeeded' } : right;
      },
    }),
  },
  {
    id: 'r60-never-rolls-back',
    bug: 'stays on an image that failed its self-test',
    breaks: {
      V1: 'it waits on an image that does not work',
      V9: 'an image that reached nobody in time is kept, and reported as a success',
    },
    scenario: 'failing-image',
    behaviour: meeting('self-test-failed', ['self-test'], { next: 'resume' }),
  },
  {
    id: 'r61-reboots-again',
    bug: 'cannot tell the boot that the job asked for from the one before it',
    breaks: {
      V8: 'each boot ends in the next',
    },
    scenario: 'reboot-job',
    behaviour: otherwise({
      foundAtBoot: (checkpoint, boot) =>
        checkpoint.plan.kind === 'reboot' && checkpoint.report === undefined
          ? powerCut
          : referenceAgent.foundAtBoot(checkpoint, boot),
    }),
  },
  {
    id: 'r61-runs-the-handler-again',
    bug: 'runs a handler once more that a power cut had interrupted',
    breaks: {
      V4: 'the side effect happens twice',
    },
    scenario: 'power-cut-in-a-handler',
    behaviour: mistaking('handler-interrupted', powerCut),
  },
  {
    id: 'r64-takes-a-power-cut-for-success',
    bug: 'takes any boot in the middle of an update for the boot of the new image',
    breaks: {
      V9: 'it reports a version that does not run',
      V10: 'where the job is gone, half an image stays, since it believes it whole',
    },
    scenario: 'power-cut-in-the-transfer',
    behaviour: mistaking('power-cut', { kind: 'succeeded' }),
  },
];
