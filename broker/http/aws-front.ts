/**
 * AWS's REST-JSON front over the service: a request becomes one engine command, its reply a response. Everything an
 * operation needs is in the operations table; only DescribeEndpoint, which asks about this door, is answered here, and what
 * needs files or certificates is prepared first, because the engine reads no files and knows no cryptography. Knows no
 * framework and no sockets. Source: reference http-api.md §2 (errors), §3 and §5 (operations).
 */
import { type DeviceResponse, dataPlanePayload } from '../../protocol/device-payloads.ts';
import type { ArnScope } from '../../protocol/names.ts';
import { rejections, shadowError } from '../../protocol/rejections.ts';
import type { EpochMs } from '../../protocol/time.ts';
import { type RequestOperation, asksNext } from '../../protocol/topics.ts';
import type { AnswerFaults } from '../../faults/service-faults.ts';
import type { ServiceFault } from '../../faults/thing-faults.ts';
import type { CommandOf, OperationName, Reply, ResponseOf } from '../engine/contract.ts';
import type { ServicePort } from '../engine/port.ts';
import { type InFlightScope, ShadowsInFlight } from '../net/shadows-in-flight.ts';
import { type AwsError, errorOfFault, errorOfRejection, invalidRequest, unknownOperation } from './aws-error.ts';
import { type AwsResponse, errorResponse, success } from './aws-response.ts';
import { type CertificateIssuer, preparationFor } from './certificate-members.ts';
import { type AwsCall, type AwsRequest, type Read, readAwsRequest } from './aws-request.ts';
import { errorToCaller, foreignArnNote, foreignRole, fromCaller, toCaller } from './caller-region.ts';
import { type Caller, objectionTo } from './callers.ts';
import { describeEndpoint } from './describe-endpoint.ts';
import type { DeviceCall, DeviceGate } from './device-gate.ts';
import { deviceRequest } from './door-events.ts';
import { type FileReader, withFiles } from './file-members.ts';
import type { Members } from './request-members.ts';
import { responseText } from './response-text.ts';
import { whyUnserved } from './unserved-operations.ts';

export interface AwsFrontOptions {
  /** Region and account of what the engine keeps; default those of `startService`. */
  readonly identity?: ArnScope;
  /** Whether ARNs have that region for every caller, or the one that a caller signs for; default the caller's. */
  readonly region?: 'fixed' | "the caller's";
  readonly port: ServicePort;
  /** What goes wrong with answers to devices; absent: nothing. A request has one answer here, so `twice` is no fault. */
  readonly faults?: AnswerFaults;
  /** What the engine behind the port answers; the table's other operations are refused as unknown. */
  readonly handled: ReadonlySet<OperationName>;
  /** The endpoint type `iot:Jobs`, which AWS documents and refuses; default `refused`. */
  readonly retiredEndpointTypes?: 'served' | 'refused';
  /** Makes and reads certificates; absent: the operations that need that are not there. */
  readonly certificates?: CertificateIssuer;
  /** Reads files; absent without a place that stands in for S3. */
  readonly files?: FileReader;
  /** The `host:port` at which who has reached the door by this host name reaches it again. */
  readonly endpointFor: (host: string) => string;
  /** Of what so many shadow requests may be in flight; default: of a thing on a connection. */
  readonly shadowsInFlight?: InFlightScope;
  /** Sees every request of a device; absent: nobody does. */
  readonly deviceGate?: DeviceGate;
  /** A device has reached the door by this host name. */
  readonly deviceCame?: (thingName: string, host: string) => void;
}

/**
 * `host` is the host name or address by which whoever asks has reached the door; `connection` whatever stands for the
 * connection that he asks on.
 */
export type AwsFront = (request: AwsRequest, caller: Caller, host: string, connection: object) => Promise<AwsResponse>;

export function createAwsFront(options: AwsFrontOptions): AwsFront {
  const inFlight = new ShadowsInFlight(options.shadowsInFlight ?? 'of a thing on a connection');
  return async (request, caller, host, connection) => {
    const call = readAwsRequest(request);
    if ('error' in call) return errorResponse(call.error);
    const about = { operation: call.value.operation, members: call.value.members };
    const objection = objectionTo(caller, call.value);
    if (objection !== undefined) return { ...errorResponse(objection), about };
    const answer = () => answered(options, call.value, host);
    const { deviceGate } = options;
    const { service } = call.value.operation;
    if (service === 'iot-data') {
      const ended = inFlight.begin(connection, call.value.members['thingName'] as string);
      if (ended === undefined) return { ...errorResponse(tooManyShadows), about };
      try {
        return await answer();
      } finally {
        ended();
      }
    }
    if (deviceGate === undefined || service !== 'iot-jobs-data') return answer();
    return { ...(await deviceGate(deviceCall(call.value, answer))), about };
  };
}

function deviceCall({ operation, members }: AwsCall, answer: () => Promise<AwsResponse>): DeviceCall {
  const { thingName, jobId, ...body } = members;
  return {
    thingName: String(thingName),
    request: deviceRequest(operation.name, jobId, body),
    answer,
    refuse: (code, message) => errorResponse(errorOfFault({ code, message })),
    nothing: () => success('{}'),
  };
}

