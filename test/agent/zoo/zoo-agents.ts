/**
 * What is expected of each agent of the zoo: what it does wrong, which claims it breaks, and in which scenario that shows. The
 * tests hold each agent to it, and docs/zoo.md tells it.
 */
import type { AgentBehaviour } from '../../../agent/core/behaviour.ts';
import { zoo as behaviours } from '../../../agent/zoo/zoo.ts';

type BrokenClaim = `V${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`;

interface Expected {
  /** What it does wrong. */
  readonly bug: string;
  /** Nothing but these, whatever the scenario, and why each: from the bug, not from what a judge said. */
  readonly breaks: Readonly<Partial<Record<BrokenClaim, string>>>;
  /** The id of the scenario that is about this bug. */
  readonly scenario: string;
}

export interface ZooAgent extends Expected {
  /** The catalogue's number, then the bug in a few words. */
  readonly id: string;
  readonly behaviour: AgentBehaviour;
}

const expected: Readonly<Record<string, Expected>> = {
  'r01-retries-what-is-gone': {
    bug: 'takes ResourceNotFound for a passing trouble and asks again and again',
    breaks: {
      V1: 'it asks about what is gone for ever and is never idle',
      V2: 'where what it repeats is an update',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r01-keeps-half-an-image': {
    bug: 'leaves what it had written of a pulled image in the spare slot',
    breaks: {
      V10: 'the spare slot is not freed',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r02-keeps-its-checkpoint': {
    bug: 'stops a pulled job, but its checkpoint still names it',
    breaks: {
      V7: 'non-volatile memory names a job that is over',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r02-keeps-the-document': {
    bug: 'never frees the memory that the document of a pulled job took',
    breaks: {
      V10: 'the memory of the document is not freed',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r04-deaf-while-it-works': {
    bug: 'listens to no notification while it is at work',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r06-forgets-its-self-test': {
    bug: 'drops a job that is pulled in the self-test and leaves the image unconfirmed',
    breaks: {
      V3: 'no slot is confirmed in the end',
    },
    scenario: 'pulled-in-the-self-test',
  },
  'r07-resumes-the-old-job': {
    bug: 'goes on with what it has after a power cut, although something else is next now',
    breaks: {
      V2: 'it works for what it was told is gone',
      V3: 'where the old image is whole, it reboots into it',
    },
    scenario: 'replaced-in-the-transfer',
  },
  'r08-minds-a-pull-only-at-the-end': {
    bug: 'looks whether the job was aborted in its last state only',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r09-does-not-ask-before-the-reboot': {
    bug: 'reboots into the new image without a last question',
    breaks: {
      V3: 'it activates an image that was gone before',
    },
    scenario: 'pulled-unheard-before-the-reboot',
  },
  'r10-cannot-be-stopped-in-a-transfer': {
    bug: 'ignores a pull while the image comes in',
    breaks: {
      V1: 'where the answer makes it wait, it waits for ever',
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r14-deaf-to-rejections': {
    bug: 'waits for the accepted answer only, whatever is rejected',
    breaks: {
      V1: 'it waits for an answer that it does not take for one',
      V2: 'where what it repeats is an update',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r15-takes-nothing-for-no-news': {
    bug: 'takes a notification that names no job for one that says nothing',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
  },
  'r16-lets-the-handler-go-on': {
    bug: 'stops talking about a pulled job but not the handler that runs for it',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-handler',
  },
  'r17-ignores-a-job-made-anew': {
    bug: 'takes a job that was deleted and created again for the one it has done',
    breaks: {
      V1: 'where the start failed, it takes that for done, and the job waits',
      V4: 'the new execution is ignored',
    },
    scenario: 'created-again',
  },
  'r18-aborts-good-work': {
    bug: 'drops the execution at work at the first doubt, without waiting for what the answer says',
    breaks: {
      V1: 'where the service then says once that nothing is pending, the job waits',
      V4: 'the job comes again and is done twice',
    },
    scenario: 'link-lost-in-a-handler',
  },
  'r19-knows-jobs-by-their-id': {
    bug: 'takes another execution of the same job for the one it has done',
    breaks: {
      V1: 'where the start failed, it takes that for done, and the job waits',
      V4: 'the new execution is ignored',
    },
    scenario: 'joined-the-group-again',
  },
  'r21-retries-terminal-errors': {
    bug: 'repeats an update that is refused because the execution has ended',
    breaks: {
      V1: 'it asks about what has ended for ever and is never idle',
    },
    scenario: 'canceled-unheard-before-the-reboot',
  },
  'r21-gives-up-when-throttled': {
    bug: 'takes RequestThrottled for a final answer',
    breaks: {
      V4: 'the job comes again and is done twice',
    },
    scenario: 'throttled-at-the-report',
  },
  'r23-retries-whatever-is-refused': {
    bug: 'knows no rejection that is final',
    breaks: {
      V1: 'it asks about what is gone for ever and is never idle',
      V2: 'where what it repeats is an update',
    },
    scenario: 'pulled-unheard-before-the-reboot',
  },
  'r23-retries-without-a-pause': {
    bug: 'repeats at once what was put off',
    breaks: {
      V6: 'it floods the service',
      V8: 'on a weak battery each attempt resets it',
    },
    scenario: 'throttled-at-the-report',
  },
  'r24-counts-versions-itself': {
    bug: 'counts the version along instead of taking it from the answers',
    breaks: {
      V4: 'its report is refused, and the job comes again and is done twice',
    },
    scenario: 'link-lost-in-a-handler',
  },
  'r26-cannot-read-long-rejections': {
    bug: 'has no room for a rejection that carries the execution state, and hears nothing',
    breaks: {
      V1: 'it waits for an answer that it cannot read',
      V2: 'where what it repeats is an update',
    },
    scenario: 'canceled-unheard-before-the-reboot',
  },
  'r27-reports-once': {
    bug: 'publishes the result once and never looks whether it was taken',
    breaks: {
      V4: 'the job comes again and is done twice',
    },
    scenario: 'report-lost-of-a-handler',
  },
  'r29-reports-unclean-details': {
    bug: 'copies whatever text it has into the status details',
    breaks: {
      V1: 'its refusal is refused, and the job waits for ever',
    },
    scenario: 'unclean-document',
  },
  'r32-waits-for-ever': {
    bug: 'sets no limit to its waiting for an answer',
    breaks: {
      V1: 'it never asks again',
    },
    scenario: 'reply-lost',
  },
  'r40-does-not-ask-when-it-connects': {
    bug: 'waits for a notification of a job that was there before it connected',
    breaks: {
      V1: 'the job waits for ever',
    },
    scenario: 'created-while-off',
  },
  'r41-subscribes-once': {
    bug: 'trusts the broker to remember its subscriptions after a lost connection',
    breaks: {
      V1: 'the job waits for ever',
      V5: 'where it is the canary that waits',
    },
    scenario: 'created-after-a-lost-link',
  },
  'r68-cuts-long-topics': {
    bug: 'builds topics in a buffer of 64 bytes, which a long thing name does not fit',
    breaks: {
      V5: 'it hears of no job that comes later',
    },
    scenario: 'long-thing-name',
  },
  'r74-deaf-to-a-rejected-start': {
    bug: 'has no answer to a start that is rejected, and stays about to start',
    breaks: {
      V1: 'it waits for an answer that it does not take for one',
    },
    scenario: 'reply-lost-start',
  },
  'r51-trusts-its-record-alone': {
    bug: 'is in the self-test because its record says so, although the boot loader never came to the new image',
    breaks: {
      V9: 'it reports a version that does not run',
    },
    scenario: 'power-cut-before-the-reboot',
  },
  'r52-leaves-the-image-selected': {
    bug: 'gives a pulled job up after it has told the boot loader to try the image, and does not take that back',
    breaks: {
      V10: 'the slot of the pulled job is still to be tried',
    },
    scenario: 'pulled-while-selecting',
  },
  'r53-resets-on-resume': {
    bug: 'resets whenever it finds a job that it was in the middle of',
    breaks: {
      V8: 'each boot ends in the next',
    },
    scenario: 'power-cut-in-the-transfer',
  },
  'r55-tries-a-failed-image-again': {
    bug: 'does not notice that the boot loader gave the image up, and installs it again',
    breaks: {
      V8: 'each try is two boots',
      V4: 'what failed for want of a connection works the second time, so the job is done twice',
    },
    scenario: 'failing-image',
  },
  'r56-drops-a-report-offline': {
    bug: 'forgets a result that it cannot send because the connection is gone',
    breaks: {
      V4: 'the job comes again and is done twice',
    },
    scenario: 'link-lost-at-the-report',
  },
  'r57-reports-success-after-a-roll-back': {
    bug: 'takes the boot after a roll-back for the boot of the new image',
    breaks: {
      V9: 'it reports a version that does not run',
    },
    scenario: 'failing-image',
  },
  'r59-never-confirms': {
    bug: 'never tells the boot loader that the new image is good',
    breaks: {
      V5: 'the boot loader takes a good image back: the job fails that could be done',
    },
    scenario: 'plain-update',
  },
  'r60-never-rolls-back': {
    bug: 'stays on an image that failed its self-test',
    breaks: {
      V1: 'it waits on an image that does not work',
      V9: 'an image that reached nobody in time is kept, and reported as a success',
    },
    scenario: 'failing-image',
  },
  'r61-reboots-again': {
    bug: 'cannot tell the boot that the job asked for from the one before it',
    breaks: {
      V8: 'each boot ends in the next',
    },
    scenario: 'reboot-job',
  },
  'r61-runs-the-handler-again': {
    bug: 'runs a handler once more that a power cut had interrupted',
    breaks: {
      V4: 'the side effect happens twice',
    },
    scenario: 'power-cut-in-a-handler',
  },
  'r64-takes-a-power-cut-for-success': {
    bug: 'takes any boot in the middle of an update for the boot of the new image',
    breaks: {
      V9: 'it reports a version that does not run',
      V10: 'where the job is gone, half an image stays, since it believes it whole',
    },
    scenario: 'power-cut-in-the-transfer',
  },
  'r66-stalls-on-a-large-document': {
    bug: 'leaves a message that does not fit its buffer unhandled',
    breaks: {
      V1: 'the job waits for ever',
      V2: 'a notification that says that its job is gone may be one that does not fit',
    },
    scenario: 'large-document',
  },
  'r69-stops-after-a-lost-link': {
    bug: 'does not take its download up again after the connection was lost',
    breaks: {
      V1: 'it is at work for ever',
    },
    scenario: 'link-lost-in-a-long-download',
  },
  'r70-erases-everything-at-once': {
    bug: 'erases the whole slot in one go, longer than the watchdog waits',
    breaks: {
      V6: 'each try erases the whole slot before the watchdog bites',
    },
    scenario: 'large-image-on-slow-flash',
  },
  'r72-sends-again-at-once': {
    bug: 'connects at once after the supply gave way to a transmission',
    breaks: {
      V8: 'each attempt to send resets it',
    },
    scenario: 'battery-sags-in-an-update',
  },
  'r73-stays-busy-after-a-failed-download': {
    bug: 'never closes a download that failed',
    breaks: {
      V10: 'the download is never closed',
    },
    scenario: 'missing-image',
  },
  'r75-downloads-for-ever': {
    bug: 'takes a missing image for a reason to start over',
    breaks: {
      V1: 'where each try takes minutes, the job does not end in time',
      V6: 'it downloads without end',
    },
    scenario: 'missing-image',
  },
  'r75-downloads-a-bad-image-for-ever': {
    bug: 'takes an image with a wrong digest for a reason to download it again',
    breaks: {
      V6: 'it downloads without end',
    },
    scenario: 'corrupt-image',
  },
};

export const zoo: readonly ZooAgent[] = Object.entries(behaviours).map(([id, behaviour]) => {
  const said = expected[id];
  if (said === undefined) throw new Error(`nothing is expected of ${id}`);
  return { id, behaviour, ...said };
});

/** The number in the catalogue, e.g. `R21`. */
export function catalogueNumber({ id }: ZooAgent): string {
  return id.slice(0, id.indexOf('-')).toUpperCase();
}
