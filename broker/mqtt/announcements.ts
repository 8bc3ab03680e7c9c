/**
 * From an effect of the engine to the messages that tell the world: topics and payloads, no receivers. A payload is written
 * only when somebody listens. Source: reference notifications.md §3, mqtt-api.md §7, ambiguities.md A5.
 */
import { notifyJson, notifyNextJson } from '../../protocol/device-json.ts';
import { type NotificationTopic, formatJobsTopic } from '../../protocol/topics.ts';
import type { Effect, NotifyEffect, NotifyNextEffect } from '../engine/contract.ts';

export function announce(effect: Effect, tell: (topic: string, writePayload: () => string) => void): void {
  switch (effect.kind) {
    case 'notify':
      for (const topic of notifyTopics(effect)) tell(topic, () => notifyJson(effect));
      return;
    case 'notify-next':
      tell(formatJobsTopic(topicOf(effect, 'NextJobExecutionChanged')), () => notifyNextJson(effect));
      return;
    case 'event':
      tell(effect.topic, () => JSON.stringify(effect.payload));
  }
}

/** The form that clients use, and for namespaced jobs the documented one too, which names a job. */
function notifyTopics(effect: NotifyEffect): string[] {
  const topic = topicOf(effect, 'JobExecutionsChanged');
  if (effect.namespaceId === undefined) return [formatJobsTopic(topic)];
  return [formatJobsTopic(topic), ...effect.changedJobIds.map((jobId) => formatJobsTopic({ ...topic, jobId }))];
}

function topicOf(
  { thingName, namespaceId }: NotifyEffect | NotifyNextEffect,
  name: NotificationTopic['name'],
): NotificationTopic {
  const topic: NotificationTopic = { kind: 'notification', thingName, name };
  return namespaceId === undefined ? topic : { ...topic, namespaceId };
}
