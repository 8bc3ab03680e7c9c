/**
 * A job agent on the request–response client of the AWS IoT Device SDK v2 for JavaScript, as its documentation uses it: it starts the
 * next job when `notify-next` shows one and when it has connected, works for half a second, and reports. A refused update ends its
 * work on that job. The SDK connects again by itself and renews its streams.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { iotjobs } from 'aws-iot-device-sdk-v2';
import * as rig from './conversation.mjs';
import { connect5 } from './sdk-v2-connection.mjs';

const { thingName } = rig;
const connection = await connect5();
const client = iotjobs.IotJobsClientv2.newFromMqtt5(connection, {
  maxRequestResponseSubscriptions: 8,
  maxStreamingSubscriptions: 2,
  operationTimeoutInSeconds: 5,
});
let isWorking = false;
let isWoken = false;

async function work() {
  isWoken = true;
  if (isWorking) return;
  isWorking = true;
  while (isWoken) {
    isWoken = false;
    try {
      const { execution } = await client.startNextPendingJobExecution({ thingName });
      if (execution?.jobId === undefined) continue;
      isWoken = true;
      await run(execution);
    } catch (error) {
      console.log(`refused: ${error.modeledError?.code ?? error.message}`);
      await pause(1000);
      isWoken = error.modeledError === undefined || isWoken;
    }
  }
  isWorking = false;
}

async function run({ jobId, jobDocument }) {
  const isOurs = jobDocument?.operation === 'firmware';
  if (isOurs) await pause(500);
  const status = isOurs ? 'SUCCEEDED' : 'FAILED';
  await client.updateJobExecution({ thingName, jobId, status });
}

const changes = client.createNextJobExecutionChangedStream({ thingName });
changes.on('incomingPublish', ({ message }) => message.execution !== undefined && void work());
changes.on('subscriptionStatus', () => void work());
changes.open();
