/**
 * The world of a device that is not ours: what the operator does goes through the unmodified AWS SDK, what goes wrong is done to
 * its wire at the door, to its power by signals or the user's commands, to its images on the file server. One scenario long.
 */
import type { Observation } from '../../../observation/observation.ts';
import type { DurationMs, EpochMs } from '../../../protocol/time.ts';
import type { Operation } from '../../../faults/plan.ts';
import type { Deed, DeedOf, JobDocument, Names, Need, Offer, WorldDeed } from '../../scenario/contract.ts';
import { documentText } from '../../scenario/documents.ts';
import type { Sight } from '../../verdict/contract.ts';
import type { LiveWorld } from '../play.ts';
import type { Extent } from '../wire/wire-faults.ts';
import type { Lane } from './lane.ts';
import { type FilledDocument, type JobDocuments, bucket } from './job-documents.ts';
import type { SubjectDevice } from './subject-device.ts';

export interface ExternalWorldOptions {
  readonly lane: Lane;
  readonly device: SubjectDevice;
  readonly documents: JobDocuments;
  readonly thingName: string;
  /** Of this scenario alone. */
  readonly groupName: string;
  /** Makes job ids differ from those of every other scenario on the lane. */
  readonly suffix: string;
  /** `--namespace`: every job is in it, but where a scenario itself tells namespaced from plain jobs. */
  readonly namespace?: string;
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

const throttledMessage = 'Too many requests.';
const failedMessage = 'Internal error.';

export class ExternalWorld implements LiveWorld {
  readonly names: Names;
  readonly thingNames: readonly string[];
  readonly sights: ReadonlySet<Sight>;
  readonly #options: ExternalWorldOptions;
  readonly versions = new Map<string, string>();
  /** Job ids with their namespaces. */
  readonly #jobs = new Map<string, string | undefined>();
  /** Streams that were made, by the job's id, which they have for a name. */
  readonly #streams = new Set<string>();
  /** What went wrong where nobody waited for it. */
  #failure: unknown;
  readonly #timers = new Set<NodeJS.Timeout>();
  #ordinal: number;
  /** The same label and edition has the same document, however often the job is made. */
  readonly #ordinals = new Map<string, number>();

  /** @param firstOrdinal so that no two scenarios of a device install the same version */
  constructor(options: ExternalWorldOptions, firstOrdinal: number) {
    this.#options = options;
    this.#ordinal = firstOrdinal;
    this.sights = options.sights;
    this.thingNames = [options.thingName];
    this.names = {
      thingName: () => options.thingName,
      jobId: (label) => `${label}-${options.suffix}`,
    };
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

  /** So that the next scenario of the same thing begins with an empty queue. */
  async removeJobs(): Promise<void> {
    const { operator } = this.#options.lane;
    for (const [jobId, namespaceId] of this.#jobs) {
      await operator
        .deleteJob(jobId, { force: true, ...(namespaceId !== undefined && { namespaceId }) })
        .catch(() => {});
    }
  }

  /** Takes back what is still wrong. */
  leave(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#options.lane.faults.clear();
    this.#options.lane.cutNetwork(false);
    for (const connection of this.#options.lane.connections()) connection.thaw();
    this.#options.lane.images.clear();
    this.#options.lane.attend(this.#options.thingName, () => {});
  }

  async perform(deed: Deed): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#perform(deed);
    } catch (error) {
      // What the service refuses an operator is part of the story: it was over already, or gone. A job that cannot be made is not.
      if (deed.do === 'create-job' || !isRefusal(error)) throw error;
    }
  }

