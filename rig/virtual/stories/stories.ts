/**
 * The stories, each about one way to lose a job, a message or the power. Moments are steps of the device where that is
 * possible; times are since the start, and the device is idle and connected when its job comes. Plays nothing: run-story.ts.
 */
import type { Step } from '../../../observation/execution.ts';
import type { InstantFault } from '../../../faults/thing-faults.ts';
import type { Fault } from '../../../faults/plan.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Deed, OperatorAction } from '../configuration.ts';
import type { ClaimId } from '../../verdict/contract.ts';
import { type DocumentKind, firmwareVersion } from '../documents.ts';
import type { Story } from './story.ts';

const thingName = 'thing-1';
const jobId = 'job-1';
const jobAtMs: DurationMs = 10_000;
/** Of 128 characters, the most that AWS allows. */
const longThingName = 'thing-'.padEnd(128, 'x');
/** From the last check of an image to the middle of the boot loader's own write. */
const selectingAfterMs: DurationMs = 80;
/** Ordinals of firmware documents: one whose image comes in one piece, without progress to tell, and one of 64 KiB. */
const small = 0;
const large = 2;
/** With which an erase takes far longer than it typically does. */
const slowFlashSeed = 11;
/** Loads 64 KiB in 13 s, and neither sleeps nor sags. */
const slowLink = 'stm32l4';

function at(atMs: DurationMs, deed: Deed): OperatorAction {
  return { when: { atMs }, deed };
}

function when(step: Step, afterMs: DurationMs, deed: Deed): OperatorAction {
  return { when: { thingName, step, occurrence: 1, afterMs }, deed };
}

function given(document: DocumentKind, ordinal = 1, atMs = jobAtMs): OperatorAction {
  return at(atMs, { kind: 'create-job', jobId, document, ordinal, things: [thingName] });
}

function injected(fault: InstantFault): Deed {
  return { kind: 'fault', thingName, fault };
}

type MessageLoss = Omit<Extract<Fault, { kind: 'message' }>, 'kind' | 'things' | 'perMillion' | 'lateMs' | 'effect'>;

function lost(loss: MessageLoss): Fault {
  return { kind: 'message', things: '*', perMillion: 1_000_000, effect: 'lost', lateMs: 0, ...loss };
}

const deleteExecution: Deed = { kind: 'delete-execution', jobId, thingName };
const cancelExecution: Deed = { kind: 'cancel-execution', jobId, thingName, force: true };
/** From when the job's own notification has arrived. */
const noMoreNotifications = lost({ direction: 'notification', fromMs: jobAtMs + 200, untilMs: 100_000 });

/** What the firmware document of most stories installs, and what runs before. */
const version = firmwareVersion(1);
const oldVersion = '1.0.0';

type Ending = Story['expect'][number];

function done(about: ClaimId, installed?: string): Ending {
  return {
    jobId,
    status: 'SUCCEEDED',
    sideEffects: 'once',
    about,
    ...(installed !== undefined && { version: installed }),
  };
}

/** Pulled before the point of no return. */
function undone(about: ClaimId): Ending {
  return { jobId, status: 'DELETED', sideEffects: 'none', version: oldVersion, about };
}

function failed(sideEffects: 'once' | 'none'): Ending {
  return { jobId, status: 'FAILED', sideEffects, version: oldVersion, about: sideEffects === 'once' ? 'V9' : 'V1' };
}

const refused: Ending = { jobId, status: 'REJECTED', sideEffects: 'none', version: oldVersion, about: 'V1' };

type Telling = Pick<Story, 'id' | 'claim' | 'actions' | 'expect'> & Partial<Story>;

function told(telling: Telling): Story {
  return { faults: [], thingName, hardware: 'esp32-s3', wire: 'objects', ...telling };
}

