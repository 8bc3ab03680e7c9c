/**
 * A place on a lane for one device and one scenario: registers the thing, equips it, brings it up, plays, and takes everything
 * away again, whatever happened meanwhile.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { DurationMs } from '../../../protocol/time.ts';
import type { Need, Offer, Scenario } from '../../scenario/contract.ts';
import type { Sight } from '../../verdict/contract.ts';
import type { Limits } from '../../verdict/limits.ts';
import { type PlayOptions, type Played, playLive } from '../play.ts';
import { type Equipment, equip } from './equipment.ts';
import { ExternalWorld, type ExternalWorldOptions, externalOffer } from './external-world.ts';
import { openJobDocuments } from './job-documents.ts';
import type { Lane } from './lane.ts';
import type { Program, RestartRule } from './program.ts';
import { thatHold } from '../../../protocol/json.ts';
import {
  type PowerCommands,
  type SubjectDevice,
  attachedDevice,
  inShell,
  programDevice,
  runCommand,
} from './subject-device.ts';

/** A program, started again when it ends by itself unless that is not wanted, or a device that connects by itself. */
export type Subject =
  | { readonly kind: 'program'; readonly command: readonly string[]; readonly restart?: RestartRule }
  | { readonly kind: 'attached'; readonly thingName: string };

export interface PlaceOptions {
  readonly subject: Subject;
  readonly commands?: PowerCommands;
  /** A shell command between two scenarios. */
  readonly reset?: string | undefined;
  /** `--thing`: the same name for every scenario; absent: that of an attached device, or one for each, told from its id. */
  readonly thingName?: string | undefined;
  readonly clientId?: string | undefined;
  readonly namespace?: string | undefined;
  /** Names of files, as the flags have them. */
  readonly document?: string | undefined;
  readonly canary?: string | undefined;
  readonly image?: string | undefined;
  readonly templates?: readonly string[];
}

/** How one scenario is played. */
export interface PlayAt extends Pick<PlayOptions, 'giveUp' | 'endsWith'> {
  readonly settleMs: DurationMs;
  readonly timeoutMs: DurationMs;
  readonly limits?: Partial<Limits>;
  /** What this device was seen to show beside. */
  readonly sights?: readonly Sight[];
  readonly signal?: AbortSignal | undefined;
  /** Told as soon as it is known under which name the device is to come, e.g. to say what to connect to. */
  readonly onReady?: (about: { readonly thingName: string; readonly equipment: Equipment }) => void;
  /** Called when a program has ended by itself, so that a handshake need not wait for one that cannot live. */
  readonly onProgram?: (program: Program) => void;
}

/** One device on a place, until it leaves. */
export interface Stay {
  readonly thingName: string;
  readonly equipment: Equipment;
  readonly device: SubjectDevice;
  readonly world: ExternalWorld;
  /** Takes everything away again. */
  leave(): Promise<void>;
}

const maxThingName = 128;

export class BenchPlace {
  readonly #lane: Lane;
  readonly #directory: string;
  readonly #options: PlaceOptions;
  #count = 0;
  #ordinal = 0;
  readonly #registered = new Set<string>();
  readonly #power = { isOn: false };

  constructor(lane: Lane, directory: string, options: PlaceOptions) {
    this.#lane = lane;
    this.#directory = directory;
    this.#options = options;
  }

  get lane(): Lane {
    return this.#lane;
  }

  /** @param extra what the device's portrait showed that it can do */
  offer(extra: readonly Need[]): Offer {
    const { subject, commands = {}, namespace, document } = this.#options;
    const isCut = commands.none !== true;
    const hasPower = isCut && (subject.kind === 'program' || (commands.off !== undefined && commands.on !== undefined));
    const prints = subject.kind === 'program' || commands.console !== undefined;
    const { has, whyNot } = externalOffer([
      ...extra,
      ...thatHold({
        power: hasPower,
        console: prints,
        namespace: namespace !== undefined,
        document: document === undefined || subject.kind === 'program',
      }),
    ]);
    return { has, whyNot: { ...whyNot, ...(!isCut && { power: 'its power is not to be cut (--power none)' }) } };
  }

