/**
 * Load from devices and an operator on a service that is about to be killed, and afterwards the question what it knows of what it
 * had acknowledged: a ledger outside of it compares. What was asked and not answered, or answered with InternalError, may have
 * happened or not, but wholly.
 */
import { type IoT, IoTServiceException, ResourceNotFoundException } from '@aws-sdk/client-iot';
import type { Chance } from '../../faults/chance.ts';
import { formatThingArn } from '../../protocol/names.ts';
import { KillLedger, type Seen } from './kill-ledger.ts';
import { WireClient } from './wire-client.ts';
import { operatorOf } from './operator.ts';

const identity = { region: 'us-east-1', account: '000000000000' };
const devices = ['device-0', 'device-1', 'device-2', 'device-3'];
/** Its client is away while jobs are made for it. */
const sleeper = 'sleeper';
/** As many as a notification shows. */
const maxJobsAsleep = 8;
const maxJobs = 12;

const jobsOf = (thing: string): string => `$aws/things/${thing}/jobs`;

interface ExecutionState {
  readonly status: string;
  readonly versionNumber: number;
  readonly statusDetails?: { readonly step?: string };
}

function seenIn({ status, versionNumber, statusDetails }: ExecutionState): Seen {
  return { status, versionNumber, step: statusDetails?.step };
}

/** Where clients reach it. */
export interface Reached {
  readonly mqttPort: number;
  readonly httpUrl: string;
}

export class KillStory {
  readonly ledger = new KillLedger();
  readonly chance: Chance;
  /** Jobs for the sleeper whose creation was acknowledged since it fell asleep. */
  readonly announced = new Set<string>();
  #made = 0;
  #steps = 0;
  /** Nobody begins anything any more. */
  #over = withResolvers();

  constructor(chance: Chance) {
    this.chance = chance;
  }

  /** Works whatever comes, one step at a time, until the connection ends. */
  async device({ mqttPort }: Reached, thing: string): Promise<void> {
    const client = await WireClient.connect(mqttPort, { clientId: thing });
    try {
      await this.#workAll(client, thing);
    } finally {
      await client.drop();
    }
  }

  async #workAll(client: WireClient, thing: string): Promise<void> {
    await client.subscribe([`${jobsOf(thing)}/notify-next`]);
    while (!this.#over.isDone) {
      const told = client.messages.length;
      const { body } = await client.request(`${jobsOf(thing)}/$next/get`);
      const head = body['execution'] as { readonly jobId?: string } | undefined;
      if (head?.jobId === undefined) {
        await Promise.race([client.until(() => client.messages.length > told + 1), this.#over.promise]);
      } else await this.#work(client, thing, head.jobId);
    }
  }

  async #work(client: WireClient, thing: string, jobId: string): Promise<void> {
    for (let left = this.chance.between(1, 4); left > 0 && !this.#over.isDone; left -= 1) {
      const written = { status: left === 1 ? 'SUCCEEDED' : 'IN_PROGRESS', step: `step-${(this.#steps += 1)}` };
      this.ledger.updateAsked(jobId, thing, written);
      const { topic, body } = await client.request(`${jobsOf(thing)}/${jobId}/update`, {
        status: written.status,
        statusDetails: { step: written.step },
        includeJobExecutionState: true,
      });
      const accepted = topic.endsWith('/accepted');
      if (body['code'] === 'InternalError') return; // it may have been done
      const state = accepted ? seenIn(body['executionState'] as ExecutionState) : undefined;
      this.ledger.updateAnswered(jobId, thing, state);
      if (!accepted) return;
    }
  }

  /** Makes jobs and pulls them, one request at a time, until nobody answers any more. */
  async operator(iot: IoT): Promise<void> {
    while (!this.#over.isDone) {
      const known = this.ledger.jobsNotDeleted();
      const jobId = known.length === 0 ? undefined : this.chance.pick(known);
      if (jobId === undefined || (known.length < maxJobs && this.chance.happens(600_000))) await this.#create(iot);
      else if (this.chance.happens(400_000)) await this.#deleteExecution(iot, jobId);
      else if (this.chance.happens(300_000)) await this.#cancel(iot, jobId);
      else await this.#delete(iot, jobId);
    }
  }

