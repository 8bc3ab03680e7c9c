/**
 * A small right agent that takes its image from an MQTT stream, one block after the other, and asks again for one that does not come:
 * `node stream-agent.mjs`. What it has installed it forgets, so that nothing of it is left in files.
 */
import { createHash } from 'node:crypto';
import { connect } from 'mqtt';

const { JOBRIG_THING_NAME: thing, JOBRIG_MQTT_HOST: host, JOBRIG_MQTT_PORT: port } = process.env;
const jobs = `$aws/things/${thing}/jobs`;
const blockSize = 1024;
const againAfterMs = 150;

let atWork;
let heard;

const client = connect(`mqtt://${host}:${port}`, { clientId: thing, reconnectPeriod: 100, resubscribe: false });
client.on('error', () => {});
client.on('connect', () => {
  const filters = [`${jobs}/notify-next`, `${jobs}/start-next/+`, `${jobs}/+/update/+`];
  client.subscribe(
    [...filters, `$aws/things/${thing}/streams/+/data/json`, `$aws/things/${thing}/streams/+/rejected/json`],
    { qos: 1 },
    () => ask('start-next', {}),
  );
});
client.on('message', (topic, payload) => {
  const message = JSON.parse(payload.toString());
  if (topic.startsWith(jobs)) hear(topic.slice(jobs.length + 1), message);
  else heard?.(topic.endsWith('/rejected/json') ? undefined : message);
});

function ask(path, body) {
  client.publish(`${jobs}/${path}`, JSON.stringify(body), { qos: 1 });
}

function hear(path, { execution, clientToken, code }) {
  if (path === 'notify-next' && execution !== undefined && execution.jobId !== atWork) ask('start-next', {});
  else if (path === 'start-next/accepted' && execution !== undefined && execution.jobId !== atWork)
    void work(execution);
  else if (path.endsWith('/update/rejected') && clientToken === atWork && code !== undefined) done();
  else if (path.endsWith('/update/accepted') && clientToken === atWork) done();
}

function done() {
  atWork = undefined;
  heard = undefined;
  ask('start-next', {});
}

async function work({ jobId, jobDocument: { stream, size, sha256 } }) {
  atWork = jobId;
  const image = stream === undefined ? undefined : await download(stream, Number(size));
  const isWhole = stream === undefined || createHash('sha256').update(image).digest('hex') === sha256;
  if (atWork === jobId) ask(`${jobId}/update`, { status: isWhole ? 'SUCCEEDED' : 'FAILED', clientToken: jobId });
}

async function download(stream, size) {
  const blocks = [];
  for (let o = 0; o * blockSize < size; o += 1) {
    const block = await blockOf(stream, o);
    if (block === undefined) break;
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

/** Until it comes, or there is none. */
function blockOf(stream, o) {
  return new Promise((resolve) => {
    const request = JSON.stringify({ f: 0, l: blockSize, o, n: 1 });
    const send = () => client.publish(`$aws/things/${thing}/streams/${stream}/get/json`, request);
    const timer = setInterval(send, againAfterMs);
    heard = (message) => {
      if (message !== undefined && message.i !== o) return;
      clearInterval(timer);
      resolve(message && Buffer.from(message.p, 'base64'));
    };
    send();
  });
}
