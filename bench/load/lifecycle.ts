/**
 * One thing that works every job it is given, as fast as it can: notify-next → start-next → three updates IN_PROGRESS →
 * SUCCEEDED. Five exchanges and two notifications, 24 packets: the unit that `executions/s` counts. It knows topics and
 * payloads but no connection, so that a bare codec and MQTT.js carry the same conversation. It has no hardware; the
 * agent proper is measured elsewhere.
 */
import type { NotifyNextPayload } from '../../protocol/device-messages.ts';
import { jobsSpace } from '../../protocol/topics.ts';

export interface LifecycleEvents {
  readonly publish: (topic: string, payload: string) => void;
  readonly onExchange: (durationMs: number) => void;
  readonly onFinished: () => void;
  /** A rejected request or an answer that was not asked for. */
  readonly onFailed: (what: string) => void;
}

/** The subscriptions of a client that waits for its replies, as AWS's SDKs make them. */
export function lifecycleFilters(thingName: string): readonly string[] {
  const space = jobsSpace(thingName);
  return [`${space}notify-next`, `${space}start-next/+`, `${space}+/update/+`];
}

const startNext = '{"statusDetails":{"step":"receive"}}';
const updates = [
  '{"status":"IN_PROGRESS","statusDetails":{"step":"download","percent":"30"}}',
  '{"status":"IN_PROGRESS","statusDetails":{"step":"write","percent":"60"}}',
  '{"status":"IN_PROGRESS","statusDetails":{"step":"self-test","percent":"90"}}',
  '{"status":"SUCCEEDED","statusDetails":{"step":"report","percent":"100"}}',
];

/** @returns what to call with every message that arrives for the thing. */
export function createLifecycle(thingName: string, events: LifecycleEvents): (topic: string, payload: Buffer) => void {
  const space = jobsSpace(thingName);
  const notifyNext = `${space}notify-next`;
  let updateTopic = '';
  let updatesSent = 0;
  let askedAt: number | undefined;

  function ask(topic: string, payload: string): void {
    askedAt = performance.now();
    events.publish(topic, payload);
  }

  function start(payload: Buffer): void {
    const { execution } = JSON.parse(payload.toString()) as NotifyNextPayload;
    if (execution === undefined) return; // the notification that ends a lifecycle
    updateTopic = `${space}${execution.jobId}/update`;
    updatesSent = 0;
    ask(`${space}start-next`, startNext);
  }

  function answered(topic: string): void {
    if (askedAt === undefined || !topic.endsWith('/accepted')) return events.onFailed(topic);
    events.onExchange(performance.now() - askedAt);
    askedAt = undefined;
    const next = updates[updatesSent];
    if (next === undefined) return events.onFinished();
    updatesSent += 1;
    ask(updateTopic, next);
  }

  return (topic, payload) => (topic === notifyNext ? start(payload) : answered(topic));
}
