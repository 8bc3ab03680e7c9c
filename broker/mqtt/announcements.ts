/**
 * From an effect of the engine to the messages that tell the world: topics and payloads, no receivers. A payload is written
 * only when somebody listens. Source: reference notifications.md §3, mqtt-api.md §7, ambiguities.md A5.
 */
import { notifyJson, notifyNextJson } from '../../protocol/device-json.ts';
import { type NotificationTopic, formatJobsTopic } from '../../protocol/topics.ts';
import type { Effect, NotifyEffect, NotifyNextEffect } from '../engine/contract.ts';
import type { DoorReadings } from './readings.ts';

export function announce(
  effect: Effect,
  forms: DoorReadings['namespacedNotify'],
  tell: (topic: string, writePayload: () => string | Buffer) => void,
): void {
  switch (effect.kind) {
    case 'notify':
      if (effect.namespaceId === undefined) {
        tell(formatJobsTopic(topicOf(effect, 'JobExecutionsChanged')), () => notifyJson(effect));
        return;
      }
      for (const topic of namespacedTopics(effect, forms)) tell(topic, () => notifyJson(effect));
      return;
    case 'notify-next':
      // No documented form says which execution of a namespace is next.
      if (effect.namespaceId !== undefined && forms === 'documented form') return;
      tell(formatJobsTopic(topicOf(effect, 'NextJobExecutionChanged')), () => notifyNextJson(effect));
      return;
    case 'event':
      tell(effect.topic, () => (Buffer.isBuffer(effect.payload) ? effect.payload : JSON.stringify(effect.payload)));
  }
}

/** The form that clients use, and the documented one too, which names a job. */
function namespacedTopics(effect: NotifyEffect, forms: DoorReadings['namespacedNotify']): string[] {
  const topic = topicOf(effect, 'JobExecutionsChanged');
  const documented = effect.changedJobIds.map((jobId) => formatJobsTopic({ ...topic, jobId }));
  return forms === 'documented form' ? documented : [formatJobsTopic(topic), ...documented];
}

function topicOf(
  { thingName, namespaceId }: NotifyEffect | NotifyNextEffect,
  name: NotificationTopic['name'],
): NotificationTopic {
  const topic: NotificationTopic = { kind: 'notification', thingName, name };
  return namespaceId === undefined ? topic : { ...topic, namespaceId };
}
