/**
 * A bench for firmware as it comes from its makers: the service on the ports of a board with TLS, a device certificate, files
 * that stand in for S3, an operator with the AWS SDK. The devices on it are played in our own words, from what the unmodified
 * ones were seen to do (docs/field-notes.md).
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IoT } from '@aws-sdk/client-iot';
import { type IClientOptions, type MqttClient, connectAsync } from 'mqtt';
import { type IssuedCertificate, openCertificateAuthority } from '../../broker/certificates.ts';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import type { Observation } from '../../observation/observation.ts';
import { operatorOf } from './operator.ts';
import { endAfterTest } from './after-test.ts';

export const roleArn = 'arn:aws:iam::000000000000:role/field';

/** A message as it came in. */
export interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
}

/** For the test that opens it. */
export async function openFieldBench(...told: Parameters<typeof FieldBench.open>): Promise<FieldBench> {
  const bench = await FieldBench.open(...told);
  endAfterTest(() => bench.close());
  return bench;
}

export class FieldBench {
  readonly thingName = 'field-1';
  readonly thingArn: string;
  readonly service: Service;
  readonly operator: IoT;
  readonly certificate: IssuedCertificate;
  /** What stands in the bucket `images` as `v2.bin`. */
  readonly image: Buffer;
  readonly seen: Observation[];
  readonly #directory: string;
  readonly #devices: FieldDevice[] = [];

  private constructor(
    parts: Pick<FieldBench, 'service' | 'operator' | 'certificate' | 'image' | 'seen'>,
    directory: string,
  ) {
    this.service = parts.service;
    this.operator = parts.operator;
    this.certificate = parts.certificate;
    this.image = parts.image;
    this.seen = parts.seen;
    this.thingArn = `arn:aws:iot:us-east-1:000000000000:thing/${this.thingName}`;
    this.#directory = directory;
  }

  static async open(options: ServiceOptions = {}, imageBytes = 70_000): Promise<FieldBench> {
    const directory = await mkdtemp(join(tmpdir(), 'jobrig-field-'));
    const image = randomBytes(imageBytes);
    await mkdir(join(directory, 'files/images'), { recursive: true });
    await writeFile(join(directory, 'files/images/v2.bin'), image);
    const dataDir = join(directory, 'data');
    const certificate = await (await openCertificateAuthority(dataDir)).issueThingCertificate('field-1');
    const seen: Observation[] = [];
    const service = await startService({
      board: true,
      files: join(directory, 'files'),
      dataDir,
      durability: 'off',
      observer: { download: (download) => void seen.push(download) },
      ...options,
    });
    const operator = operatorOf(service);
    const bench = new FieldBench({ service, operator, certificate, image, seen }, directory);
    await operator.createThing({ thingName: bench.thingName });
    return bench;
  }

  /** By the port that AWS has at 443, with ALPN, or at 8883 without. */
  async connect(port: 443 | 8883, options: IClientOptions = {}): Promise<FieldDevice> {
    const url = new URL((port === 443 ? this.service.wssUrl : this.service.mqttsUrl) ?? '');
    const client = await connectAsync({
      protocol: 'mqtts',
      host: 'localhost',
      port: Number(url.port),
      servername: 'localhost',
      ca: this.service.ca,
      clientId: this.thingName,
      reconnectPeriod: 0,
      ...this.certificate,
      ...(port === 443 && { ALPNProtocols: ['x-amzn-mqtt-ca'] }),
      ...options,
    });
    const device = new FieldDevice(this.thingName, client);
    this.#devices.push(device);
    return device;
  }

  async createJob(jobId: string, document: object): Promise<void> {
    await this.operator.createJob({
      jobId,
      targets: [this.thingArn],
      document: JSON.stringify(document),
      presignedUrlConfig: { roleArn },
    });
  }

  async deleteJob(jobId: string): Promise<void> {
    await this.operator.deleteJob({ jobId, force: true });
  }

  async execution(jobId: string) {
    const { thingName } = this;
    return (await this.operator.describeJobExecution({ jobId, thingName })).execution;
  }

  async close(): Promise<void> {
    for (const device of this.#devices) await device.client.endAsync(true);
    this.operator.destroy();
    await this.service.close();
    await rm(this.#directory, { recursive: true });
  }
}

export class FieldDevice {
  readonly client: MqttClient;
  /** Everything that was heard, in order. */
  readonly heard: Heard[] = [];
  /** Whether the service, or the network, has ended the connection. */
  isCut = false;
  readonly #thingName: string;
  #taken = 0;
  #changed: (() => void)[] = [];

  constructor(thingName: string, client: MqttClient) {
    this.#thingName = thingName;
    this.client = client;
    client.on('message', (topic, payload, { qos }) => {
      this.heard.push({ topic, payload, qos });
      for (const changed of this.#changed.splice(0)) changed();
    });
    client.on('close', () => {
      this.isCut = true;
      for (const changed of this.#changed.splice(0)) changed();
    });
  }

  /** Below `$aws/things/T/`. */
  topic(tail: string): string {
    return `$aws/things/${this.#thingName}/${tail}`;
  }

  /** One filter a SUBSCRIBE, as most do. */
  async subscribe(tails: readonly string[], qos: 0 | 1 = 1): Promise<void> {
    for (const tail of tails) await this.client.subscribeAsync(this.topic(tail), { qos });
  }

  async publish(tail: string, payload: object | string | Buffer, qos: 0 | 1 = 1): Promise<void> {
    const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
    await this.client.publishAsync(this.topic(tail), bytes, { qos });
  }

  /** The next message on a topic that ends so, among those not yet waited for. */
  async next(tail: string): Promise<Heard> {
    const wanted = this.topic(tail);
    for (;;) {
      const index = this.heard.findIndex(({ topic }, at) => at >= this.#taken && topic === wanted);
      if (index >= 0) {
        this.#taken = index + 1;
        return this.heard[index]!;
      }
      if (this.isCut) throw new Error(`the connection has ended before ${wanted}`);
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
      });
    }
  }

  async nextJson(tail: string): Promise<Record<string, unknown>> {
    return JSON.parse((await this.next(tail)).payload.toString()) as Record<string, unknown>;
  }

  /** Asks, and waits for the answer. */
  async ask(
    tail: string,
    payload: object | string,
    qos: 0 | 1 = 1,
  ): Promise<[outcome: string, answer: Record<string, unknown>]> {
    const from = this.heard.length;
    await this.publish(tail, payload, qos);
    for (;;) {
      const found = this.heard.findIndex(({ topic }, at) => at >= from && topic.startsWith(`${this.topic(tail)}/`));
      if (found >= 0) {
        const { topic, payload: answer } = this.heard[found]!;
        return [topic.slice(this.topic(tail).length + 1), JSON.parse(answer.toString()) as Record<string, unknown>];
      }
      if (this.isCut) throw new Error(`the connection has ended before an answer to ${tail}`);
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
      });
    }
  }
}

/** An execution as a device reads it. */
export interface FieldExecution {
  readonly jobId: string;
  readonly status: string;
  readonly versionNumber: number;
  readonly executionNumber: number;
  readonly queuedAt: number;
  readonly statusDetails?: Readonly<Record<string, string>>;
  readonly jobDocument: Readonly<Record<string, unknown>>;
}
