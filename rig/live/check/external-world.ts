/**
 * The world of a device that is not ours: what the operator does goes through the unmodified AWS SDK, what goes wrong is done to
 * its wire at the door, to its power by signals or the user's commands, to its images on the file server. One scenario long.
 */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type {
  CreateJobDeed,
  Deed,
  DeedOf,
  JobDocument,
  Names,
  Need,
  Offer,
  WorldDeed,
} from '../../scenario/contract.ts';
import { documentText } from '../../scenario/documents.ts';
import type { Sight } from '../../verdict/contract.ts';
import { armedFaultOf, isOperators, serviceFaultOf } from '../../virtual/deeds.ts';
import { type MadeDocument, OperatorDeeds } from '../operator-deeds.ts';
import type { LiveWorld } from '../play.ts';
import type { Lane } from './lane.ts';
import type { FillDocument } from './job-documents.ts';
import type { SubjectDevice } from './subject-device.ts';

export interface ExternalWorldOptions {
  readonly lane: Lane;
  readonly device: SubjectDevice;
  readonly fillDocument: FillDocument;
  readonly thingName: string;
  /** Of this scenario alone. */
  readonly groupName: string;
  /** Makes job ids differ from those of every other scenario on the lane. */
  readonly suffix: string;
  /** `--namespace`: every job is in it, but where a scenario itself tells namespaced from plain jobs. */
  readonly namespace: string | undefined;
  /** The scenario does so. */
  readonly tellsNamespaces: boolean;
  readonly sights: ReadonlySet<Sight>;
}

/** What can be done to any device on a lane, whatever it is. */
const always: readonly Need[] = [
  'link',
  'message-faults',
  'service-faults',
  'session-faults',
  'group',
  'second-client',
  'service-restart',
  'service-clock',
];

const insideOnly = 'only a simulated device shows that, or can have it done to it';
const whyNot: Readonly<Partial<Record<Need, string>>> = {
  power: 'no power control (--power-off CMD and --power-on CMD, or a command behind --)',
  'persistent-session': 'the device asks for clean sessions',
  download: 'the device was not seen to download from the rig (use {url} in --document)',
  image: 'the device was not seen to download by a URL of the rig’s (use {url} in --document)',
  stream: 'the device was not seen to use a stream (use {stream} in --document, or --document afr-ota)',
  document: 'no document of the device’s own (--document FILE)',
  namespace: 'no namespace that the device listens to (--namespace NS)',
  'device-clock': insideOnly,
  battery: insideOnly,
  memory: insideOnly,
  console: 'nothing that the device prints is seen (--console CMD)',
  reboots: 'the device does not restart in an update',
  steps: insideOnly,
  view: insideOnly,
  'virtual-time': 'it needs virtual time',
};

/** What this device and its lane offer to scenarios. */
export function externalOffer(extra: readonly Need[]): Offer {
  return { has: new Set([...always, ...extra]), whyNot };
}

export class ExternalWorld implements LiveWorld {
  readonly names: Names;
  readonly thingNames: readonly string[];
  readonly sights: ReadonlySet<Sight>;
  readonly versions = new Map<string, string>();
  readonly #options: ExternalWorldOptions;
  readonly #operator: OperatorDeeds;
  /** What went wrong where nobody waited for it. */
  #failure: unknown;
  readonly #timers = new Set<NodeJS.Timeout>();
  #ordinal: number;
  /** The same label and edition has the same document, however often the job is made. */
  readonly #ordinals = new Map<string, number>();

