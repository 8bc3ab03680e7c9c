/**
 * What the shadow service says, member by member in AWS's order: the texts that answer a request, and the messages for whoever
 * has subscribed. Times are whole epoch seconds.
 * Source: reference shadow-and-provisioning.md §1 (messages).
 */
import { toEpochSeconds, type EpochMs } from '../../../protocol/time.ts';
import type { EventEffect } from '../contract.ts';
import { deltaOf, timesOf, type ShadowDocument, type ShadowPatch } from './shadow-document.ts';
import type { LiveShadow } from './shadows.ts';

export function acceptedUpdate(
  patch: ShadowPatch | null,
  version: number,
  at: EpochMs,
  clientToken: string | undefined,
): object {
  const timestamp = toEpochSeconds(at);
  return { state: patch, metadata: timesOf(patch, timestamp), version, timestamp, clientToken };
}

export function acceptedGet({ document, version }: LiveShadow, at: EpochMs, clientToken: string | undefined): object {
  const delta = deltaOf(document);
  const state = delta === undefined ? document.state : { ...document.state, delta: delta.state };
  return { state, metadata: document.metadata, version, timestamp: toEpochSeconds(at), clientToken };
}

export function acceptedDelete({ version }: LiveShadow, at: EpochMs, clientToken: string | undefined): object {
  return { version, timestamp: toEpochSeconds(at), clientToken };
}

interface Updated {
  readonly thingName: string;
  readonly shadowName?: string;
  readonly previous: LiveShadow | undefined;
  readonly current: LiveShadow;
  readonly accepted: object;
  readonly clientToken: string | undefined;
}

/**
 * Assumed: in this order (S4), and by whichever door the update came: `accepted` and `documents` are documented as what the
 * service says of every change that it accepts.
 */
export function updateMessages(updated: Updated, at: EpochMs): readonly EventEffect[] {
  const { previous, current, accepted, clientToken } = updated;
  const topic = `${shadowSpace(updated)}/update`;
  const timestamp = toEpochSeconds(at);
  const documents = { previous: described(previous), current: described(current), timestamp, clientToken };
  const messages = [message(`${topic}/accepted`, accepted), message(`${topic}/documents`, documents)];
  const delta = deltaOf(current.document);
  if (delta !== undefined) {
    const { state, metadata } = delta;
    const payload = { version: current.version, timestamp, state, metadata, clientToken };
    messages.push(message(`${topic}/delta`, payload));
  }
  return messages;
}

/** Assumed: told by whichever door the delete came, as of an update. */
export function deleteMessage(shadow: LiveShadow, accepted: object): EventEffect {
  return message(`${shadowSpace(shadow)}/delete/accepted`, accepted);
}

function described(shadow: LiveShadow | undefined): (ShadowDocument & { readonly version: number }) | null {
  return shadow === undefined ? null : { ...shadow.document, version: shadow.version };
}

function message(topic: string, payload: object): EventEffect {
  return { kind: 'event', topic, payload };
}

function shadowSpace({ thingName, shadowName }: { readonly thingName: string; readonly shadowName?: string }): string {
  return `$aws/things/${thingName}/shadow${shadowName === undefined ? '' : `/name/${shadowName}`}`;
}
