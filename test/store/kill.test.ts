/**
 * The promise of durability, taken at its word: a service under load from devices and an operator is killed again and again,
 * at moments drawn from a seed, and every answer that it gave is compared with what the next one knows. What was asked and
 * not answered may have happened or not, but wholly. `JOBRIG_SEED` chooses other moments.
 */
import {
  CancelJobCommand,
  CreateJobCommand,
  CreateThingCommand,
  DeleteJobCommand,
  DeleteJobExecutionCommand,
  DescribeJobExecutionCommand,
  IoTClient,
  IoTServiceException,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import { afterEach, describe, expect, it } from 'vitest';
import { type Chance, seededChance } from '../../faults/chance.ts';
import { formatThingArn } from '../../protocol/names.ts';
import { KillLedger, type Seen } from '../support/kill-ledger.ts';
import { type Ended, type ServeProcess, killAll, launchServe, startServe } from '../support/serve-process.ts';
import { type StoreDirectory, makeStoreDirectory } from '../support/store-directory.ts';
import { WireClient } from '../support/wire-client.ts';

const kills = 50;
const seed = Number(process.env['JOBRIG_SEED'] ?? 20_261_122);
const identity = { region: 'us-east-1', account: '000000000000' };
const devices = ['device-0', 'device-1', 'device-2', 'device-3'];
/** Its client is away while jobs are made for it. */
const sleeper = 'sleeper';
/** As many as a notification shows. */
const maxJobsAsleep = 8;
const maxJobs = 12;

const directories: StoreDirectory[] = [];
afterEach(async () => {
  await killAll();
  for (const directory of directories.splice(0)) directory.remove();
});

function home(): StoreDirectory {
  const directory = makeStoreDirectory();
  directories.push(directory);
  return directory;
}

const jobsOf = (thing: string): string => `$aws/things/${thing}/jobs`;

interface ExecutionState {
  readonly status: string;
  readonly versionNumber: number;
  readonly statusDetails?: { readonly step?: string };
}

function seenIn({ status, versionNumber, statusDetails }: ExecutionState): Seen {
  return { status, versionNumber, step: statusDetails?.step };
}

function operatorOf({ httpUrl }: ServeProcess): IoTClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new IoTClient({ endpoint: httpUrl, region: identity.region, credentials, maxAttempts: 1 });
}

class Story {
  readonly ledger = new KillLedger();
  readonly chance: Chance;
  /** Jobs for the sleeper whose creation was acknowledged since it fell asleep. */
  readonly announced = new Set<string>();
  #made = 0;
  #steps = 0;

  constructor(chance: Chance) {
    this.chance = chance;
  }

  /** Works whatever comes, one step at a time, until the connection ends. */
  async device({ mqttPort }: ServeProcess, thing: string): Promise<void> {
    const client = await WireClient.connect(mqttPort, { clientId: thing });
    await client.subscribe([`${jobsOf(thing)}/notify-next`]);
    for (;;) {
      const told = client.messages.length;
      const { body } = await client.request(`${jobsOf(thing)}/$next/get`);
      const head = body['execution'] as { readonly jobId?: string } | undefined;
      if (head?.jobId === undefined) await client.until(() => client.messages.length > told + 1);
      else await this.#work(client, thing, head.jobId);
    }
  }

