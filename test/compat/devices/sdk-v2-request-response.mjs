/**
 * AWS IoT Device SDK v2 for JavaScript, `IotJobsClientv2`: requests are promises, told apart by the client token that the
 * service has to echo. Arguments: MQTT version (`311` or `5`), transport (`tls` or `wss`).
 */
import { iotjobs } from 'aws-iot-device-sdk-v2';
import * as rig from './conversation.mjs';
import { connect311, connect5 } from './sdk-v2-connection.mjs';

const [version, transport] = process.argv.slice(2);
const { thingName } = rig;
const limits = { maxRequestResponseSubscriptions: 6, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 10 };
let running;

const client =
  version === '5'
    ? iotjobs.IotJobsClientv2.newFromMqtt5(await connect5(), limits)
    : iotjobs.IotJobsClientv2.newFromMqtt311(await connect311(transport), limits);

const heads = client.createNextJobExecutionChangedStream({ thingName });
const subscribed = new Promise((resolve) => {
  heads.on('subscriptionStatus', resolve);
});
heads.on('incomingPublish', ({ message }) => message.execution?.status === 'QUEUED' && startNext());
heads.open();
await subscribed;
await startNext();
rig.onFinish(finish);

async function startNext() {
  const { execution } = await client.startNextPendingJobExecution({ thingName });
  if (execution === undefined) return;
  running = execution.jobId;
  rig.started(running);
}

async function finish() {
  try {
    await client.updateJobExecution({ thingName, jobId: running, status: 'SUCCEEDED' });
    rig.answered(running, 'accepted');
  } catch (error) {
    rig.answered(running, error.modeledError?.code ?? String(error));
  }
}
