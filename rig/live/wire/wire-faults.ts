/**
 * Faults of one device's wire that a scenario has asked for and that are still to be injected: of single messages, of handshakes, of
 * what the service answers. They are those of virtual time, armed and taken in the same way. Whoever watches the wire asks before it
 * lets a packet pass; asking counts.
 */
import type { ArmedFault } from '../../../agent/station/contract.ts';
import { StationFaults } from '../../../agent/station/station-faults.ts';
import { ArmedFaults, type Extent } from '../../../faults/armed-faults.ts';
import type { Direction, HandshakeAnswer, MessageOperation, Operation } from '../../../faults/plan.ts';
import type { MessageFault, ServiceFault } from '../../../faults/thing-faults.ts';
import type { DeviceRequest } from '../../../protocol/device-messages.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import { asksNext } from '../../../protocol/topics.ts';

interface ArmedAnswer {
  readonly fault: ServiceFault;
  /** Absent: all. */
  readonly operations: readonly Operation[] | undefined;
}

export class WireFaults {
  readonly #now: () => EpochMs;
  readonly #packets = new StationFaults();
  readonly #answers = new ArmedFaults<ArmedAnswer>();

  constructor(now: () => EpochMs) {
    this.#now = now;
  }

  armPacket(fault: ArmedFault): void {
    this.#packets.arm(fault, this.#now());
  }

  armAnswer(fault: ServiceFault, operations: readonly Operation[] | undefined, extent: Extent): void {
    this.#answers.arm({ fault, operations }, extent, this.#now());
  }

  ofMessage(direction: Direction, operation?: MessageOperation): MessageFault | undefined {
    return this.#packets.ofMessage(direction, this.#now(), operation);
  }

  ofHandshake(packet: 'connect' | 'subscribe'): HandshakeAnswer | undefined {
    return this.#packets.ofHandshake(packet, this.#now());
  }

  ofAnswer(request: Pick<DeviceRequest, 'operation' | 'jobId'>): ServiceFault | undefined {
    const applies = ({ fault, operations }: ArmedAnswer): boolean =>
      (operations?.includes(request.operation) ?? true) && (fault.answer !== 'empty-next' || asksNext(request));
    return this.#answers.take(this.#now(), applies)?.fault;
  }

  clear(): void {
    this.#packets.end();
    this.#answers.clear();
  }
}
