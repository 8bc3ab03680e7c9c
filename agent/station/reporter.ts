/**
 * Tells the station's observer what the device sees: one method for each kind of observation. Builds one only if somebody looks
 * at its kind, since some come with every message and every segment of an image.
 */
import type { MessageOperation } from '../../faults/plan.ts';
import type { FaultName } from '../../faults/thing-faults.ts';
import type { DeviceTrace, DeviceView } from '../../observation/inside.ts';
import type { ConnectionEnd, GrantedFilter, Observer } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';

type DownloadTrace = Extract<DeviceTrace, { kind: 'download' }>;

const source = 'device';

export class Reporter {
  readonly #thingName: string;
  readonly #observer: Observer;

  constructor(thingName: string, observer: Observer) {
    this.#thingName = thingName;
    this.#observer = observer;
  }

  /** Whether anybody looks at messages before the device has them. */
  get showsReceived(): boolean {
    return this.#observer.received !== undefined;
  }

  power(at: EpochMs, on: boolean): void {
    this.#observer.power?.({ kind: 'power', at, source, thingName: this.#thingName, on });
  }

  /** The inside may have changed; `view` shows it. */
  moved(at: EpochMs, view: () => DeviceView): void {
    this.#observer.moved?.({ kind: 'moved', at, source, thingName: this.#thingName, view });
  }

  traced(at: EpochMs, trace: DeviceTrace): void {
    this.#observer.traced?.({ kind: 'traced', at, source, thingName: this.#thingName, trace });
    if (trace.kind === 'download') this.#download(at, trace);
  }

  #download(at: EpochMs, { execution, fromByte, bytes, totalBytes, blocks }: DownloadTrace): void {
    const { download } = this.#observer;
    if (download === undefined) return;
    const thingName = this.#thingName;
    const { jobId, executionNumber } = execution;
    // In one piece: it comes with every segment, and an object put together of others takes many times as long.
    download({
      kind: 'download',
      at,
      source,
      thingName,
      jobId,
      executionNumber,
      fromByte,
      bytes,
      totalBytes,
      state: 'asked',
      via: blocks === undefined ? 'http' : 'stream',
      blocks,
    });
  }

  fault(at: EpochMs, name: FaultName, operation?: MessageOperation): void {
    this.#observer.fault?.({ kind: 'fault', at, source, thingName: this.#thingName, name, operation });
  }

  connecting(at: EpochMs): void {
    this.#observer.connecting?.({ kind: 'connecting', at, source, thingName: this.#thingName });
  }

  connected(at: EpochMs, sessionPresent: boolean): void {
    this.#observer.connected?.({ kind: 'connected', at, source, thingName: this.#thingName, sessionPresent });
  }

  connectFailed(at: EpochMs, reason: string): void {
    const thingName = this.#thingName;
    this.#observer['connect-failed']?.({ kind: 'connect-failed', at, source, thingName, reason });
  }

  disconnected(at: EpochMs, end: ConnectionEnd, reason?: string): void {
    this.#observer.disconnected?.({ kind: 'disconnected', at, source, thingName: this.#thingName, end, reason });
  }

  subscribed(at: EpochMs, filters: readonly GrantedFilter[]): void {
    this.#observer.subscribed?.({ kind: 'subscribed', at, source, thingName: this.#thingName, filters });
  }

  sent(at: EpochMs, request: DeviceRequest): void {
    this.#observer.sent?.({ kind: 'sent', at, source, thingName: this.#thingName, request, via: 'mqtt', qos: 1 });
  }

  received(at: EpochMs, message: DeviceMessage): void {
    this.#observer.received?.({ kind: 'received', at, source, thingName: this.#thingName, message });
  }

  delivered(at: EpochMs, message: DeviceMessage): void {
    this.#observer.delivered?.({ kind: 'delivered', at, source, thingName: this.#thingName, message });
  }
}