  async play(scenario: Scenario, at: PlayAt): Promise<Played> {
    const stay = await this.enter(scenario, at);
    const broken = new AbortController();
    try {
      const signal = AbortSignal.any([broken.signal, ...(at.signal === undefined ? [] : [at.signal])]);
      // Played from before the device is on, so that its first word is heard.
      const played = playLive(scenario, stay.world, { ...at, signal });
      played.catch(() => {});
      try {
        await stay.device.powerOn();
      } catch (error) {
        broken.abort(error);
        throw error;
      }
      return await played;
    } finally {
      await stay.leave();
    }
  }

  /** Makes ready for a device that is still off. */
  async enter(scenario: Scenario, at: PlayAt): Promise<Stay> {
    this.#count += 1;
    const suffix = String(this.#count);
    const thingName = this.#nameFor(scenario);
    const directory = join(this.#directory, `device-${suffix}`);
    await mkdir(directory, { recursive: true });
    const groupName = `group-${suffix}`;
    await this.#register(thingName, groupName);
    const equipment = await this.#equip(directory, thingName);
    at.onReady?.({ thingName, equipment });
    const device = this.#deviceFor(thingName, equipment, at);
    const names = { thingName, groupName, suffix };
    const world = await this.#worldFor(scenario, names, { device, equipment }, at.sights);
    const leave = async (): Promise<void> => {
      this.#ordinal = world.lastOrdinal;
      await device.leave();
      await world.leave();
      await rm(directory, { recursive: true, force: true });
    };
    try {
      if (this.#options.reset !== undefined) {
        const { environment, placeholders } = equipment;
        await runCommand('--reset', inShell(this.#options.reset, placeholders), { environment, signal: at.signal });
      }
    } catch (error) {
      await leave();
      throw error;
    }
    return { thingName, equipment, device, world, leave };
  }

  #nameFor({ id, given }: Scenario): string {
    const { subject, thingName = subject.kind === 'attached' ? subject.thingName : undefined } = this.#options;
    if (thingName !== undefined) return thingName;
    const name = `jobrig-${id}`.slice(0, 60);
    return name.padEnd(Math.min(maxThingName, given.things[0]?.nameLength ?? 0), 'x');
  }

  async #register(thingName: string, groupName: string): Promise<void> {
    await this.#lane.operator.createThings([thingName], groupName);
    this.#registered.add(thingName);
  }

  async #equip(directory: string, thingName: string): Promise<Equipment> {
    const { lane } = this;
    const { cert, key } = await lane.authority.issueThingCertificate(thingName);
    return equip({
      ...this.#options,
      directory,
      thingName,
      endpoints: { ...lane.endpoints, witnessUrl: lane.witness.urlFor(thingName) },
      ca: lane.authority.ca,
      cert,
      key,
      signerCert: lane.signer.cert,
    });
  }

  #deviceFor(thingName: string, equipment: Equipment, { signal, onProgram }: PlayAt): SubjectDevice {
    const { subject, commands } = this.#options;
    const { observer, now } = this.#lane;
    const options = { ...equipment, thingName, observer, now, commands, power: this.#power, signal };
    if (subject.kind === 'attached') return attachedDevice(options);
    const device = programDevice(options, subject.command, subject.restart);
    onProgram?.(device.program);
    return device;
  }

  async #worldFor(
    scenario: Scenario,
    names: Pick<ExternalWorldOptions, 'thingName' | 'groupName' | 'suffix'>,
    { device, equipment }: Pick<Stay, 'device' | 'equipment'>,
    shown: readonly Sight[] = [],
  ): Promise<ExternalWorld> {
    const lane = this.#lane;
    const fillDocument = await openJobDocuments({
      ...this.#options,
      filesDirectory: lane.filesDirectory,
      witnessUrlOf: (jobId) => lane.witness.urlFor(names.thingName, jobId),
      sign: (bytes) => lane.signer.sign(Readable.from([bytes])),
      signerCertFile: equipment.placeholders['signer-cert'] ?? '',
    });
    const sights = new Set<Sight>(['downloads', ...shown, ...thatHold({ power: device.hasPower })]);
    const { namespace } = this.#options;
    const tellsNamespaces = isNamespaced(scenario);
    return new ExternalWorld(
      { ...names, lane, device, fillDocument, sights, namespace, tellsNamespaces },
      this.#ordinal,
    );
  }
}

function isNamespaced({ script, meanwhile }: Scenario): boolean {
  return [...script, ...meanwhile].some(({ deeds }) =>
    deeds.some((deed) => 'namespace' in deed && deed.namespace !== undefined),
  );
}
