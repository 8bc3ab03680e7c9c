/**
 * The engine's memory: every row, held where the next command will look for it. Whatever a command might otherwise have to
 * search for (the pending queue of a thing, the counts of a job, who follows a group, what is due) is kept here as it
 * changes. Only the functions that own a part change it; rows themselves are replaced, never written to.
 */
import type { JobExecutionStatus } from '../../protocol/status.ts';
import { Agenda, type Timed } from './agenda.ts';
import type { ResolveDocument, ServiceIdentity } from './contract.ts';
import type { Profile } from './profile.ts';
import type {
  CertificateRow,
  EventConfigurationsRow,
  ExecutionRow,
  JobRow,
  JobTemplateRow,
  PolicyRow,
  ProvisioningTemplateRow,
  OtaUpdateRow,
  ShadowRow,
  StreamRow,
  TagRow,
  ThingGroupRow,
  ThingRow,
  ThingTypeRow,
  WorkRow,
} from './rows.ts';
import { SequenceList, type Sequenced } from './sequence-list.ts';

/** All that is known under a thing's name. It outlives the thing while executions of it are kept. */
export interface Thing {
  readonly name: string;
  /** Absent once the thing is deleted. */
  registration: Registration | undefined;
  readonly executions: SequenceList<Execution>;
  readonly plainQueue: PendingQueue;
  /** By namespace; most things have none. */
  namespacedQueues: Map<string, PendingQueue> | undefined;
}

export interface Registration extends Sequenced {
  readonly thing: Thing;
  row: ThingRow;
  memberships: readonly Membership[];
}

export interface Membership extends Sequenced {
  readonly registration: Registration;
  readonly group: ThingGroup;
}

export interface ThingGroup extends Sequenced {
  readonly name: string;
  readonly parent: ThingGroup | undefined;
  row: ThingGroupRow;
  readonly children: SequenceList<ThingGroup>;
  readonly members: SequenceList<Membership>;
  /** Present while the group is being deleted: its members have not all left yet. */
  work: Work | undefined;
}

export interface Job extends Sequenced, Timed {
  readonly id: string;
  row: JobRow;
  /** Executions by status: what `jobProcessDetails` shows. */
  readonly counts: Record<JobExecutionStatus, number>;
  readonly executions: SequenceList<Execution>;
  /** The newest execution of each thing, by thing name. */
  readonly newest: Map<string, Execution>;
  readonly targetThings: Set<string>;
  readonly targetGroups: Set<string>;
  /** Present while executions are being rolled out, canceled or deleted in slices. */
  work: Work | undefined;
}

export interface Execution extends Sequenced, Timed {
  readonly key: string;
  readonly job: Job;
  readonly thing: Thing;
  readonly queue: PendingQueue;
  row: ExecutionRow;
  /** The execution of the same job on the same thing with the next lower number. */
  older: Execution | undefined;
  /** Deleted. A command that deletes several things at once may come across it again. */
  gone: boolean;
}

/** The pending executions of one thing in one namespace; pending-queue.ts keeps their order. */
export interface PendingQueue {
  readonly thingName: string;
  readonly namespaceId: string | undefined;
  inProgress: Execution[];
  queued: Execution[];
  /** QUEUED outside the windows of their jobs: not part of the set that devices know. */
  hidden: Execution[];
  /** What this command has done to the queue so far; notifications.ts owns it. */
  touch: QueueTouch | undefined;
}

export interface QueueTouch {
  /** The head that the device was told last. */
  readonly headBefore: Execution | undefined;
  /** Jobs whose execution entered or left the set. */
  changedJobIds: string[];
}

export interface Work extends Timed {
  row: WorkRow;
}

export interface JobTemplate extends Sequenced {
  readonly row: JobTemplateRow;
}

export interface Certificate extends Sequenced {
  row: CertificateRow;
}

