/**
 * The agents of the zoo, by section of the catalogue in docs/recovery.md: each is the reference agent with one decision made
 * wrongly. docs/zoo.md is the table of what each does in each scenario.
 */
import { type AgentBehaviour, type BootFinding, referenceAgent } from '../core/behaviour.ts';
import { steps } from '../../observation/execution.ts';
import type { Interruption, Recovery } from '../core/recovery.ts';
import { leaving, meeting, otherwise } from './zoo-agent.ts';

const transferring = ['download', 'verify', 'write'] as const;

const terminal = new Set(['InvalidStateTransition', 'TerminalStateReached']);
/** Of a reply buffer that was measured by replies without an execution state. */
const scratchBytes = 160;
const { patience, tries } = referenceAgent;

const topicBufferBytes = 64;

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

/** Nothing is kept of the job and nothing told, so that it comes again. */
const fromTheStart: Partial<Recovery> = {
  undo: ['download', 'memory', 'slot', 'checkpoint'],
  next: 'next-job',
};

/** By id: the number in the catalogue, then the bug in a few words. */
export const zoo: Readonly<Record<`r${string}`, AgentBehaviour>> = {
  // Jobs that are pulled away: deleted, canceled, replaced (section B1 of docs/recovery.md).

  /** Takes ResourceNotFound for a passing trouble and asks again and again. */
  'r01-retries-what-is-gone': otherwise({
    meaningOf: (code) => (code === 'ResourceNotFound' ? 'retry' : referenceAgent.meaningOf(code)),
  }),
  /** Leaves what it had written of a pulled image in the spare slot. */
  'r01-keeps-half-an-image': leaving('slot', 'pulled'),
  /** Stops a pulled job, but its checkpoint still names it. */
  'r02-keeps-its-checkpoint': leaving('checkpoint', 'pulled'),
  /** Never frees the memory that the document of a pulled job took. */
  'r02-keeps-the-document': leaving('memory', 'pulled'),
  /** Listens to no notification while it is at work. */
  'r04-deaf-while-it-works': otherwise({ listensTo: ({ kind }, step) => kind === 'reply' || step === undefined }),
  /** Drops a job that is pulled in the self-test and leaves the image unconfirmed. */
  'r06-forgets-its-self-test': meeting('pulled', ['self-test'], { undo: ['checkpoint'], next: 'next-job' }),
  /** Goes on with what it has after a power cut, although something else is next now. */
  'r07-resumes-the-old-job': otherwise({ isStillOurs: () => true }),
  /** Looks whether the job was aborted in its last state only. */
  'r08-minds-a-pull-only-at-the-end': otherwise({
    listensTo: ({ kind }, step) => kind === 'reply' || !transferring.some((one) => one === step),
  }),
  /** Reboots into the new image without a last question. */
  'r09-does-not-ask-before-the-reboot': otherwise({ asksBeforeNoReturn: false }),
  /** Ignores a pull while the image comes in. */
  'r10-cannot-be-stopped-in-a-transfer': meeting('pulled', transferring, { undo: [], next: 'resume' }),
  /** Waits for the accepted answer only, whatever is rejected. */
  'r14-deaf-to-rejections': otherwise({
    listensTo: (message, step) => message.kind !== 'reply' || message.outcome === 'accepted' || step === undefined,
  }),
  /** Takes a notification that names no job for one that says nothing. */
  'r15-takes-nothing-for-no-news': otherwise({
    listensTo: (message) =>
      message.kind === 'reply' ||
      !('payload' in message) ||
      (message.name === 'NextJobExecutionChanged'
        ? message.payload.execution !== undefined
        : Object.values(message.payload.jobs).some((list) => list.length > 0)),
  }),
  /** Stops talking about a pulled job but not the handler that runs for it. */
  'r16-lets-the-handler-go-on': meeting('pulled', ['activate'], { undo: [], next: 'finish' }),
  /** Takes a job that was deleted and created again for the one it has done. */
  'r17-ignores-a-job-made-anew': otherwise({
    passesOver: ({ execution }, { settled }) =>
      execution.jobId === settled?.jobId && execution.executionNumber === settled.executionNumber,
  }),
  /** Drops the execution at work at the first doubt, without waiting for what the answer says. */
  'r18-aborts-good-work': otherwise({ isStillOurs: () => false }),
  /** Takes another execution of the same job for the one it has done. */
  'r19-knows-jobs-by-their-id': otherwise({
    passesOver: ({ execution }, { settled }) => execution.jobId === settled?.jobId,
  }),

  // Rejections, versions, retries and reports that get lost (B2).

  /** Repeats an update that is refused because the execution has ended. */
  'r21-retries-terminal-errors': otherwise({
    meaningOf: (code) => (terminal.has(code) ? 'retry' : referenceAgent.meaningOf(code)),
  }),
  /** Takes RequestThrottled for a final answer. */
  'r21-gives-up-when-throttled': otherwise({
    meaningOf: (code) => (code === 'RequestThrottled' ? 'gone' : referenceAgent.meaningOf(code)),
  }),
  /** Knows no rejection that is final. */
  'r23-retries-whatever-is-refused': otherwise({ meaningOf: () => 'retry' }),
  /** Repeats at once what was put off. */
  'r23-retries-without-a-pause': otherwise({ pauseMs: () => 1 }),
  /** Counts the version along instead of taking it from the answers. */
  'r24-counts-versions-itself': otherwise({ versionOf: (known) => known + 1 }),
  /** Has no room for a rejection that carries the execution state, and hears nothing. */
  'r26-cannot-read-long-rejections': otherwise({
    listensTo: (message) =>
      message.kind === 'notification' || message.outcome === 'accepted' || message.bytes <= scratchBytes,
  }),
  /** Publishes the result once and never looks whether it was taken. */
  'r27-reports-once': otherwise({ tries: { ...tries, report: 1 } }),
  /** Copies whatever text it has into the status details. */
  'r29-reports-unclean-details': otherwise({ detail: (text) => text }),
  /** Sets no limit to its waiting for an answer. */
  'r32-waits-for-ever': otherwise({ patience: { ...patience, replyMs: Infinity } }),

  // Notifications, subscriptions and sessions that are missed (B3, and what B5 says of topics that do not fit).

  /** Waits for a notification of a job that was there before it connected. */
  'r40-does-not-ask-when-it-connects': otherwise({ asksOnConnect: false }),
  /** Trusts the broker to remember its subscriptions after a lost connection. */
  'r41-subscribes-once': otherwise({
    filters: (thingName, namespaces, connection) =>
      connection === 1 ? referenceAgent.filters(thingName, namespaces, connection) : [],
  }),
  /** Builds topics in a buffer of 64 bytes, which a long thing name does not fit. */
  'r68-cuts-long-topics': otherwise({
    filters: (...given) => referenceAgent.filters(...given).map((filter) => filter.slice(0, topicBufferBytes)),
  }),
  /** Has no answer to a start that is rejected, and stays about to start. */
  'r74-deaf-to-a-rejected-start': otherwise({
    listensTo: (message, step) =>
      message.kind !== 'reply' ||
      message.outcome === 'accepted' ||
      message.operation !== 'UpdateJobExecution' ||
      step !== undefined,
  }),

  // Boots: self-test, roll-back, resume (B4).

  /** Is in the self-test because its record says so, although the boot loader never came to the new image. */
  'r51-trusts-its-record-alone': otherwise({
    foundAtBoot(checkpoint, boot) {
      const right = referenceAgent.foundAtBoot(checkpoint, boot);
      return checkpoint.step === 'activate' && checkpoint.plan.kind === 'firmware' ? { kind: 'self-test' } : right;
    },
  }),
  /** Gives a pulled job up after it has told the boot loader to try the image, and does not take that back. */
  'r52-leaves-the-image-selected': meeting('pulled', ['activate'], { undo: ['handler', 'memory', 'checkpoint'] }),
  /** Resets whenever it finds a job that it was in the middle of. */
  'r53-resets-on-resume': meeting('power-cut', steps, { next: 'roll-back' }),
  /** Does not notice that the boot loader gave the image up, and installs it again. */
  'r55-tries-a-failed-image-again': mistaking('rolled-back', powerCut),
  /** Forgets a result that it cannot send because the connection is gone. */
  'r56-drops-a-report-offline': meeting('link-lost', ['report'], { undo: ['memory', 'checkpoint'], next: 'next-job' }),
  /** Takes the boot after a roll-back for the boot of the new image. */
  'r57-reports-success-after-a-roll-back': mistaking('rolled-back', { kind: 'succeeded' }),
  /** Never tells the boot loader that the new image is good. */
  'r59-never-confirms': otherwise({
    foundAtBoot(checkpoint, boot) {
      const right = referenceAgent.foundAtBoot(checkpoint, boot);
      return right.kind === 'self-test' ? { kind: 'succeeded' } : right;
    },
  }),
  /** Stays on an image that failed its self-test. */
  'r60-never-rolls-back': meeting('self-test-failed', ['self-test'], { next: 'resume' }),
  /** Cannot tell the boot that the job asked for from the one before it. */
  'r61-reboots-again': otherwise({
    foundAtBoot: (checkpoint, boot) =>
      checkpoint.plan.kind === 'reboot' && checkpoint.report === undefined
        ? powerCut
        : referenceAgent.foundAtBoot(checkpoint, boot),
  }),
  /** Runs a handler once more that a power cut had interrupted. */
  'r61-runs-the-handler-again': mistaking('handler-interrupted', powerCut),
  /** Takes any boot in the middle of an update for the boot of the new image. */
  'r64-takes-a-power-cut-for-success': mistaking('power-cut', { kind: 'succeeded' }),

  // Little memory, slow flash, a weak battery, and downloads that fail or stop (B5).

  /** Leaves a message that does not fit its buffer unhandled. */
  'r66-stalls-on-a-large-document': otherwise({ listensTo: (message) => 'payload' in message }),
  /** Does not take its download up again after the connection was lost. */
  'r69-stops-after-a-lost-link': meeting('link-lost', ['download', 'verify', 'write'], { next: 'finish' }),
  /** Erases the whole slot in one go, longer than the watchdog waits. */
  'r70-erases-everything-at-once': otherwise({ erasesAhead: true }),
  /** Connects at once after the supply gave way to a transmission. */
  'r72-sends-again-at-once': otherwise({ restsAfterCrash: false }),
  /** Never closes a download that failed. */
  'r73-stays-busy-after-a-failed-download': leaving('download', 'download-failed'),
  /** Takes a missing image for a reason to start over. */
  'r75-downloads-for-ever': meeting('download-failed', ['download'], fromTheStart),
  /** Takes an image with a wrong digest for a reason to download it again. */
  'r75-downloads-a-bad-image-for-ever': meeting('digest-mismatch', ['verify'], fromTheStart),
};
