/**
 * Agents that do not cope with rejections, versions, retries and reports that get lost. Section B2 of the catalogue in
 * docs/recovery.md. Each is the reference agent with one decision made wrongly.
 */
import { referenceAgent } from '../core/behaviour.ts';
import { type ZooAgent, otherwise } from './zoo-agent.ts';

const terminal = new Set(['InvalidStateTransition', 'TerminalStateReached']);
/** Of a reply buffer that was measured by replies without an execution state. */
const scratchBytes = 160;
const { patience, tries } = referenceAgent;

export const refusedRequests: readonly ZooAgent[] = [
  {
    id: 'r21-retries-terminal-errors',
    bug: 'repeats an update that is refused because the execution has ended',
    breaks: {
      V1: 'it asks about what has ended for ever and is never idle',
    },
    scenario: 'canceled-unheard-before-the-reboot',
    behaviour: otherwise({
      meaningOf: (code) => (terminal.has(code) ? 'retry' : referenceAgent.meaningOf(code)),
    }),
  },
  {
    id: 'r21-gives-up-when-throttled',
    bug: 'takes RequestThrottled for a final answer',
    breaks: {
      V4: 'the job comes again and is done twice',
    },
    scenario: 'throttled-at-the-report',
    behaviour: otherwise({
      meaningOf: (code) => (code === 'RequestThrottled' ? 'gone' : referenceAgent.meaningOf(code)),
    }),
  },
  {
    id: 'r23-retries-whatever-is-refused',
    bug: 'knows no rejection that is final',
    breaks: {
      V1: 'it asks about what is gone for ever and is never idle',
      V2: 'where what it repeats is an update',
    },
    scenario: 'pulled-unheard-before-the-reboot',
    behaviour: otherwise({ meaningOf: () => 'retry' }),
  },
  {
    id: 'r23-retries-without-a-pause',
    bug: 'repeats at once what was put off',
    breaks: {
      V6: 'it floods the service',
      V8: 'on a weak battery each attempt resets it',
    },
    scenario: 'throttled-at-the-report',
    behaviour: otherwise({ pauseMs: () => 1 }),
  },
  {
    id: 'r24-counts-versions-itself',
    bug: 'counts the version along instead of taking it from the answers',
    breaks: {
      V4: 'its report is refused, and the job comes again and is done twice',
    },
    scenario: 'link-lost-in-a-handler',
    behaviour: otherwise({ versionOf: (known) => known + 1 }),
  },
  {
    id: 'r26-cannot-read-long-rejections',
    bug: 'has no room for a rejection that carries the execution state, and hears nothing',
    breaks: {
      V1: 'it waits for an answer that it cannot read',
      V2: 'where what it repeats is an update',
    },
    scenario: 'canceled-unheard-before-the-reboot',
    behaviour: otherwise({
      listensTo: (message) =>
        message.kind === 'notification' || message.outcome === 'accepted' || message.bytes <= scratchBytes,
    }),
  },
  {
    id: 'r27-reports-once',
    bug: 'publishes the result once and never looks whether it was taken',
    breaks: {
      V4: 'the job comes again and is done twice',
    },
    scenario: 'report-lost-of-a-handler',
    behaviour: otherwise({ tries: { ...tries, report: 1 } }),
  },
  {
    id: 'r29-reports-unclean-details',
    bug: 'copies whatever text it has into the status details',
    breaks: {
      V1: 'its refusal is refused, and the job waits for ever',
    },
    scenario: 'unclean-document',
    behaviour: otherwise({ detail: (text) => text }),
  },
  {
    id: 'r32-waits-for-ever',
    bug: 'sets no limit to its waiting for an answer',
    breaks: {
      V1: 'it never asks again',
    },
    scenario: 'reply-lost',
    behaviour: otherwise({ patience: { ...patience, replyMs: Infinity } }),
  },
];
