/**
 * Agents that do not cope with a job that is pulled away: deleted, canceled, replaced. Section B1 of the catalogue in
 * docs/recovery.md. Each is the reference agent with one decision made wrongly.
 */
import { referenceAgent } from '../core/behaviour.ts';
import { type ZooAgent, leaving, meeting, otherwise } from './zoo-agent.ts';

const transferring = ['download', 'verify', 'write'] as const;

export const pulledJobs: readonly ZooAgent[] = [
  {
    id: 'r01-retries-what-is-gone',
    bug: 'takes ResourceNotFound for a passing trouble and asks again and again',
    breaks: {
      V1: 'it asks about what is gone for ever and is never idle',
      V2: 'where what it repeats is an update',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: otherwise({
      meaningOf: (code) => (code === 'ResourceNotFound' ? 'retry' : referenceAgent.meaningOf(code)),
    }),
  },
  {
    id: 'r01-keeps-half-an-image',
    bug: 'leaves what it had written of a pulled image in the spare slot',
    breaks: {
      V10: 'the spare slot is not freed',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: leaving('slot', 'pulled'),
  },
  {
    id: 'r02-keeps-its-checkpoint',
    bug: 'stops a pulled job, but its checkpoint still names it',
    breaks: {
      V7: 'non-volatile memory names a job that is over',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: leaving('checkpoint', 'pulled'),
  },
  {
    id: 'r02-keeps-the-document',
    bug: 'never frees the memory that the document of a pulled job took',
    breaks: {
      V10: 'the memory of the document is not freed',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: leaving('memory', 'pulled'),
  },
  {
    id: 'r04-deaf-while-it-works',
    bug: 'listens to no notification while it is at work',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: otherwise({ listensTo: ({ kind }, step) => kind === 'reply' || step === undefined }),
  },
  {
    id: 'r06-forgets-its-self-test',
    bug: 'drops a job that is pulled in the self-test and leaves the image unconfirmed',
    breaks: {
      V3: 'no slot is confirmed in the end',
    },
    scenario: 'pulled-in-the-self-test',
    behaviour: meeting('pulled', ['self-test'], { undo: ['checkpoint'], next: 'next-job' }),
  },
  {
    id: 'r07-resumes-the-old-job',
    bug: 'goes on with what it has after a power cut, although something else is next now',
    breaks: {
      V2: 'it works for what it was told is gone',
      V3: 'where the old image is whole, it reboots into it',
    },
    scenario: 'replaced-in-the-transfer',
    behaviour: otherwise({ isStillOurs: () => true }),
  },
  {
    id: 'r08-minds-a-pull-only-at-the-end',
    bug: 'looks whether the job was aborted in its last state only',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: otherwise({
      listensTo: ({ kind }, step) => kind === 'reply' || !transferring.some((one) => one === step),
    }),
  },
  {
    id: 'r09-does-not-ask-before-the-reboot',
    bug: 'reboots into the new image without a last question',
    breaks: {
      V3: 'it activates an image that was gone before',
    },
    scenario: 'pulled-unheard-before-the-reboot',
    behaviour: otherwise({ asksBeforeNoReturn: false }),
  },
  {
    id: 'r10-cannot-be-stopped-in-a-transfer',
    bug: 'ignores a pull while the image comes in',
    breaks: {
      V1: 'where the answer makes it wait, it waits for ever',
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: meeting('pulled', transferring, { undo: [], next: 'resume' }),
  },
  {
    id: 'r14-deaf-to-rejections',
    bug: 'waits for the accepted answer only, whatever is rejected',
    breaks: {
      V1: 'it waits for an answer that it does not take for one',
      V2: 'where what it repeats is an update',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: otherwise({
      listensTo: (message, step) => message.kind !== 'reply' || message.outcome === 'accepted' || step === undefined,
    }),
  },
  {
    id: 'r15-takes-nothing-for-no-news',
    bug: 'takes a notification that names no job for one that says nothing',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-long-download',
    behaviour: otherwise({
      listensTo: (message) =>
        message.kind === 'reply' ||
        !('payload' in message) ||
        (message.name === 'NextJobExecutionChanged'
          ? message.payload.execution !== undefined
          : Object.values(message.payload.jobs).some((list) => list.length > 0)),
    }),
  },
  {
    id: 'r16-lets-the-handler-go-on',
    bug: 'stops talking about a pulled job but not the handler that runs for it',
    breaks: {
      V2: 'it was told and works on',
    },
    scenario: 'pulled-in-a-handler',
    behaviour: meeting('pulled', ['activate'], { undo: [], next: 'finish' }),
  },
  {
    id: 'r17-ignores-a-job-made-anew',
    bug: 'takes a job that was deleted and created again for the one it has done',
    breaks: {
      V1: 'where the start failed, it takes that for done, and the job waits',
      V4: 'the new execution is ignored',
    },
    scenario: 'created-again',
    behaviour: otherwise({
      passesOver: ({ execution }, { settled }) =>
        execution.jobId === settled?.jobId && execution.executionNumber === settled.executionNumber,
    }),
  },
  {
    id: 'r18-aborts-good-work',
    bug: 'drops the execution at work at the first doubt, without waiting for what the answer says',
    breaks: {
      V1: 'where the service then says once that nothing is pending, the job waits',
      V4: 'the job comes again and is done twice',
    },
    scenario: 'link-lost-in-a-handler',
    behaviour: otherwise({ isStillOurs: () => false }),
  },
  {
    id: 'r19-knows-jobs-by-their-id',
    bug: 'takes another execution of the same job for the one it has done',
    breaks: {
      V1: 'where the start failed, it takes that for done, and the job waits',
      V4: 'the new execution is ignored',
    },
    scenario: 'joined-the-group-again',
    behaviour: otherwise({ passesOver: ({ execution }, { settled }) => execution.jobId === settled?.jobId }),
  },
];