export interface Policy extends Sequenced {
  readonly name: string;
  row: PolicyRow;
  /** ARNs of the certificates and groups that it is attached to. */
  readonly targets: Set<string>;
}

export interface ThingType extends Sequenced {
  row: ThingTypeRow;
}

export interface ProvisioningTemplate extends Sequenced {
  row: ProvisioningTemplateRow;
}

export interface Stream extends Sequenced {
  row: StreamRow;
}

export interface OtaUpdate extends Sequenced {
  row: OtaUpdateRow;
}

/** What an engine is told once and for all. */
export interface Settings {
  readonly identity: ServiceIdentity;
  readonly profile: Profile;
  readonly strict: boolean;
  readonly resolveDocument: ResolveDocument | undefined;
  readonly whyUnresolvable?: ((placeholder: string) => string | undefined) | undefined;
}

export interface State extends Settings {
  readonly things: Map<string, Thing>;
  readonly registrations: SequenceList<Registration>;
  readonly groups: Map<string, ThingGroup>;
  readonly groupList: SequenceList<ThingGroup>;
  readonly jobs: Map<string, Job>;
  readonly jobList: SequenceList<Job>;
  /** CONTINUOUS jobs IN_PROGRESS by the name of each group that they target. */
  readonly followers: Map<string, Set<Job>>;
  /** Jobs in DELETION_IN_PROGRESS, oldest first; never more than AWS allows, which is ten. */
  deletingJobs: readonly Job[];
  /** By the key of its row. */
  readonly work: Map<string, Work>;
  /** Pieces of work that roll a job out or cancel it; AWS allows so many at once. */
  concurrentWork: number;
  /** What waits for a place among them, in order. */
  readonly waitingRollouts: SequenceList<Work>;
  readonly agenda: Agenda<Execution | Work | Job>;
  readonly templates: Map<string, JobTemplate>;
  readonly templateList: SequenceList<JobTemplate>;
  readonly tags: Map<string, TagRow>;
  eventConfigurations: EventConfigurationsRow | undefined;
  readonly certificates: Map<string, Certificate>;
  readonly certificateList: SequenceList<Certificate>;
  /** Certificates by the name of each thing that they are attached to, oldest attachment first. */
  readonly principals: Map<string, Set<Certificate>>;
  /** Certificates that wait to be provisioned, oldest first. */
  readonly unprovisioned: Set<Certificate>;
  readonly policies: Map<string, Policy>;
  readonly policyList: SequenceList<Policy>;
  readonly thingTypes: Map<string, ThingType>;
  readonly thingTypeList: SequenceList<ThingType>;
  readonly provisioningTemplates: Map<string, ProvisioningTemplate>;
  readonly provisioningTemplateList: SequenceList<ProvisioningTemplate>;
  /** By the name of the thing, which need not be registered, then by the name of the shadow; the classic one has none. */
  readonly shadows: Map<string, Map<string, ShadowRow>>;
  readonly streams: Map<string, Stream>;
  readonly streamList: SequenceList<Stream>;
  readonly otaUpdates: Map<string, OtaUpdate>;
  readonly otaUpdateList: SequenceList<OtaUpdate>;
  nextSequence: number;
}

export function createState(settings: Settings): State {
  const { identity, profile, strict, resolveDocument, whyUnresolvable } = settings;
  // Every member by name: a spread gives each engine a shape of its own, and what reads its state forgets what it has learnt.
  return {
    identity,
    profile,
    strict,
    resolveDocument,
    whyUnresolvable,
    things: new Map(),
    registrations: new SequenceList(),
    groups: new Map(),
    groupList: new SequenceList(),
    jobs: new Map(),
    jobList: new SequenceList(),
    followers: new Map(),
    deletingJobs: [],
    work: new Map(),
    concurrentWork: 0,
    waitingRollouts: new SequenceList(),
    agenda: new Agenda(),
    templates: new Map(),
    templateList: new SequenceList(),
    tags: new Map(),
    eventConfigurations: undefined,
    certificates: new Map(),
    certificateList: new SequenceList(),
    principals: new Map(),
    unprovisioned: new Set(),
    policies: new Map(),
    policyList: new SequenceList(),
    thingTypes: new Map(),
    thingTypeList: new SequenceList(),
    provisioningTemplates: new Map(),
    provisioningTemplateList: new SequenceList(),
    shadows: new Map(),
    streams: new Map(),
    streamList: new SequenceList(),
    otaUpdates: new Map(),
    otaUpdateList: new SequenceList(),
    nextSequence: 1,
  };
}

