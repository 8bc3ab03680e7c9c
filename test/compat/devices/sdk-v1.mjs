/**
 * AWS IoT Device SDK v1 for JavaScript, its `jobs` class as its documentation uses it: jobs come through
 * `$next/get/accepted` and `notify-next`, and what the service says to an update never reaches the application.
 * Argument: `tls` (mutual TLS) or `wss` (WebSocket, signed with the credentials of the environment).
 */
import sdk from 'aws-iot-device-sdk';
import * as rig from './conversation.mjs';

const transports = {
  tls: { protocol: 'mqtts', port: rig.mqttsPort, certPath: rig.certFile, keyPath: rig.keyFile },
  wss: { protocol: 'wss', port: rig.wssPort, region: 'us-east-1' },
};

const jobs = sdk.jobs({
  host: rig.host,
  clientId: rig.thingName,
  caPath: rig.caFile,
  ...transports[process.argv[2]],
});
let running;

jobs.on('error', (error) => console.error(error));
jobs.on('connect', () => {
  jobs.subscribeToJobs(rig.thingName, (error, job) => {
    if (error || job.status.status === 'IN_PROGRESS') return;
    running = job;
    job.inProgress({ step: 'started' }, () => rig.started(job.id));
  });
  jobs.startJobNotifications(rig.thingName, (error) => error && console.error(error));
});
rig.onFinish(() => running.succeeded({ step: 'finished' }, () => rig.answered(running.id, 'silence')));
