/**
 * Greengrass as far as jobs go: how its two cores listen to a namespace, ask, work, and learn that a deployment is gone.
 * Written from what they do on the wire (reference mqtt-api.md §7), to drive the service as they would.
 */
import { randomUUID } from 'node:crypto';
import type { MqttClient } from 'mqtt';

export const deploymentNamespace = 'aws-gg-deployment';

interface Execution {
  readonly jobId: string;
  readonly status: string;
  readonly queuedAt: number;
  readonly jobDocument: object;
}

interface Answer {
  readonly execution?: Execution;
  readonly clientToken?: string;
  readonly code?: string;
  readonly [member: string]: unknown;
}

type Told = { readonly jobs: { readonly QUEUED?: readonly Execution[]; readonly IN_PROGRESS?: readonly Execution[] } };

export abstract class GreengrassCore {
  readonly thingName: string;
  /** Deployments under way, newest last. */
  readonly running: string[] = [];
  /** What happened, in order: `got J`, `gone J`. */
  readonly log: string[] = [];
  readonly #client: MqttClient;
  readonly #answers = new Map<string, (answer: Answer) => void>();
  readonly #seen = new Set<string>();
  #changed: (() => void)[] = [];

  constructor(thingName: string, client: MqttClient) {
    this.thingName = thingName;
    this.#client = client;
    client.on('message', (topic, payload) => {
      const message = JSON.parse(payload.toString()) as Answer & Told;
      if (!/(accepted|rejected)$/.test(topic)) void this.told(message);
      else this.#answers.get(message.clientToken ?? '')?.(message);
    });
  }

  protected abstract readonly notification: string;
  protected abstract told(message: Answer & Told): Promise<void>;

  async start(): Promise<void> {
    const replies = ['$next/namespace-NS/get', '+/namespace-NS/update'].flatMap((topic) => [
      this.topic(`${topic}/accepted`),
      this.topic(`${topic}/rejected`),
    ]);
    await this.#client.subscribeAsync([this.topic(this.notification), ...replies], { qos: 1 });
  }

  /** @returns what the service says to a status, as `accepted` or as its code. */
  async update(jobId: string, status: string): Promise<string> {
    if (status !== 'IN_PROGRESS') this.#forget(jobId);
    return (await this.ask(`${jobId}/namespace-NS/update`, { status })).code ?? 'accepted';
  }

  async logged(entry: string): Promise<void> {
    while (!this.log.includes(entry)) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  protected topic(tail: string): string {
    return `$aws/things/${this.thingName}/jobs/${tail.replace('NS', deploymentNamespace)}`;
  }

  protected async ask(tail: string, body: object): Promise<Answer> {
    const clientToken = randomUUID();
    const answered = new Promise<Answer>((resolve) => this.#answers.set(clientToken, resolve));
    await this.#client.publishAsync(this.topic(tail), JSON.stringify({ ...body, clientToken }), { qos: 1 });
    return answered;
  }

  /** A deployment seen before, by id and time, is no news to either core. */
  protected take({ jobId, queuedAt, jobDocument }: Execution): void {
    if (!Number.isInteger(queuedAt) || typeof jobDocument !== 'object') throw new Error(`cannot read ${jobId}`);
    const identity = `${jobId} ${queuedAt}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    this.running.push(jobId);
    this.#note(`got ${jobId}`);
  }

  #forget(jobId: string): void {
    const index = this.running.indexOf(jobId);
    if (index !== -1) this.running.splice(index, 1);
  }

  #note(entry: string): void {
    this.log.push(entry);
    for (const wake of this.#changed.splice(0)) wake();
  }

  /** Stops work on what the service has no more. */
  protected drop(): void {
    for (const jobId of this.running.splice(0)) this.#note(`gone ${jobId}`);
  }
}

/** The core in Java: told of the list, asks for the head, and asks again while there is none yet. */
export class Nucleus extends GreengrassCore {
  protected readonly notification = 'notify-namespace-NS';

  protected async told({ jobs }: Told): Promise<void> {
    if (jobs.QUEUED !== undefined) this.take(await this.#head());
    else if (Object.keys(jobs).length === 0) this.drop();
  }

  async #head(): Promise<Execution> {
    for (;;) {
      const { execution } = await this.ask('$next/namespace-NS/get', { jobId: '$next', includeJobDocument: true });
      if (execution !== undefined) return execution;
    }
  }
}

/** The core in C: told of the head, and asks for it all the same, at start too. */
export class NucleusLite extends GreengrassCore {
  protected readonly notification = 'notify-next-namespace-NS';

  override async start(): Promise<void> {
    await super.start();
    await this.#askForHead();
  }

  protected async told({ execution }: Answer): Promise<void> {
    if (execution === undefined || !this.running.includes(execution.jobId)) this.drop();
    if (execution !== undefined) await this.#askForHead();
  }

  async #askForHead(): Promise<void> {
    const body = { jobId: '$next', thingName: this.thingName, includeJobDocument: true };
    const { execution } = await this.ask('$next/namespace-NS/get', body);
    if (execution !== undefined) this.take(execution);
  }
}
