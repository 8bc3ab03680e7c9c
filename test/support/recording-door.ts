/** The HTTP door in front of a service that only records, with ways to ask it what no HTTP client would ask. */
import { type Socket, connect } from 'node:net';
import { expect } from 'vitest';
import type { OperationName } from '../../broker/engine/contract.ts';
import { type HttpDoor, openHttpDoor } from '../../broker/http/http-door.ts';
import { type RawRequest, type RawResponse, rawHttp } from './raw-http.ts';
import { type RecordingPort, createRecordingPort } from './recording-port.ts';

/** Some operations, not all: what is not built is refused, and that is tested too. */
export const recordedOperations: ReadonlySet<OperationName> = new Set<OperationName>([
  'iot:CreateJob',
  'iot:CreateThing',
  'iot:DeleteJob',
  'iot:DescribeJob',
  'iot:DescribeJobExecution',
  'iot:ListJobExecutionsForThing',
  'iot:UpdateJob',
  'iotjobsdata:DescribeJobExecution',
  'iotjobsdata:GetPendingJobExecutions',
  'iotjobsdata:StartNextPendingJobExecution',
  'iotjobsdata:UpdateJobExecution',
]);

export interface RecordingDoor {
  readonly door: HttpDoor;
  readonly port: RecordingPort;
  readonly httpPort: number;
  ask(request: RawRequest): Promise<RawResponse>;
  /** Sends bytes as they are, and gives back everything that comes. */
  send(text: string): Promise<string>;
}

export async function openRecordingDoor(): Promise<RecordingDoor> {
  const port = createRecordingPort();
  port.reply = { accepted: true, response: {} };
  const door = await openHttpDoor({
    port,
    handled: recordedOperations,
    listeners: { http: 0 },
    status: () => ({ endpoints: { mqtt: 'mqtt://<b>' }, connectedClients: 7 }),
  });
  const httpPort = door.ports.http ?? 0;
  return {
    door,
    port,
    httpPort,
    ask: (request) => rawHttp(httpPort, request),
    send(text) {
      const socket = connect(httpPort, '127.0.0.1');
      socket.end(text);
      return everythingFrom(socket);
    },
  };
}

export function everythingFrom(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

/** An error in the form that every AWS SDK understands. */
export function expectError(response: RawResponse, status: number, exception: string): void {
  expect([response.status, response.headers['x-amzn-errortype']]).toEqual([status, exception]);
  expect(response.headers['content-type']).toBe('application/json');
  expect(response.json()).toMatchObject({ __type: exception, message: expect.stringMatching(/\S/) });
}