  async #perform(deed: Deed): Promise<void> {
    const { operator } = this.#options.lane;
    const { thingName, groupName } = this.#options;
    const jobId = 'job' in deed ? this.names.jobId(deed.job) : '';
    switch (deed.do) {
      case 'create-job':
        return this.#createJob(jobId, deed);
      case 'update-job':
        return operator.updateJob(jobId, deed.timeoutMinutes);
      case 'cancel-job':
        return operator.cancelJob(jobId, deed.force);
      case 'cancel-execution':
        return operator.cancelExecution({ jobId, thingName }, deed.force);
      case 'delete-job':
        return operator.deleteJob(jobId, { force: deed.force, ...this.#namespaceOf(deed.namespace) });
      case 'delete-execution':
        return this.#deleteExecution(jobId, deed);
      case 'leave-group':
        return operator.leaveGroup(thingName, groupName);
      case 'join-group':
        return operator.joinGroup(thingName, groupName);
      case 'rejoin-group':
        await operator.leaveGroup(thingName, groupName);
        return operator.joinGroup(thingName, groupName);
      case 'delete-thing':
        return operator.deleteThing(thingName);
      case 'delete-stream':
        if (this.#streams.delete(jobId)) await operator.deleteStream(jobId);
        return;
      default:
        return this.#toWorld(deed);
    }
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
        return this.#faultMessages(deed);
      case 'service':
        return this.#faultAnswers(deed);
      case 'restart-service':
        lane.cutNetwork(true);
        await lane.restartService();
        this.#later(deed.forMs, () => lane.cutNetwork(false));
        return;
      case 'connect':
        return lane.faults.addConnect(deed.how, extentOf(deed));
      case 'subscribe':
        return lane.faults.addSubscribe(deed.how, extentOf(deed));
      case 'session':
        return lane.secondClient.discardSession();
      case 'image':
        return lane.images.set(this.names.jobId(deed.job), deed.condition);
      case 'second-client':
        return this.#secondClientDoes(deed);
      case 'end-faults':
        lane.faults.clear();
        lane.images.clear();
        lane.cutNetwork(false);
        for (const connection of lane.connections()) connection.thaw();
        return;
      case 'clock':
        if (deed.of === 'service') return lane.jumpClock(deed.jumpMs);
        throw new Error('the clock of a device from outside cannot be moved');
      case 'battery':
      case 'memory':
        throw new Error(`a device from outside cannot be put through ${deed.do}`);
    }
  }

  async #createJob(jobId: string, deed: DeedOf<'create-job'>): Promise<void> {
    const { lane, thingName, groupName } = this.#options;
    if (this.#jobs.has(jobId)) await lane.operator.whenGone(jobId);
    const filled = await this.#documentOf(jobId, deed);
    this.versions.set(jobId, filled.version);
    lane.shadow.installs(filled.version);
    const namespace = this.#namespaceOf(deed.namespace);
    this.#jobs.set(jobId, namespace.namespaceId);
    if (deed.image !== undefined && deed.image !== 'good') lane.images.set(jobId, deed.image);
    const { failed, timedOut } = deed.retries ?? {};
    const retries =
      failed !== undefined
        ? ({ failureType: 'FAILED', numberOfRetries: failed } as const)
        : timedOut !== undefined
          ? ({ failureType: 'TIMED_OUT', numberOfRetries: timedOut } as const)
          : undefined;
    if (filled.hasStream && !this.#streams.has(jobId)) {
      this.#streams.add(jobId);
      await lane.operator.createStream(jobId, { bucket, key: `${jobId}.bin` });
    }
    await lane.operator.createJob({
      jobId,
      document: filled.text,
      ...(deed.group === true ? { groupName } : { things: [thingName] }),
      ...namespace,
      ...(deed.timeoutMinutes !== undefined && { inProgressTimeoutMinutes: deed.timeoutMinutes }),
      ...(filled.hasUrl && { presignsUrls: true }),
      ...(retries && { retries }),
      ...(deed.ends && { ends: deed.ends }),
    });
  }

  #ordinalOf({ job, edition = 0 }: DeedOf<'create-job'>): number {
    const key = `${job} ${edition}`;
    const known = this.#ordinals.get(key);
    if (known !== undefined) return known;
    this.#ordinal += 1;
    this.#ordinals.set(key, this.#ordinal);
    return this.#ordinal;
  }