async function answered(options: AwsFrontOptions, call: AwsCall, host: string): Promise<AwsResponse> {
  const about = { operation: call.operation, members: call.members };
  const { identity = defaultIdentity } = options;
  const region = options.region === 'fixed' ? undefined : call.region;
  const role = foreignRole(call.members, region ?? identity.region);
  // Assumed for other operations than those of jobs: that AWS says the same.
  if (role !== undefined)
    return { ...errorResponse({ ...invalidRequest, message: `Given role ${role} is invalid.` }), about };
  const members = fromCaller(call.members, identity, region);
  const answer = await perform(options, { ...call, members }, host);
  const isControl = call.operation.service === 'iot';
  if ('error' in answer) {
    const response = refusal(answer.error, members, identity, region);
    const body = isControl ? errorToCaller(response.body, identity, region) : response.body;
    return { ...response, body, about };
  }
  return { ...success(isControl ? toCaller(answer.value, identity, region) : answer.value), about };
}

/** Assumed: in the words of AWS's other throttling; over MQTT they are known. */
const tooManyShadows: AwsError = { ...shadowError('RequestThrottled'), message: 'Rate exceeded' };

const defaultIdentity: ArnScope = { region: 'us-east-1', account: '000000000000' };

function refusal(error: AwsError, members: Members, identity: ArnScope, region: string | undefined): AwsResponse {
  const isMissing = error.exception === rejections.ResourceNotFound.control.exception;
  const note = isMissing ? foreignArnNote(members, identity, region) : undefined;
  return errorResponse(note === undefined ? error : { ...error, message: `${error.message} ${note}` });
}

async function perform(
  {
    port,
    faults,
    handled,
    retiredEndpointTypes = 'refused',
    certificates,
    files,
    endpointFor,
    deviceCame,
  }: AwsFrontOptions,
  call: AwsCall,
  host: string,
): Promise<Read<string>> {
  const { operation } = call;
  const { service, name } = operation;
  if (name === 'DescribeEndpoint') {
    const endpoint = describeEndpoint(
      call.members['endpointType'] as string | undefined,
      endpointFor(host),
      retiredEndpointTypes,
    );
    return 'error' in endpoint ? endpoint : { value: responseText(operation, endpoint.value) };
  }
  const members = await withFiles(name, call.members, files, port);
  if ('error' in members) return members;
  const prepare = preparationFor(name);
  const made = prepare && certificates && (await prepare(certificates, members.value));
  if (made !== undefined && 'error' in made) return made;
  const asked = made?.certificate === undefined ? members.value : { ...members.value, certificate: made.certificate };
  const command = commandOf({ operation, members: asked });
  if (!handled.has(command.name) || (prepare !== undefined && made === undefined)) {
    return { error: { ...unknownOperation, message: whyUnserved(name) } };
  }
  if (service === 'iot-jobs-data') deviceCame?.(call.members['thingName'] as string, host);
  const fault = service === 'iot-jobs-data' ? faultOf(faults, call) : undefined;
  if (fault?.answer === 'refuse') return { error: errorOfFault(fault) };
  const { reply, at } = await submit(port, command, faults, fault);
  if (!reply.accepted) return { error: errorOfRejection(service, reply, at) };
  const response = service === 'iot-jobs-data' ? dataPlaneOutput(name, reply.response, at) : reply.response;
  const keyPair = made?.keyPair;
  return { value: responseText(operation, keyPair === undefined ? response : { ...response, keyPair }) };
}

/** Validation has given the members the command's shape, which the compiler cannot see. */
function commandOf({ operation: { service, name }, members }: AwsCall): CommandOf<OperationName> {
  const prefix = service === 'iot-jobs-data' ? 'iotjobsdata' : 'iot';
  return { name: `${prefix}:${name}`, request: members } as unknown as CommandOf<OperationName>;
}

function faultOf(faults: AnswerFaults | undefined, { operation, members }: AwsCall): ServiceFault | undefined {
  const { thingName, jobId } = members;
  const name = operation.name as RequestOperation;
  return faults?.of(String(thingName), name, asksNext({ operation: name, jobId: jobId as string | undefined }));
}

function submit(
  port: ServicePort,
  command: CommandOf<OperationName>,
  faults: AnswerFaults | undefined,
  fault: ServiceFault | undefined,
): Promise<{ readonly reply: Reply<ResponseOf<OperationName>>; readonly at: EpochMs }> {
  return new Promise((resolve) => {
    if (fault?.answer === 'not-at-all') return;
    if (fault?.answer === 'empty-next') return resolve({ reply: { accepted: true, response: {} }, at: port.now() });
    port.submit(command, (reply, at) => {
      if (fault?.answer === 'late') faults?.later(fault.lateMs, () => resolve({ reply, at }));
      else resolve({ reply, at });
    });
  });
}

function dataPlaneOutput(name: string, response: unknown, at: EpochMs): object {
  const operation = name as RequestOperation;
  return dataPlanePayload(operation, response as DeviceResponse<typeof operation>, at);
}