  /** @param firstOrdinal so that no two scenarios of a device install the same version */
  constructor(options: ExternalWorldOptions, firstOrdinal: number) {
    const { thingName, groupName, suffix, namespace: own, tellsNamespaces } = options;
    this.#options = options;
    this.#ordinal = firstOrdinal;
    this.sights = options.sights;
    this.thingNames = [thingName];
    this.names = {
      thingName: () => thingName,
      jobId: (label) => `${label}-${suffix}`,
    };
    this.#operator = new OperatorDeeds({
      operator: options.lane.operator,
      names: this.names,
      thingNames: this.thingNames,
      groupName,
      documentOf: (deed, jobId) => this.#documentOf(deed, jobId),
      // A scenario only says that there is one; which, the user says.
      namespaceOf: (namespace) => (tellsNamespaces && namespace === undefined ? undefined : own),
    });
  }

  get lastOrdinal(): number {
    return this.#ordinal;
  }

  attend(look: (seen: Observation) => void): void {
    this.#options.lane.attend(this.#options.thingName, look);
  }

  now(): EpochMs {
    return this.#options.lane.now();
  }

  setTimer(at: EpochMs, ring: () => void): () => void {
    const timer = setTimeout(ring, Math.max(0, at - this.now()));
    return () => clearTimeout(timer);
  }

  /** Takes back what is still wrong, and what the operator made. */
  async leave(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#endFaults();
    this.#options.lane.attend(this.#options.thingName, () => {});
    await this.#operator.undo();
  }

  async perform(deed: Deed): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    return isOperators(deed) ? this.#operator.perform(deed) : this.#toWorld(deed);
  }

  async #toWorld(deed: WorldDeed): Promise<void> {
    const { lane, device } = this.#options;
    switch (deed.do) {
      case 'power':
        await device.powerCut();
        this.#later(deed.offForMs, () =>
          device.powerOn().catch((error: unknown) => {
            this.#failure = error;
          }),
        );
        return;
      case 'link':
        return this.#breakLink(deed);
      case 'message':
      case 'connect':
      case 'subscribe':
        return lane.faults.armPacket(armedFaultOf(deed));
      case 'service':
        return lane.faults.armAnswer(serviceFaultOf(deed), deed.operations, deed);
      case 'restart-service':
        lane.cutNetwork(true);
        await lane.restartService();
        this.#later(deed.forMs, () => lane.cutNetwork(false));
        return;
      case 'session':
        return lane.secondClient.discardSession();
      case 'image':
        return lane.images.set(this.names.jobId(deed.job), deed.condition);
      case 'second-client':
        return this.#secondClientDoes(deed);
      case 'end-faults':
        return this.#endFaults();
      case 'clock':
        if (deed.of === 'service') return lane.jumpClock(deed.jumpMs);
        throw new Error('the clock of a device from outside cannot be moved');
      case 'battery':
      case 'memory':
        throw new Error(`a device from outside cannot be put through ${deed.do}`);
    }
  }

  #endFaults(): void {
    const { lane } = this.#options;
    lane.faults.clear();
    lane.images.clear();
    lane.cutNetwork(false);
    for (const connection of lane.connections()) connection.thaw();
  }

  async #documentOf(deed: CreateJobDeed, jobId: string): Promise<MadeDocument> {
    const { fillDocument, lane } = this.#options;
    const ordinal = this.#ordinalOf(deed);
    if (deed.image !== undefined && deed.image !== 'good') lane.images.set(jobId, deed.image);
    const document: JobDocument = deed.document ?? 'yours';
    if (!isOwn(document)) {
      return {
        text: typeof document === 'object' ? JSON.stringify(document) : documentText(document, { edition: ordinal }),
      };
    }
    const filled = await fillDocument(jobId, deed.job.startsWith('canary') ? 'canary' : 'document', ordinal);
    this.versions.set(jobId, filled.version);
    lane.shadow.installs(filled.version);
    return filled;
  }

  #ordinalOf({ job, edition = 0 }: CreateJobDeed): number {
    const key = `${job} ${edition}`;
    const known = this.#ordinals.get(key);
    if (known !== undefined) return known;
    this.#ordinal += 1;
    this.#ordinals.set(key, this.#ordinal);
    return this.#ordinal;
  }

  #breakLink({ how, forMs }: DeedOf<'link'>): void {
    const { lane } = this.#options;
    if (how === 'drop') {
      lane.cutNetwork(true);
      this.#later(forMs, () => lane.cutNetwork(false));
      return;
    }
    const frozen = lane.connections();
    for (const connection of frozen) connection.freeze();
    this.#later(forMs, () => {
      for (const connection of frozen) connection.thaw();
    });
  }

  async #secondClientDoes({ act }: DeedOf<'second-client'>): Promise<void> {
    const { thingName, lane } = this.#options;
    switch (act.act) {
      case 'take-over':
        return lane.secondClient.takeOver(act.forMs);
      case 'start-next':
        return lane.secondClient.startNext(thingName);
      case 'update': {
        const jobId = this.names.jobId(act.job);
        const execution = await lane.operator.execution({ jobId, thingName });
        if (execution !== undefined) lane.secondClient.update(thingName, jobId, act.status);
      }
    }
  }

  #later(afterMs: DurationMs, happen: () => unknown): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      happen();
    }, afterMs);
    this.#timers.add(timer);
  }
}

/** Documents that stand for an update as this device understands it. */
function isOwn(document: JobDocument): document is 'yours' {
  return (
    typeof document === 'string' && (document === 'yours' || document.endsWith('firmware') || document === 'handlers')
  );
}
