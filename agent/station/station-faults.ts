/**
 * The faults of one station: what its plan says, what was armed on purpose, and whether faults have ended. Decides for each
 * message and handshake; the station carries it out.
 */
import { ArmedFaults } from '../../faults/armed-faults.ts';
import type { Direction, HandshakeAnswer, MessageOperation } from '../../faults/plan.ts';
import type { MessageFault, ThingFaults } from '../../faults/thing-faults.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { ArmedFault } from './contract.ts';

export class StationFaults {
  #plan: ThingFaults | undefined;
  #since: EpochMs = 0;
  readonly #armed = new ArmedFaults<ArmedFault>();
  #ends = 0;

  /** How often all faults have ended; more may be injected after that. */
  get ends(): number {
    return this.#ends;
  }

  plan(faults: ThingFaults, now: EpochMs): void {
    this.#plan = faults;
    this.#since = now;
  }

  arm(fault: ArmedFault, now: EpochMs): void {
    this.#armed.arm(fault, fault, now);
  }

  end(): void {
    this.#ends += 1;
    this.#plan = undefined;
    this.#armed.clear();
  }

  ofMessage(direction: Direction, now: EpochMs, operation?: MessageOperation): MessageFault | undefined {
    if (!this.#armed.isEmpty) {
      const armed = this.#armed.take(now, (fault) => concerns(fault, direction, operation));
      if (armed?.kind === 'message') return armed;
    }
    return this.#plan?.ofMessage(direction, now - this.#since, operation);
  }

  ofHandshake(packet: 'connect' | 'subscribe', now: EpochMs): HandshakeAnswer | undefined {
    const armed = this.#armed.take(now, ({ kind }) => kind === packet);
    return armed?.kind === packet ? armed.answer : undefined;
  }
}

function concerns(fault: ArmedFault, direction: Direction, operation: MessageOperation | undefined): boolean {
  if (fault.kind !== 'message' || fault.direction !== direction) return false;
  return fault.operations === undefined || (operation !== undefined && fault.operations.includes(operation));
}
