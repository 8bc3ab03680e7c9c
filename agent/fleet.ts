/**
 * A fleet: N simulated devices, each with its own board and its own connection to one MQTT endpoint, jobrig's or any other.
 * Powers them on at a bounded rate and counts what becomes of their jobs. It creates nothing at the service: that the things
 * exist there is the operator's business.
 */
import { addAbortListener } from 'node:events';
import { seededChance } from '../faults/chance.ts';
import { faultsOf } from '../faults/thing-faults.ts';
import type { FaultPlan } from '../faults/plan.ts';
import { thingNameOf } from './fleet-names.ts';
import { createBoard } from './board/board.ts';
import type { BoardOptions } from './board/board.ts';
import type { Board } from './board/contract.ts';
import { createDeviceClock } from './device-clock.ts';
import type { DeviceClock } from './device-clock.ts';
import type { HardwareProfile } from './device/profile.ts';
import { readHardwareProfiles } from './hardware-profiles.ts';
import { LiveDevice, type LiveDeviceOptions } from './live-device.ts';
import type { Observer } from '../observation/observation.ts';
import { observeAll } from '../observation/observers.ts';
import type { DeviceCredentials } from './mqtt/device-connection.ts';
import { present } from '../protocol/json.ts';
import { attemptsAt, unreachable } from './endpoint.ts';
import { startPaced } from './paced.ts';

export interface FleetOptions extends Omit<LiveDeviceOptions, 'board' | 'clock' | 'credentials'> {
  /** How many devices. */
  readonly things: number;
  /** Number of the first device, where others have the numbers before; default 1. */
  readonly firstNumber?: number;
  /** Thing names are the prefix and 1…N; also the MQTT client ids. Default `thing-`. */
  readonly prefix?: string;
  /** A profile's name, `mix` for all of them in turn, or profiles to take in turn. Default `esp32-s3`. */
  readonly hardware?: string | readonly HardwareProfile[];
  /** Device seconds in a wall second. Default 1. */
  readonly timeScale?: number;
  /** Instead of a clock of its own made from `timeScale`. */
  readonly clock?: DeviceClock;
  /** The same seed gives the same back-off pauses and the same faults. Default 1. */
  readonly seed?: number;
  /**
   * What goes wrong with devices and their links, in device time since the fleet is complete; default: nothing. What goes
   * wrong at the service is the service's matter.
   */
  readonly faults?: FaultPlan;
  /** Devices powered on a second, wall time, however long their boot takes. Default 500. */
  readonly connectRate?: number;
  /** Called with the counters as the fleet is powered on and its devices connect. */
  readonly onProgress?: (counters: FleetCounters) => void;
  /** Job namespaces that every device serves besides the plain one. */
  readonly namespaces?: readonly string[];
  readonly initialVersion?: string;
  readonly credentialsOf?: (thingName: string) => DeviceCredentials | undefined;
  /** Ends the start early: it then rejects with the signal's reason, everything closed. */
  readonly signal?: AbortSignal;
  /** Another board than the reference device, for rigs that test the rig. */
  readonly boardOf?: (options: BoardOptions) => Board;
}

export interface FleetCounters {
  /** Connections up now. */
  readonly connected: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly rejected: number;
  /** Executions that their device found gone. */
  readonly pulled: number;
}

export interface Fleet extends AsyncDisposable {
  readonly devices: ReadonlyMap<string, LiveDevice>;
  hardwareOf(thingName: string): HardwareProfile | undefined;
  counters(): FleetCounters;
  /** Disconnects every device; resolves when the last socket is closed. */
  close(): Promise<void>;
}