  async #work(client: WireClient, thing: string, jobId: string): Promise<void> {
    for (let left = this.chance.between(1, 4); left > 0; left -= 1) {
      const written = { status: left === 1 ? 'SUCCEEDED' : 'IN_PROGRESS', step: `step-${(this.#steps += 1)}` };
      this.ledger.updateAsked(jobId, thing, written);
      const { topic, body } = await client.request(`${jobsOf(thing)}/${jobId}/update`, {
        status: written.status,
        statusDetails: { step: written.step },
        includeJobExecutionState: true,
      });
      const accepted = topic.endsWith('/accepted');
      const state = accepted ? seenIn(body['executionState'] as ExecutionState) : undefined;
      this.ledger.updateAnswered(jobId, thing, state);
      if (!accepted) return;
    }
  }

  /** Makes jobs and pulls them, one request at a time, until nobody answers any more. */
  async operator(iot: IoTClient): Promise<void> {
    for (;;) {
      const known = this.ledger.jobsNotDeleted();
      const jobId = known.length === 0 ? undefined : this.chance.pick(known);
      if (jobId === undefined || (known.length < maxJobs && this.chance.happens(600_000))) await this.#create(iot);
      else if (this.chance.happens(400_000)) await this.#deleteExecution(iot, jobId);
      else if (this.chance.happens(300_000)) await this.#cancel(iot, jobId);
      else await this.#delete(iot, jobId);
    }
  }

  async #create(iot: IoTClient): Promise<void> {
    const jobId = `job-${(this.#made += 1)}`;
    const asleep = this.announced.size < maxJobsAsleep && this.chance.happens(500_000);
    const things = [this.chance.pick(devices), ...(asleep ? [sleeper] : [])];
    this.ledger.createAsked(jobId, things);
    const targets = things.map((thing) => formatThingArn(identity, thing));
    await iot.send(new CreateJobCommand({ jobId, targets, document: '{"operation":"reboot"}' }));
    this.ledger.job(jobId).creation = 'acknowledged';
    if (asleep) this.announced.add(jobId);
    this.ledger.acknowledge();
  }

  async #deleteExecution(iot: IoTClient, jobId: string): Promise<void> {
    const { deletedFrom, things } = this.ledger.job(jobId);
    const thingName = this.chance.pick(things);
    if (deletedFrom.has(thingName)) return;
    deletedFrom.set(thingName, 'asked');
    const command = new DeleteJobExecutionCommand({ jobId, thingName, executionNumber: 1, force: true });
    await iot.send(command);
    deletedFrom.set(thingName, 'acknowledged');
    this.ledger.acknowledge();
  }

  async #cancel(iot: IoTClient, jobId: string): Promise<void> {
    const job = this.ledger.job(jobId);
    if (job.cancellation !== 'none') return;
    job.cancellation = 'asked';
    try {
      await iot.send(new CancelJobCommand({ jobId, force: true }));
      job.cancellation = 'acknowledged';
    } catch (error) {
      // A job whose executions have all ended is COMPLETED, and no longer to be canceled.
      if (!(error instanceof IoTServiceException) || error.$fault !== 'client') throw error;
      job.cancellation = 'none';
    }
    this.ledger.acknowledge();
  }

  async #delete(iot: IoTClient, jobId: string): Promise<void> {
    this.ledger.job(jobId).deletion = 'asked';
    await iot.send(new DeleteJobCommand({ jobId, force: true }));
    this.ledger.job(jobId).deletion = 'acknowledged';
    this.ledger.acknowledge();
  }

  /** @returns what this service says that it must not say, having acknowledged what it has. */
  async objections(iot: IoTClient): Promise<string[]> {
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

  async #look(iot: IoTClient, jobId: string, thingName: string): Promise<Seen | undefined> {
    try {
      const { execution } = await iot.send(new DescribeJobExecutionCommand({ jobId, thingName, executionNumber: 1 }));
      const { status = '', versionNumber = 0, statusDetails } = execution ?? {};
      return { status, versionNumber, step: statusDetails?.detailsMap?.['step'] };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  /** The persistent session comes back, hears of every job that was made for it, finishes them, and sleeps again. */
  async wakeSleeper({ mqttPort }: ServeProcess): Promise<string[]> {
    const client = await WireClient.connect(mqttPort, { clientId: sleeper, clean: false });
    await client.subscribe([`${jobsOf(sleeper)}/notify`]);
    const { body } = await client.request(`${jobsOf(sleeper)}/get`);
    const heard = client.messages.map(({ payload }) => payload).join();
    const unheard = [...this.announced].filter((jobId) => !heard.includes(`"${jobId}"`));
    this.announced.clear();
    for (const { jobId } of body['queuedJobs'] as { readonly jobId: string }[]) {
      this.ledger.updateAsked(jobId, sleeper, { status: 'SUCCEEDED', step: undefined });
      const update = { status: 'SUCCEEDED', includeJobExecutionState: true };
      const { body: reply } = await client.request(`${jobsOf(sleeper)}/${jobId}/update`, update);
      this.ledger.updateAnswered(jobId, sleeper, seenIn(reply['executionState'] as ExecutionState));
    }
    await client.settled();
    await client.drop();
    return unheard.map((jobId) => `${sleeper} never heard of ${jobId}`);
  }

  /** Load, and an end to it in the middle. */
  async run(service: ServeProcess, iot: IoTClient): Promise<void> {
    const enough = this.ledger.acknowledged(this.ledger.acknowledgements + this.chance.between(1, 80));
    const busy = [this.operator(iot), ...devices.map((thing) => this.device(service, thing))];
    await Promise.race([enough, ...busy]);
    for (let left = this.chance.between(0, 4); left > 0; left -= 1) await turn();
    await service.kill();
    await Promise.allSettled(busy);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('a service that is killed under load', () => {
  it(`knows after each of ${kills} kills what it had acknowledged (seed ${seed})`, { timeout: 600_000 }, async () => {
    const directory = home();
    const story = new Story(seededChance(seed));
    for (let killed = 0; killed <= kills; killed += 1) {
      const service = await startServe({ flags: ['--data-dir', directory.path] });
      const iot = operatorOf(service);
      if (killed === 0) {
        for (const thingName of [...devices, sleeper]) await iot.send(new CreateThingCommand({ thingName }));
      }
      const objections = [...(await story.objections(iot)), ...(await story.wakeSleeper(service))];
      expect(objections, `after kill ${killed}, seed ${seed}`).toEqual([]);
      if (killed < kills) await story.run(service, iot);
      iot.destroy();
    }
    expect(story.ledger.acknowledgements).toBeGreaterThan(kills * 10);
  });
});

describe('jobrig serve on a directory', () => {
  it('is refused while another has it, in one line, with exit code 2; and takes over when that one is killed', async () => {
    const directory = home();
    const first = await startServe({ flags: ['--data-dir', directory.path] });
    const second = (await launchServe({ flags: ['--data-dir', directory.path] })) as Ended;
    expect(second.exitCode).toBe(2);
    expect(second.stderr).toMatch(/^jobrig: \S+jobrig\.db is in use by process \d+\. [^\n]*\n$/);
    await first.kill();
    const third = await startServe({ flags: ['--data-dir', directory.path] });
    expect(await third.stop()).toEqual({ exitCode: 0, stderr: '' });
  });

  it('ends in one line when it has no room left, and nothing that it accepted is missing afterwards', async () => {
    const directory = home();
    const full = await startServe({ flags: ['--data-dir', directory.path], maxFileKiB: 600 });
    const iot = operatorOf(full);
    const accepted: string[] = [];
    const fill = async (): Promise<void> => {
      for (;;) {
        const thingName = `thing-${accepted.length}`;
        const attributes = { filling: 'x'.repeat(800) };
        await iot.send(new CreateThingCommand({ thingName, attributePayload: { attributes } }));
        accepted.push(thingName);
      }
    };
    await expect(fill()).rejects.toThrow();
    const { exitCode, stderr } = await full.ended;
    expect(stderr).toMatch(/(?:^|\n)jobrig: \S+jobrig\.db cannot be written: [^\n]*\n$/);
    expect(exitCode).toBe(2);
    iot.destroy();

    const roomy = operatorOf(await startServe({ flags: ['--data-dir', directory.path] }));
    const again = accepted.map((thingName) => roomy.send(new CreateThingCommand({ thingName })));
    const answers = await Promise.allSettled(again);
    expect(accepted.length).toBeGreaterThan(20);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    roomy.destroy();
  });
});
