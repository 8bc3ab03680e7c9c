/**
 * A device's way to the service on which things go wrong as a fault plan says: messages are lost, late or come twice, the
 * link breaks, or is so blocked that neither side notices. The link of the simulation (faults/link.ts) in front of a real
 * socket: what it lets through goes to MQTT.js at once, everything else waits here for its instant. As in the simulation a
 * connection that ends takes what is under way with it. Decides nothing: what goes wrong comes from faults/thing-faults.ts.
 */
import { createLink } from '../../faults/link.ts';
import { seededChance } from '../../faults/chance.ts';
import type { MessageFault } from '../../faults/thing-faults.ts';
import type { Direction, Operation } from '../../faults/plan.ts';
import type { DurationMs, EpochMs } from '../../protocol/time.ts';
import { type DeviceConnection, type DeviceConnectionOptions, openDeviceConnection } from './device-connection.ts';

export interface UnluckyLinkOptions {
  readonly clock: {
    now(): EpochMs;
    setTimer(at: EpochMs, ring: () => void): () => void;
  };
  /** The fault of one message that does not simply arrive; asked once a message. */
  readonly messageFault: (direction: Direction, operation?: Operation) => MessageFault | undefined;
  /** How a connection is opened where nothing is wrong; default: on a real socket. */
  readonly connect?: (options: DeviceConnectionOptions) => DeviceConnection;
}

export interface UnluckyLink {
  open(options: DeviceConnectionOptions): DeviceConnection;
  /** The connection is gone and cannot be made again for a while. */
  lose(forMs: DurationMs): void;
  /** Nothing gets through for a while, and what was sent waits. */
  block(forMs: DurationMs): void;
}

/** As in the simulation: who hears nothing gives up after so long, and attempts fail after so long without an answer … */
const silenceMs: DurationMs = 45_000;
const connectTimeoutMs: DurationMs = 10_000;
/** … or at once where there is no network at all. */
const noNetworkMs: DurationMs = 100;

/** One connection with what is under way on it. */
interface Passage {
  readonly block: (until: EpochMs) => void;
  /** As a break of the network looks to the device. */
  readonly lose: () => void;
}

export function createUnluckyLink({
  clock,
  messageFault,
  connect = openDeviceConnection,
}: UnluckyLinkOptions): UnluckyLink {
  let passage: Passage | undefined;
  let unreachableUntil: EpochMs = 0;
  let unpluggedUntil: EpochMs = 0;
  let cancelSilence: (() => void) | undefined;

  /** An attempt that nobody answers. */
  function attemptInVain({ listener }: DeviceConnectionOptions): DeviceConnection {
    const failsMs = unpluggedUntil > clock.now() ? noNetworkMs : connectTimeoutMs;
    const cancel = clock.setTimer(clock.now() + failsMs, () => listener.closed(new Error('the network is gone')));
    return {
      subscribe() {},
      publish() {},
      disconnect(gone) {
        cancel();
        gone?.();
      },
      drop: cancel,
    };
  }

  function open(options: DeviceConnectionOptions): DeviceConnection {
    if (unreachableUntil > clock.now()) return attemptInVain(options);
    const { listener } = options;
    const up = createLane(clock);
    const down = createLane(clock);
    const end = (): void => {
      if (passage === own) {
        passage = undefined;
        cancelSilence?.();
      }
      up.clear();
      down.clear();
    };
    const connection = connect({
      ...options,
      listener: {
        connected: (sessionPresent) => down.carry(undefined, () => listener.connected(sessionPresent)),
        subscribed: () => down.carry(undefined, () => listener.subscribed()),
        message(message) {
          const fault =
            message.kind === 'reply' ? messageFault('reply', message.operation) : messageFault('notification');
          down.carry(fault, () => listener.message(message));
        },
        closed(reason) {
          end();
          listener.closed(reason);
        },
      },
    });
    const own: Passage = {
      block(until) {
        up.block(until);
        down.block(until);
      },
      lose() {
        end();
        connection.drop();
        listener.closed(new Error('the link was lost'));
      },
    };
    passage = own;
    return {
      subscribe: (filters) => up.carry(undefined, () => connection.subscribe(filters)),
      publish: (request) => up.carry(messageFault('request', request.operation), () => connection.publish(request)),
      disconnect(gone) {
        end();
        connection.disconnect(gone);
      },
      drop() {
        end();
        connection.drop();
      },
    };
  }

  return {
    open,
    lose(forMs) {
      unreachableUntil = Math.max(unreachableUntil, clock.now() + forMs);
      unpluggedUntil = unreachableUntil;
      passage?.lose();
    },
    block(forMs) {
      const until = clock.now() + forMs;
      unreachableUntil = Math.max(unreachableUntil, until);
      const blocked = passage;
      blocked?.block(until);
      if (blocked === undefined || forMs <= silenceMs) return;
      cancelSilence?.();
      cancelSilence = clock.setTimer(clock.now() + silenceMs, blocked.lose);
    },
  };
}

interface Lane {
  carry(fault: MessageFault | undefined, arrive: () => void): void;
  block(until: EpochMs): void;
  /** What is under way is lost. */
  clear(): void;
}

/** One direction. The network itself has its own latency: none is added. */
function createLane(clock: UnluckyLinkOptions['clock']): Lane {
  const link = createLink({ latencyMs: 0, jitterMs: 0 }, seededChance(0));
  let waiting: { readonly at: EpochMs; readonly arrive: () => void }[] = [];
  let cancelTimer: (() => void) | undefined;
  let arriving = false;

  function deliverDue(): void {
    if (arriving) return;
    arriving = true;
    for (let first = waiting[0]; first !== undefined && first.at <= clock.now(); first = waiting[0]) {
      waiting.shift();
      first.arrive();
    }
    arriving = false;
    cancelTimer?.();
    const [next] = waiting;
    cancelTimer = next && clock.setTimer(next.at, deliverDue);
  }

  return {
    carry(fault, arrive) {
      for (const at of link.arrivals(clock.now(), fault)) {
        const after = waiting.findIndex((other) => other.at > at);
        waiting.splice(after === -1 ? waiting.length : after, 0, { at, arrive });
      }
      deliverDue();
    },
    block: (until) => link.block(until),
    clear() {
      waiting = [];
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}
