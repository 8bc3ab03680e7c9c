/**
 * Devices that cannot be checked, or that are hard to end: `node odd-agent.mjs ODDITY`. Those of the second kind are the right
 * agent of fixtures/agents in an odd coat.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const oddity = process.argv[2];
const { JOBRIG_THING_NAME: thing, JOBRIG_MQTT_HOST: host, JOBRIG_MQTT_PORT: port } = process.env;
const plain = `mqtt://${host}:${port}`;

async function connected(name = thing, options = {}) {
  // What needs no connection is to start at once.
  const { default: mqtt } = await import('mqtt');
  const client = mqtt.connect(options.url ?? plain, { clientId: name, reconnectPeriod: 200, ...options });
  client.on('error', () => {});
  await new Promise((done) => client.once('connect', done));
  const prefix = `$aws/things/${name}/jobs`;
  return {
    client,
    listen: () =>
      client.subscribeAsync([`${prefix}/notify-next`, `${prefix}/+/get/+`, `${prefix}/+/update/+`], { qos: 1 }),
    say: (path, body) => client.publishAsync(`${prefix}/${path}`, JSON.stringify(body), { qos: 1 }),
  };
}

/** Answers every job at once with one status. */
async function answering(status) {
  const { client, listen, say } = await connected();
  client.on('message', (topic, payload) => {
    const { execution } = JSON.parse(payload.toString());
    if (execution?.jobId !== undefined && !topic.includes('update')) {
      void say(`${execution.jobId}/update`, { status, statusDetails: { reason: 'as it is told' } });
    }
  });
  await listen();
  await say('$next/get', {});
}

async function right() {
  const { Agent, deviceFromEnvironment } = await import('../../fixtures/agents/mqttjs/agent.mjs');
  new Agent(deviceFromEnvironment()).start();
}

const oddities = {
  'ends-at-once': () => {
    console.error('no key');
    process.exit(7);
  },
  'goes-away': () => process.exit(0),
  'never-connects': () => setInterval(() => {}, 1000),
  'only-connects': () => connected(),
  'only-listens': async () => (await connected()).listen(),
  'listens-elsewhere': async () => (await connected()).client.subscribe('foo'),
  'listens-in-a-namespace': async () =>
    (await connected()).client.subscribe(`$aws/things/${thing}/jobs/notify-namespace-fleet`),
  'only-asks': async () => {
    const { listen, say } = await connected();
    await listen();
    await say('$next/get', {});
  },
  'has-another-name': async () => {
    const { listen, say } = await connected('other-thing');
    await listen();
    await say('$next/get', {});
  },
  'has-another-certificate': () => {
    const [cert = '', key = ''] = process.argv.slice(3).map((file) => readFileSync(file));
    const { JOBRIG_MQTTS_PORT: tls, JOBRIG_CA_FILE: ca } = process.env;
    return connected(thing, { url: `mqtts://${host}:${tls}`, ca: readFileSync(ca), cert, key });
  },
  rejects: () => answering('REJECTED'),
  fails: () => answering('FAILED'),
  'never-ends-a-job': () => answering('IN_PROGRESS'),
  right,
  /** Does not mind SIGTERM, nor does its child. */
  'is-stubborn': () => {
    process.on('SIGTERM', () => {});
    spawn('sh', ['-c', "trap '' TERM; while :; do sleep 1; done"], { stdio: 'ignore' });
    return right();
  },
  /** Its first process ends; the work goes on in one of another session. */
  'is-a-daemon': () => {
    spawn(process.execPath, [process.argv[1], 'right'], { detached: true, stdio: 'ignore' }).unref();
  },
  'prints-without-end': async () => {
    await right();
    const line = `${'x'.repeat(200)}\n`.repeat(50);
    const write = () => void process.stdout.write(line, () => setTimeout(write, 1));
    write();
    process.stderr.write('y'.repeat(3_000_000)); // a line of 3 MB without an end
  },
};

await oddities[oddity]();