  async #create(iot: IoT): Promise<void> {
    const jobId = `job-${(this.#made += 1)}`;
    const asleep = this.announced.size < maxJobsAsleep && this.chance.happens(500_000);
    const things = [this.chance.pick(devices), ...(asleep ? [sleeper] : [])];
    this.ledger.createAsked(jobId, things);
    const targets = things.map((thing) => formatThingArn(identity, thing));
    await iot.createJob({ jobId, targets, document: '{"operation":"reboot"}' });
    this.ledger.job(jobId).creation = 'acknowledged';
    if (asleep) this.announced.add(jobId);
    this.ledger.acknowledge();
  }

  async #deleteExecution(iot: IoT, jobId: string): Promise<void> {
    const { deletedFrom, things } = this.ledger.job(jobId);
    const thingName = this.chance.pick(things);
    if (deletedFrom.has(thingName)) return;
    deletedFrom.set(thingName, 'asked');
    await iot.deleteJobExecution({ jobId, thingName, executionNumber: 1, force: true });
    deletedFrom.set(thingName, 'acknowledged');
    this.ledger.acknowledge();
  }

  async #cancel(iot: IoT, jobId: string): Promise<void> {
    const job = this.ledger.job(jobId);
    if (job.cancellation !== 'none') return;
    job.cancellation = 'asked';
    try {
      await iot.cancelJob({ jobId, force: true });
      job.cancellation = 'acknowledged';
    } catch (error) {
      // A job whose executions have all ended is COMPLETED, and no longer to be canceled.
      if (!(error instanceof IoTServiceException) || error.$fault !== 'client') throw error;
      job.cancellation = 'none';
    }
    this.ledger.acknowledge();
  }

  async #delete(iot: IoT, jobId: string): Promise<void> {
    this.ledger.job(jobId).deletion = 'asked';
    await iot.deleteJob({ jobId, force: true });
    this.ledger.job(jobId).deletion = 'acknowledged';
    this.ledger.acknowledge();
  }

  /** @returns what this service says that it must not say, having acknowledged what it has. */
  async objections(iot: IoT): Promise<string[]> {
    const perJob = [...this.ledger.jobs].map(async ([jobId, { things, creation }]) => {
      const found = new Map<string, Seen>();
      const objections: (string | undefined)[] = [];
      for (const thing of things) {
        const seen = await this.#look(iot, jobId, thing);
        if (seen !== undefined) found.set(thing, seen);
        objections.push(this.ledger.objection(jobId, thing, seen));
      }
      objections.push(this.ledger.halfDone(jobId, found));
      if (creation === 'asked' && found.has(sleeper)) this.announced.add(jobId);
      this.ledger.settle(jobId, found);
      return objections.filter((objection) => objection !== undefined);
    });
    return (await Promise.all(perJob)).flat();
  }

  async #look(iot: IoT, jobId: string, thingName: string): Promise<Seen | undefined> {
    try {
      const { execution } = await iot.describeJobExecution({ jobId, thingName, executionNumber: 1 });
      const { status = '', versionNumber = 0, statusDetails } = execution ?? {};
      return { status, versionNumber, step: statusDetails?.detailsMap?.['step'] };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      // On a busy machine an engine may take over at any moment: a question is asked again.
      if (error instanceof IoTServiceException && error.$fault === 'server') return this.#look(iot, jobId, thingName);
      throw error;
    }
  }

  /** The persistent session comes back, hears of every job that was made for it, finishes them, and sleeps again. */
  async wakeSleeper({ mqttPort }: Reached): Promise<string[]> {
    const client = await WireClient.connect(mqttPort, { clientId: sleeper, clean: false });
    await client.subscribe([`${jobsOf(sleeper)}/notify`]);
    const body = await answerTo(client, `${jobsOf(sleeper)}/get`);
    const heard = client.messages.map(({ payload }) => payload).join();
    const unheard = [...this.announced].filter((jobId) => !heard.includes(`"${jobId}"`));
    this.announced.clear();
    for (const { jobId } of body['queuedJobs'] as { readonly jobId: string }[]) {
      this.ledger.updateAsked(jobId, sleeper, { status: 'SUCCEEDED', step: undefined });
      const update = { status: 'SUCCEEDED', includeJobExecutionState: true };
      const { body: reply } = await client.request(`${jobsOf(sleeper)}/${jobId}/update`, update);
      // It may have been done.
      if (reply['code'] === 'InternalError') continue;
      this.ledger.updateAnswered(jobId, sleeper, seenIn(reply['executionState'] as ExecutionState));
    }
    await client.settled();
    await client.drop();
    return unheard.map((jobId) => `${sleeper} never heard of ${jobId}`);
  }

  /** Makes the things of the story. */
  async prepare(iot: IoT): Promise<void> {
    for (const thingName of [...devices, sleeper]) await iot.createThing({ thingName });
  }

  /** Load, and an end to it in the middle. @param kill resolves when the process is gone */
  async run(service: Reached, iot: IoT, kill: () => Promise<void>): Promise<void> {
    this.#over = withResolvers();
    const enough = this.ledger.acknowledged(this.ledger.acknowledgements + this.chance.between(1, 80));
    const busy = [this.operator(iot), ...devices.map((thing) => this.device(service, thing))];
    await Promise.race([enough, ...busy]);
    for (let left = this.chance.between(0, 4); left > 0; left -= 1) await turn();
    await kill();
    this.#over.resolve();
    await Promise.allSettled(busy);
  }

  /** Until every door answers and the engine has heard of all that was asked before: twice, since it reads in turns. */
  async answered(service: Reached): Promise<void> {
    for (let times = 0; times < 2; times += 1) await whenDone(() => this.#ask(service));
    for (const thing of devices) await whenDone(() => this.#connect(service, thing));
  }

  async #ask(service: Reached): Promise<void> {
    const iot = operatorOf(service);
    try {
      await iot.listThings({});
    } finally {
      iot.destroy();
    }
  }

  async #connect({ mqttPort }: Reached, clientId: string): Promise<void> {
    const client = await WireClient.connect(mqttPort, { clientId });
    try {
      await client.settled();
    } finally {
      await client.drop();
    }
  }
}

/** Of an engine that goes on. */
async function answerTo(client: WireClient, topic: string): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const { body } = await client.request(topic);
    if (body['code'] !== 'InternalError') return body;
  }
}

async function whenDone(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch {
      await turn();
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

interface Resolvers {
  readonly promise: Promise<void>;
  readonly isDone: boolean;
  resolve(): void;
}

function withResolvers(): Resolvers {
  let isDone = false;
  let done: () => void;
  const promise = new Promise<void>((resolve) => (done = resolve));
  return {
    promise,
    get isDone() {
      return isDone;
    },
    resolve() {
      isDone = true;
      done();
    },
  };
}
