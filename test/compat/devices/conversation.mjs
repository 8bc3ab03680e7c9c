/**
 * How the devices of test/compat talk to the test that started them: each event is one line of JSON on stdout
 * (`started`: a job is running; `answered`: what the service said to its last update), each line on stdin that says `finish`
 * asks for the running job to be reported as SUCCEEDED. Where to connect comes in the environment, as for `jobrig check`.
 */
import { createInterface } from 'node:readline';

const { env } = process;

export const thingName = env['JOBRIG_THING_NAME'];
export const host = env['JOBRIG_MQTT_HOST'];
export const mqttPort = Number(env['JOBRIG_MQTT_PORT']);
export const mqttsPort = Number(env['JOBRIG_MQTTS_PORT']);
export const wssPort = Number(env['JOBRIG_WSS_PORT']);
export const caFile = env['JOBRIG_CA_FILE'];
export const certFile = env['JOBRIG_CERT_FILE'];
export const keyFile = env['JOBRIG_KEY_FILE'];

export function started(jobId) {
  tell({ event: 'started', jobId });
}

/** @param answer `accepted`, the code of a rejection, or `silence` where the client hears nothing of it. */
export function answered(jobId, answer) {
  tell({ event: 'answered', jobId, answer });
}

export function onFinish(finish) {
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'finish') finish();
  });
}

function tell(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