/**
 * Starts a fleet and waits until every device has connected, or failed to once: from then on its agent's back-off decides.
 * @throws {OperationalError} `ENDPOINT_UNREACHABLE` when not even the first device gets through
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const fleet = new DevicesOnTheWire(options);
  try {
    await fleet.powerOnAll();
    fleet.injectAll();
    return fleet;
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

class DevicesOnTheWire implements Fleet {
  readonly devices: ReadonlyMap<string, LiveDevice>;
  readonly #options: FleetOptions;
  readonly #firstOutcomes = new Map<string, (failure: string | undefined) => void>();
  readonly #hardware = new Map<string, HardwareProfile>();
  readonly #connected = new Set<string>();
  /** Devices whose CONNECT is under way. */
  readonly #attempts = new Set<string>();
  readonly #finished = new Map<string, number>();
  readonly #observer: Observer;
  #pulled = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#observer = observeAll([this.#counting(), options.observer ?? {}]);
    const clock = options.clock ?? createDeviceClock(options.timeScale);
    const wanted = options.hardware ?? 'esp32-s3';
    const profiles = typeof wanted === 'string' ? readHardwareProfiles(wanted) : wanted;
    const numbers = Array.from({ length: options.things }, (_, index) => index);
    this.devices = new Map(
      numbers.map((index) => {
        const thingName = thingNameOf(options.prefix ?? 'thing-', index + (options.firstNumber ?? 1));
        const hardware = profiles[index % profiles.length]!;
        this.#hardware.set(thingName, hardware);
        const board = (options.boardOf ?? createBoard)({
          thingName,
          seed: (options.seed ?? 1) + index,
          hardware,
          ...present({ namespaces: options.namespaces, initialVersion: options.initialVersion }),
        });
        const credentials = present({ credentials: options.credentialsOf?.(thingName) });
        return [thingName, new LiveDevice({ ...options, board, clock, observer: this.#observer, ...credentials })];
      }),
    );
  }

  /** The first device goes alone: where it cannot connect, a thousand more would only say the same. */
  async powerOnAll(): Promise<void> {
    const { signal, endpoint, connectRate = 500 } = this.#options;
    const settle = () => this.#settleAll();
    const heard = signal && addAbortListener(signal, settle);
    try {
      const [first, ...others] = this.devices.values();
      if (first === undefined) return;
      signal?.throwIfAborted();
      const failure = await this.#powerOn(first);
      signal?.throwIfAborted();
      if (failure !== undefined) throw unreachable(endpoint, failure);
      const outcomes: Promise<string | undefined>[] = [];
      await startPaced({
        count: others.length,
        perSecond: connectRate,
        start: (index) => outcomes.push(this.#powerOn(others[index]!)),
        hasRoom: () => this.#attempts.size < attemptsAt(endpoint),
        signal,
      });
      await Promise.all(outcomes);
      signal?.throwIfAborted();
    } finally {
      heard?.[Symbol.dispose]();
    }
  }

  injectAll(): void {
    const { faults, seed = 1 } = this.#options;
    if (faults === undefined) return;
    const chance = seededChance(seed).fork('faults');
    for (const device of this.devices.values()) device.injectAll(faultsOf(faults, device.thingName, chance));
  }

  hardwareOf(thingName: string): HardwareProfile | undefined {
    return this.#hardware.get(thingName);
  }

  counters(): FleetCounters {
    return {
      connected: this.#connected.size,
      succeeded: this.#finished.get('SUCCEEDED') ?? 0,
      failed: this.#finished.get('FAILED') ?? 0,
      rejected: this.#finished.get('REJECTED') ?? 0,
      pulled: this.#pulled,
    };
  }

  async close(): Promise<void> {
    this.#settleAll();
    await Promise.all([...this.devices.values()].map((device) => device.close()));
    this.#connected.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Nobody waits for a device any more. */
  #settleAll(): void {
    for (const settle of this.#firstOutcomes.values()) settle('the fleet was closed');
  }

  #powerOn(device: LiveDevice): Promise<string | undefined> {
    const outcome = new Promise<string | undefined>((settle) => this.#firstOutcomes.set(device.thingName, settle));
    device.powerOn();
    return outcome;
  }

  /** Counts what becomes of connections and jobs. */
  #counting(): Observer {
    const settle = (thingName: string, failure: string | undefined): void => {
      this.#attempts.delete(thingName);
      const outcome = this.#firstOutcomes.get(thingName);
      if (outcome === undefined) return;
      this.#firstOutcomes.delete(thingName);
      outcome(failure);
      this.#options.onProgress?.(this.counters());
    };
    return {
      connecting: ({ thingName = '' }) => void this.#attempts.add(thingName),
      connected: ({ thingName = '' }) => {
        this.#connected.add(thingName);
        settle(thingName, undefined);
      },
      'connect-failed': ({ thingName = '', reason }) => settle(thingName, reason),
      disconnected: ({ thingName = '', reason }) => {
        this.#connected.delete(thingName);
        settle(thingName, reason ?? 'the connection was closed');
      },
      hung: ({ thingName = '' }) => settle(thingName, undefined),
      traced: ({ trace }) => {
        if (trace.kind === 'finished') this.#finished.set(trace.status, (this.#finished.get(trace.status) ?? 0) + 1);
        else if (trace.kind === 'pulled') this.#pulled += 1;
      },
    };
  }
}
