/**
 * AWS IoT Device SDK v2 for JavaScript, classic `IotJobsClient`: one SUBSCRIBE per topic, then publishes, as its samples do. The
 * answers to updates are subscribed to job by job, because the client knows no wildcards over MQTT 5.
 * Arguments: MQTT version (`311` or `5`), transport (`tls` or `wss`).
 */
import { iotjobs, mqtt } from 'aws-iot-device-sdk-v2';
import * as rig from './conversation.mjs';
import { connect311, connect5 } from './sdk-v2-connection.mjs';

const [version, transport] = process.argv.slice(2);
const { thingName } = rig;
const qos = mqtt.QoS.AtLeastOnce;
let running;

const client =
  version === '5'
    ? iotjobs.IotJobsClient.newFromMqtt5Client(await connect5())
    : new iotjobs.IotJobsClient(await connect311(transport));

await client.subscribeToStartNextPendingJobExecutionAccepted({ thingName }, qos, async (error, response) => {
  if (error) throw error;
  if (response.execution === undefined) return;
  running = response.execution.jobId;
  await subscribeToAnswers(running);
  rig.started(running);
});
await client.subscribeToStartNextPendingJobExecutionRejected({ thingName }, qos, rejected);
await client.subscribeToNextJobExecutionChangedEvents({ thingName }, qos, (error, event) => {
  if (error) throw error;
  if (event.execution?.status === 'QUEUED') startNext();
});
await startNext();
rig.onFinish(() => client.publishUpdateJobExecution({ thingName, jobId: running, status: 'SUCCEEDED' }, qos));

function startNext() {
  return client.publishStartNextPendingJobExecution({ thingName }, qos);
}

async function subscribeToAnswers(jobId) {
  await client.subscribeToUpdateJobExecutionAccepted({ thingName, jobId }, qos, (error) => {
    if (error) throw error;
    rig.answered(jobId, 'accepted');
  });
  await client.subscribeToUpdateJobExecutionRejected({ thingName, jobId }, qos, rejected);
}

function rejected(error, response) {
  if (error) throw error;
  rig.answered(running, response.code);
}