/** The thing of that name, made when nothing is known under it yet. */
export function thingNamed(state: State, name: string): Thing {
  const known = state.things.get(name);
  if (known !== undefined) return known;
  const thing: Thing = {
    name,
    registration: undefined,
    executions: new SequenceList(),
    plainQueue: createQueue(name, undefined),
    namespacedQueues: undefined,
  };
  state.things.set(name, thing);
  return thing;
}

/** Forgets a name under which nothing is kept any more. */
export function forgetThing(state: State, thing: Thing): void {
  if (thing.registration === undefined && thing.executions.size === 0) state.things.delete(thing.name);
}

/** @returns `undefined` for what is not in the registry. */
export function findRegistration(state: State, thingName: string): Registration | undefined {
  return state.things.get(thingName)?.registration;
}

/** @returns `undefined` for groups that are unknown or being deleted. */
export function findGroup(state: State, groupName: string): ThingGroup | undefined {
  const group = state.groups.get(groupName);
  return group?.work === undefined ? group : undefined;
}

/** @returns `undefined` for streams that are deleted as well. */
export function findStream(state: State, streamId: string): StreamRow | undefined {
  const row = state.streams.get(streamId)?.row;
  return row?.deletedAt === undefined ? row : undefined;
}

/** The pending queue of a thing in one namespace, or its plain queue; made when it is not there yet. */
export function queueOf(thing: Thing, namespaceId: string | undefined): PendingQueue {
  if (namespaceId === undefined) return thing.plainQueue;
  thing.namespacedQueues ??= new Map();
  let queue = thing.namespacedQueues.get(namespaceId);
  if (queue === undefined) {
    queue = createQueue(thing.name, namespaceId);
    thing.namespacedQueues.set(namespaceId, queue);
  }
  return queue;
}

/** The pending queue of a thing in one namespace, or its plain queue; `undefined` when nothing was ever queued there. */
export function pendingQueueOf(thing: Thing, namespaceId: string | undefined): PendingQueue | undefined {
  return namespaceId === undefined ? thing.plainQueue : thing.namespacedQueues?.get(namespaceId);
}

/** Every queue of a thing, the plain one first. */
export function* queuesOf(thing: Thing): Generator<PendingQueue, void, undefined> {
  yield thing.plainQueue;
  if (thing.namespacedQueues !== undefined) yield* thing.namespacedQueues.values();
}

/** The execution with that number, or the newest one. */
export function findExecution(job: Job, thingName: string, executionNumber?: number): Execution | undefined {
  let execution = job.newest.get(thingName);
  if (executionNumber === undefined) return execution;
  while (execution !== undefined && execution.row.executionNumber > executionNumber) execution = execution.older;
  return execution?.row.executionNumber === executionNumber ? execution : undefined;
}

export function noExecutions(): Record<JobExecutionStatus, number> {
  return {
    QUEUED: 0,
    IN_PROGRESS: 0,
    SUCCEEDED: 0,
    FAILED: 0,
    TIMED_OUT: 0,
    REJECTED: 0,
    REMOVED: 0,
    CANCELED: 0,
  };
}

function createQueue(thingName: string, namespaceId: string | undefined): PendingQueue {
  return { thingName, namespaceId, inProgress: [], queued: [], hidden: [], touch: undefined };
}
