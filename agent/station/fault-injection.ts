/**
 * What a fault that begins at one instant does to the device and its link, and when it is over: no network, weak supply, lost
 * memory. Power and clock are the station's own. Faults of single packets are armed here and injected where these travel
 * (connection.ts).
 */
import type { InstantFault } from '../../faults/thing-faults.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import type { Connection } from './connection.ts';
import type { ArmedFault, StationMemoryFault } from './contract.ts';
import type { Ground } from './ground.ts';
import type { StationFaults } from './station-faults.ts';

/** Keep-alive periods of silence after which either side gives a connection up. Source: MQTT 3.1.1 section 3.1.2.10. */
const patience = 1.5;

/** What is about neither power nor clock. */
export type InjectedFault =
  Exclude<InstantFault, { readonly kind: 'power-cut' | 'clock-jump' }> | StationMemoryFault | ArmedFault;

export class FaultInjection {
  readonly #ground: Ground;
  readonly #faults: StationFaults;
  readonly #connection: Connection;
  readonly #silenceMs: DurationMs;
  #hasNetwork = true;
  /** Until then the supply gives less than it should. */
  #weakUntil: EpochMs = 0;

  constructor(ground: Ground, faults: StationFaults, connection: Connection, keepAliveMs: DurationMs) {
    this.#ground = ground;
    this.#faults = faults;
    this.#connection = connection;
    this.#silenceMs = patience * keepAliveMs;
  }

  inject(fault: InjectedFault): void {
    const { now, reporter } = this.#ground;
    switch (fault.kind) {
      case 'message':
      case 'connect':
      case 'subscribe':
        return this.#faults.arm(fault, now);
      case 'memory':
        reporter.fault(now, `memory ${fault.how} ${fault.what}`);
        return this.#ground.feed({ kind: 'memory-fault', what: fault.what, how: fault.how });
      case 'link-lost':
        reporter.fault(now, fault.kind);
        this.#connection.unplug(now + fault.forMs);
        this.#losesNetwork(fault.forMs);
        return this.#connection.breakOff();
      case 'partition':
        reporter.fault(now, fault.kind);
        this.#losesNetwork(fault.forMs);
        return this.#connection.partition(now + fault.forMs, this.#silenceMs);
      case 'weak-battery':
        reporter.fault(now, fault.kind);
        return this.#weaken(fault.byMv, fault.forMs);
    }
  }

  /** What went wrong is mended: there is network and a full battery. */
  mend(): void {
    this.#connection.mend();
    if (this.#weakUntil > this.#ground.now) this.#strengthen();
    this.#findsNetwork();
  }

  /** Nothing gets through for so long, image servers included. */
  #losesNetwork(forMs: DurationMs): void {
    if (forMs === 0) return;
    this.#hasNetwork = false;
    this.#ground.feed({ kind: 'network', isThere: false });
    this.#ground.later(forMs, () => this.#findsNetwork());
  }

  #findsNetwork(): void {
    if (this.#hasNetwork || !this.#connection.hasNetwork) return;
    this.#hasNetwork = true;
    this.#ground.feed({ kind: 'network', isThere: true });
  }

  #weaken(byMv: number, forMs: DurationMs): void {
    const { now } = this.#ground;
    this.#weakUntil = Math.max(this.#weakUntil, now + forMs);
    this.#ground.feed({ kind: 'supply-drop', byMv });
    this.#ground.later(forMs, () => {
      if (this.#weakUntil > 0 && this.#ground.now >= this.#weakUntil) this.#strengthen();
    });
  }

  #strengthen(): void {
    this.#weakUntil = 0;
    this.#ground.feed({ kind: 'supply-drop', byMv: 0 });
  }
}