export const stories: readonly Story[] = [
  told({
    id: 'plain-update',
    expect: [done('V9', version)],
    claim: 'An update to which nothing happens succeeds.',
    actions: [given('firmware')],
  }),
  told({
    id: 'reboot-job',
    expect: [done('V4')],
    claim: 'A job that is a reboot is done by one reboot.',
    actions: [given('reboot')],
  }),
  told({
    id: 'pulled-before-the-start',
    expect: [undone('V1')],
    claim: 'The execution is deleted while the device asks to start it: it asks for the next one.',
    actions: [given('firmware'), at(jobAtMs + 50, deleteExecution)],
  }),
  told({
    id: 'pulled-in-a-long-download',
    expect: [undone('V3')],
    claim: 'The execution is deleted during the download, which ends within seconds and leaves nothing behind.',
    hardware: slowLink,
    actions: [given('firmware', large), when('download', 3000, deleteExecution)],
  }),
  told({
    id: 'pulled-in-a-handler',
    expect: [{ jobId, status: 'DELETED', sideEffects: 'once', about: 'V2' }],
    claim: 'The execution is deleted while its first handler runs: the handler is stopped, the second never starts.',
    actions: [given('handlers'), when('activate', 500, deleteExecution)],
  }),
  told({
    id: 'pulled-unheard-before-the-reboot',
    expect: [undone('V3')],
    claim: 'The execution is deleted and the notification is lost: the question before the reboot finds out.',
    faults: [noMoreNotifications],
    actions: [given('firmware', small), when('write', 0, deleteExecution)],
  }),
  told({
    id: 'canceled-unheard-before-the-reboot',
    expect: [{ ...undone('V3'), status: 'CANCELED' }],
    claim: 'The execution is canceled by force and the notification is lost: the refusal ends the work.',
    faults: [noMoreNotifications],
    actions: [given('firmware', small), when('write', 0, cancelExecution)],
  }),
  told({
    id: 'pulled-while-selecting',
    expect: [undone('V3')],
    claim: 'The execution is deleted while the boot loader is told to try the image: that is taken back.',
    actions: [given('firmware'), when('activate', selectingAfterMs, deleteExecution)],
  }),
  told({
    id: 'pulled-in-the-self-test',
    expect: [{ jobId, status: 'DELETED', sideEffects: 'once', about: 'V9' }],
    claim: 'The execution is deleted past the point of no return: the new image is tested and confirmed all the same.',
    actions: [given('firmware'), when('self-test', 100, deleteExecution)],
  }),
  told({
    id: 'replaced-while-off',
    expect: [{ ...done('V9', firmwareVersion(6)), jobId: 'job-2' }],
    claim: 'The job is replaced by another while the power is off: the new one is done, nothing more of the old one.',
    hardware: slowLink,
    actions: [
      given('firmware', large),
      when('write', 0, injected({ kind: 'power-cut', forMs: 5000 })),
      when('write', 1000, { kind: 'delete-job', jobId }),
      when('write', 1000, {
        kind: 'create-job',
        jobId: 'job-2',
        document: 'firmware',
        ordinal: 6,
        things: [thingName],
      }),
    ],
  }),
  told({
    id: 'created-again',
    expect: [done('V4')],
    claim: 'A job that was done is deleted and created again under the same id: it is done again.',
    actions: [given('handlers'), at(60_000, { kind: 'delete-job', jobId }), given('handlers', 1, 60_000)],
  }),
  told({
    id: 'joined-the-group-again',
    expect: [done('V4')],
    claim: 'The thing leaves a group with a continuous job and joins it again: the new execution is done.',
    actions: [
      at(jobAtMs, { kind: 'create-job', jobId, document: 'handlers', ordinal: 1 }),
      at(60_000, { kind: 'rejoin', thingName }),
    ],
  }),
  told({
    id: 'throttled-at-the-report',
    expect: [done('V4')],
    claim: 'The service throttles for a while: the report is repeated, with growing pauses, until it is taken.',
    faults: [
      {
        kind: 'service',
        answer: 'RequestThrottled',
        things: '*',
        perMillion: 1_000_000,
        operations: ['UpdateJobExecution'],
        lateMs: 0,
        fromMs: 13_000,
        untilMs: 60_000,
      },
    ],
    actions: [given('handlers')],
  }),
  told({
    id: 'report-lost',
    expect: [done('V4')],
    claim: 'The report is lost on its way: it is sent again, and the job is done once.',
    faults: [lost({ direction: 'request', operations: ['UpdateJobExecution'], fromMs: 13_500, untilMs: 40_000 })],
    actions: [given('handlers')],
  }),
  told({
    id: 'reply-lost',
    expect: [done('V1')],
    claim: 'An answer is lost: the question is asked again.',
    faults: [lost({ direction: 'reply', fromMs: jobAtMs, untilMs: 13_000 })],
    actions: [given('handlers')],
  }),
  told({
    id: 'unclean-document',
    expect: [refused],
    claim: 'A document is refused whose own text no status detail may hold.',
    wire: 'text',
    actions: [given('unclean')],
  }),
  told({
    id: 'large-document',
    expect: [refused],
    claim: 'A document that does not fit the receive buffer is refused, and the queue goes on.',
    actions: [given('oversize')],
  }),
  told({
    id: 'created-while-off',
    expect: [done('V1')],
    claim: 'A job is created while the device has no power: it is found at the next connection.',
    actions: [at(5000, injected({ kind: 'power-cut', forMs: 20_000 })), given('handlers')],
  }),
  told({
    id: 'created-after-a-lost-link',
    expect: [done('V1')],
    claim: 'A job is created after the connection was lost and made again: it is heard of.',
    actions: [at(5000, injected({ kind: 'link-lost', forMs: 2000 })), given('handlers', 1, 40_000)],
  }),
  told({
    id: 'long-thing-name',
    expect: [done('V1')],
    claim: 'The thing has a long name: its notifications arrive.',
    thingName: longThingName,
    actions: [at(jobAtMs, { kind: 'create-job', jobId, document: 'handlers', ordinal: 1, things: [longThingName] })],
  }),
  told({
    id: 'link-lost-in-a-long-download',
    expect: [done('V9', firmwareVersion(large))],
    claim: 'The connection is lost during the download: the job goes on when it is back.',
    hardware: slowLink,
    actions: [given('firmware', large), when('download', 2000, injected({ kind: 'link-lost', forMs: 3000 }))],
  }),
  told({
    id: 'link-lost-in-a-handler',
    expect: [done('V4')],
    claim: 'The connection is lost while a handler runs: the handler is not run again.',
    actions: [given('handlers'), when('activate', 500, injected({ kind: 'link-lost', forMs: 3000 }))],
  }),
  told({
    id: 'link-lost-at-the-report',
    expect: [done('V4')],
    claim: 'The connection is lost as the report is sent: it is sent again when the connection is back.',
    actions: [given('handlers'), when('report', 10, injected({ kind: 'link-lost', forMs: 3000 }))],
  }),
  told({
    id: 'power-cut-in-the-transfer',
    expect: [done('V9', version)],
    claim: 'The power is cut while the image is written: the transfer is resumed and the update succeeds.',
    actions: [given('firmware'), when('write', 10, injected({ kind: 'power-cut', forMs: 2000 }))],
  }),
  told({
    id: 'power-cut-before-the-reboot',
    expect: [done('V9', version)],
    claim:
      'The power is cut while the boot loader is told to try the image: it is told again, and the update succeeds.',
    actions: [given('firmware'), when('activate', selectingAfterMs + 20, injected({ kind: 'power-cut', forMs: 2000 }))],
  }),
  told({
    id: 'power-cut-in-a-handler',
    expect: [{ jobId, status: 'FAILED', sideEffects: 'once', about: 'V4' }],
    claim: 'The power is cut while a handler runs: nobody knows how far it got, so it is FAILED and not run again.',
    actions: [given('handlers'), when('activate', 500, injected({ kind: 'power-cut', forMs: 2000 }))],
  }),
  told({
    id: 'missing-image',
    expect: [failed('none')],
    claim: 'The image cannot be had: the job is FAILED and the device as before.',
    actions: [given('missing-firmware')],
  }),
  told({
    id: 'corrupt-image',
    expect: [failed('none')],
    claim: 'The image is not the one that the document names: the job is FAILED and the device as before.',
    hardware: slowLink,
    actions: [given('corrupt-firmware', large)],
  }),
  told({
    id: 'failing-image',
    expect: [failed('once')],
    claim: 'The new image fails its self-test: the old one runs again and the job is FAILED.',
    actions: [given('failing-firmware')],
  }),
  told({
    id: 'battery-sags-in-an-update',
    expect: [done('V9', version)],
    claim:
      'The battery gives way when the radio sends: the device stays off the air ever longer, and the update succeeds.',
    hardware: slowLink,
    actions: [given('firmware'), at(jobAtMs, injected({ kind: 'weak-battery', forMs: 300_000, byMv: 550 }))],
  }),
  told({
    id: 'large-image-on-slow-flash',
    expect: [done('V9', version)],
    claim: 'The flash takes longer to be erased than the watchdog waits: the device does not reset.',
    hardware: 'rp2040',
    seed: slowFlashSeed,
    actions: [given('large-firmware')],
  }),
];
