/** What happens at the HTTP door, for logs, metrics and live pages. Nothing is put together while nobody listens. */
import type { DeviceRequest } from '../../protocol/device-messages.ts';
import type { EpochMs } from '../../protocol/time.ts';
import type { RequestOperation } from '../../protocol/topics.ts';
import type { AwsResponse } from './aws-response.ts';

/** Why a request was refused, as the caller was told. */
export interface HttpRefusal {
  readonly exception: string;
  readonly message: string;
}

export type HttpDoorEvent =
  /** An operation of AWS was asked for and answered. */
  | {
      readonly kind: 'called';
      readonly plane: 'iot' | 'iot-data' | 'iot-jobs-data';
      readonly operation: string;
      readonly thingName?: string;
      readonly jobId?: string;
      readonly force?: boolean;
      /** What the request asks for and is kept without being done, in words. */
      readonly notDone?: string;
      /** Of a device on the data plane of Jobs. */
      readonly request?: DeviceRequest;
      /** In service time. */
      readonly startedAt: EpochMs;
      readonly status: number;
      /** Absent: it was done. */
      readonly error?: HttpRefusal;
    }
  /** A request was refused before it was known to be an operation, or because of who asked. */
  | ({
      readonly kind: 'request-refused';
      readonly method: string;
      readonly path: string;
      readonly status: number;
    } & HttpRefusal)
  /** A bug: the caller was told InternalFailure. `stack` is for whoever mends it. */
  | { readonly kind: 'request-failed'; readonly method: string; readonly path: string; readonly stack: string };

export type HttpEventListener = (event: HttpDoorEvent) => void;

/** What is told of a request that was answered. */
export function calledEvent(response: AwsResponse, method: string, target: string, startedAt: EpochMs): HttpDoorEvent {
  const { status, error, about } = response;
  if (about === undefined) {
    const { exception = '', message = '' } = error ?? {};
    return { kind: 'request-refused', method, path: target.split('?', 1)[0]!, status, exception, message };
  }
  const { operation, members } = about;
  const { thingName, jobId, force, ...body } = members as Readonly<Record<string, unknown>>;
  const isDevice = operation.service === 'iot-jobs-data';
  return {
    kind: 'called',
    plane: operation.service,
    operation: operation.name,
    ...(typeof thingName === 'string' && { thingName }),
    ...(typeof jobId === 'string' && { jobId }),
    ...(force === true && { force }),
    ...(error === undefined && body['preProvisioningHook'] !== undefined && { notDone: hookNotRun }),
    ...(isDevice && { request: deviceRequest(operation.name, jobId, body) }),
    startedAt,
    status,
    ...(error && { error: { exception: error.exception, message: error.message } }),
  };
}

const hookNotRun =
  'its pre-provisioning hook is kept and shown, but not run: there is no AWS Lambda here, and every device is provisioned as if the hook had allowed it';

/** Validation has given the members this shape. */
export function deviceRequest(operation: string, jobId: unknown, { namespaceId, ...body }: Record<string, unknown>) {
  return {
    operation: operation as RequestOperation,
    ...(typeof jobId === 'string' && { jobId }),
    ...(typeof namespaceId === 'string' && { namespaceId }),
    body,
  } as DeviceRequest;
}