  async #documentOf(jobId: string, deed: DeedOf<'create-job'>): Promise<FilledDocument> {
    const { documents } = this.#options;
    const ordinal = this.#ordinalOf(deed);
    const document: JobDocument = deed.document ?? 'yours';
    if (isOwn(document)) {
      const which = deed.job.startsWith('canary') ? 'canary' : 'document';
      return documents.fill(jobId, which, ordinal);
    }
    const text = typeof document === 'object' ? JSON.stringify(document) : documentText(document, { edition: ordinal });
    return { text, version: '', hasUrl: false, hasStream: false };
  }

  async #deleteExecution(jobId: string, deed: DeedOf<'delete-execution'>): Promise<void> {
    const { lane, thingName } = this.#options;
    const number = deed.number ?? (await lane.operator.execution(jobId, thingName))?.executionNumber;
    // It has ended and gone by itself: there is nothing to pull.
    if (number === undefined) return;
    await lane.operator.deleteExecution(
      { jobId, thingName, executionNumber: number, ...this.#namespaceOf(deed.namespace) },
      deed.force,
    );
  }

  /** A scenario only says that there is one; which, the user says. */
  #namespaceOf(namespace: string | undefined): { readonly namespaceId?: string } {
    const { namespace: own, tellsNamespaces } = this.#options;
    const isPlain = own === undefined || (tellsNamespaces && namespace === undefined);
    return isPlain ? {} : { namespaceId: own };
  }

  #breakLink({ how, forMs }: Extract<WorldDeed, { do: 'link' }>): void {
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

  #faultMessages(deed: Extract<WorldDeed, { do: 'message' }>): void {
    const { faults } = this.#options.lane;
    const lateMs = deed.byMs ?? 2000;
    const fault = deed.how === 'lose' ? 'lose' : deed.how === 'duplicate' ? { againMs: deed.byMs ?? 0 } : { lateMs };
    faults.addMessage(fault, deed.direction, deed.operations, extentOf(deed));
  }

  #faultAnswers(deed: Extract<WorldDeed, { do: 'service' }>): void {
    const { faults } = this.#options.lane;
    const add = (fault: Parameters<typeof faults.addAnswer>[0], operations?: readonly Operation[]): void =>
      faults.addAnswer(fault, deed.operations ?? operations, extentOf(deed));
    switch (deed.how) {
      case 'throttle':
        return add({ kind: 'refuse', code: 'RequestThrottled', message: throttledMessage });
      case 'error':
        return add({ kind: 'refuse', code: 'InternalError', message: failedMessage });
      case 'refuse':
        return add({ kind: 'refuse', code: deed.code ?? 'InvalidRequest', message: 'Refused.' });
      case 'late':
        return add({ kind: 'late', lateMs: deed.byMs ?? 2000 });
      case 'empty-next':
        return add({ kind: 'empty-next' }, ['DescribeJobExecution', 'StartNextPendingJobExecution']);
      case 'twice':
      case 'never':
        return add({ kind: deed.how });
    }
  }

  async #secondClientDoes({ act }: Extract<WorldDeed, { do: 'second-client' }>): Promise<void> {
    const { thingName, lane } = this.#options;
    switch (act.act) {
      case 'take-over':
        return lane.secondClient.takeOver(act.forMs);
      case 'start-next':
        return lane.secondClient.startNext(thingName);
      case 'update': {
        const jobId = this.names.jobId(act.job);
        const execution = await lane.operator.execution(jobId, thingName);
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

function extentOf({ times, forMs }: Extent): Extent {
  return { ...(times !== undefined && { times }), ...(forMs !== undefined && { forMs }) };
}

/** An exception of AWS's. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name.endsWith('Exception');
}

/** Documents that stand for an update as this device understands it. */
function isOwn(document: JobDocument): boolean {
  return (
    typeof document === 'string' && (document === 'yours' || document.endsWith('firmware') || document === 'handlers')
  );
}
