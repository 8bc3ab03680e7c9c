/**
 * What a test of one's own can wait for, in the words of scenario files, each with what is seen when it happens. Waiting looks at what
 * has been seen since the last thing that was waited for or done, so that nothing is missed that happens while a test goes on.
 */
import type { ObservationOf } from '../../../observation/observation.ts';
import type { Operation } from '../../../faults/plan.ts';
import type { DeviceStatus } from '../../../protocol/status.ts';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Arrival, Trigger, TriggerKind } from '../../scenario/contract.ts';
import { present } from '../../../protocol/json.ts';
import type { EndStatus } from '../../verdict/contract.ts';

interface Beside {
  /** For the nth time; default the first. */
  readonly nth?: number;
  /** And then so much later. */
  readonly afterMs?: DurationMs;
}

/** By word: what may be waited for. `job` is the label that {@link DeviceUnderTest.createJob} returned. */
export interface AwaitedForms {
  connected: Beside & { readonly connected: true };
  disconnected: Beside & { readonly disconnected: true };
  /** The device asks for something. */
  sent: Beside & { readonly sent: Operation; readonly status?: DeviceStatus; readonly job?: string };
  /** The device is told something. */
  received: Beside & { readonly received: Arrival; readonly operation?: Operation; readonly job?: string };
  /** An execution comes to be in a status. */
  execution: Beside & { readonly execution: EndStatus; readonly job?: string };
  /** So many per cent of an image have been asked for. */
  downloaded: Beside & { readonly downloaded: number; readonly job?: string };
  /** The device prints a line. */
  printed: Beside & { readonly printed: RegExp };
  /** The device has nothing left to do. */
  settled: Beside & { readonly settled: true };
  /** The device has asked for nothing for so long. */
  idle: Beside & { readonly idle: DurationMs };
}
export type AwaitedWord = keyof AwaitedForms;

/** What is seen when it happens; of `settled` and `idle`, nothing. */
export interface AwaitedSights {
  connected: ObservationOf<'connected'>;
  disconnected: ObservationOf<'disconnected'>;
  sent: ObservationOf<'sent'>;
  received: ObservationOf<'received'>;
  execution: ObservationOf<'execution'>;
  downloaded: ObservationOf<'download'>;
  printed: ObservationOf<'printed'>;
  settled: undefined;
  idle: undefined;
}

/** Words that need nothing beside may stand alone. */
export type Awaited = AwaitedForms[AwaitedWord] | 'connected' | 'disconnected' | 'settled';

/** What is seen when a thing happens that is waited for. */
export type SeenOf<When extends Awaited> = AwaitedSights[AwaitedWord & (When extends string ? When : keyof When)];

const kinds: { readonly [Word in AwaitedWord]: (form: AwaitedForms[Word]) => TriggerKind } = {
  connected: () => ({ on: 'connected' }),
  disconnected: () => ({ on: 'disconnected' }),
  sent: ({ sent, status, job }) => present({ on: 'sent', operation: sent, status, job }),
  received: ({ received, operation, job }) => present({ on: 'received', what: received, operation, job }),
  execution: ({ execution, job }) => present({ on: 'execution', status: execution, job }),
  downloaded: ({ downloaded, job }) => present({ on: 'downloaded', percent: downloaded, job }),
  printed: ({ printed }) => ({ on: 'printed', pattern: printed.source }),
  settled: () => ({ on: 'settled' }),
  idle: ({ idle }) => ({ on: 'idle', forMs: idle }),
};

export function triggerOf(awaited: Awaited): Trigger {
  const form = (typeof awaited === 'string' ? { [awaited]: true } : awaited) as AwaitedForms[AwaitedWord];
  const word = (Object.keys(kinds) as AwaitedWord[]).find((name) => name in form);
  if (word === undefined) throw new TypeError(`cannot wait for ${JSON.stringify(awaited)}`);
  const { nth, afterMs }: Beside = form;
  const kindOf = kinds[word] as (form: AwaitedForms[AwaitedWord]) => TriggerKind;
  return { ...kindOf(form), ...present({ nth, afterMs }) };
}
