/**
 * Agents that miss what they should hear: notifications, subscriptions, sessions. Section B3 of the catalogue in
 * docs/recovery.md, with what B5 says of topics that do not fit. Each is the reference agent with one decision made wrongly.
 */
import { referenceAgent } from '../core/behaviour.ts';
import { type ZooAgent, otherwise } from './zoo-agent.ts';

const topicBufferBytes = 64;

export const lostSessions: readonly ZooAgent[] = [
  {
    id: 'r40-does-not-ask-when-it-connects',
    bug: 'waits for a notification of a job that was there before it connected',
    breaks: {
      V1: 'the job waits for ever',
    },
    scenario: 'created-while-off',
    behaviour: otherwise({ asksOnConnect: false }),
  },
  {
    id: 'r41-subscribes-once',
    bug: 'trusts the broker to remember its subscriptions after a lost connection',
    breaks: {
      V1: 'the job waits for ever',
      V5: 'where it is the canary that waits',
    },
    scenario: 'created-after-a-lost-link',
    behaviour: otherwise({
      filters: (thingName, namespaces, connection) =>
        connection === 1 ? referenceAgent.filters(thingName, namespaces, connection) : [],
    }),
  },
  {
    id: 'r68-cuts-long-topics',
    bug: 'builds topics in a buffer of 64 bytes, which a long thing name does not fit',
    breaks: {
      V5: 'it hears of no job that comes later',
    },
    scenario: 'long-thing-name',
    behaviour: otherwise({
      filters: (...given) => referenceAgent.filters(...given).map((filter) => filter.slice(0, topicBufferBytes)),
    }),
  },
  {
    id: 'r74-deaf-to-a-rejected-start',
    bug: 'has no answer to a start that is rejected, and stays about to start',
    breaks: {
      V1: 'it waits for an answer that it does not take for one',
    },
    scenario: 'reply-lost-start',
    behaviour: otherwise({
      listensTo: (message, step) =>
        message.kind !== 'reply' ||
        message.outcome === 'accepted' ||
        message.operation !== 'UpdateJobExecution' ||
        step !== undefined,
    }),
  },
];
