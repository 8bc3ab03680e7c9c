/**
 * Writes `request-lines.json`: method, path and name of every operation that the AWS SDK knows for the services behind this
 * rig's one port, so that what is asked for and not served can be named. Run it when the SDK is updated:
 *
 *     node protocol/aws/request-lines.mjs
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as iot from '@aws-sdk/client-iot';
import * as data from '@aws-sdk/client-iot-data-plane';
import * as jobs from '@aws-sdk/client-iot-jobs-data-plane';

/** In a schema of the SDK: what is an operation, and where its parts are. */
const operationKind = 9;

function requestLines(client) {
  return Object.values(client)
    .filter((schema) => Array.isArray(schema) && schema[0] === operationKind)
    .map(([, , name, { http }]) => ({ name, method: http[0], uri: http[1].split('?')[0] }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

const lines = { iot: requestLines(iot), 'iot-data': requestLines(data), 'iot-jobs-data': requestLines(jobs) };
writeFileSync(join(import.meta.dirname, 'request-lines.json'), `${JSON.stringify(lines, null, 1)}\n`);
