/**
 * What a device asks over the data plane (HTTP), seen at the door and told as the same observations as over MQTT, and the faults
 * of a scenario, which are injected there too: who updates over HTTP is judged like everybody else. There is no notification over HTTP.
 * Source: docs/reference/http-api.md §2 and §3.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { AwsResponse } from '../../../broker/http/aws-response.ts';
import type { DeviceGate } from '../../../broker/http/device-gate.ts';
import type { Observer } from '../../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest } from '../../../protocol/device-messages.ts';
import { type JsonObject, parseJsonObject, present } from '../../../protocol/json.ts';
import { type RejectionCode, rejections } from '../../../protocol/rejections.ts';
import type { EpochMs } from '../../../protocol/time.ts';
import type { WireFaults } from './wire-faults.ts';

export interface DataPlaneWatchOptions {
  readonly observer: Observer;
  readonly faults: WireFaults;
  readonly now: () => EpochMs;
}

/** What is lost on HTTP breaks its connection, after a little: nobody keeps a request open for ever. */
const lostAnswerMs = 1000;
const lostAnswer = 'The answer was lost.';

export function watchDataPlane({ observer, faults, now }: DataPlaneWatchOptions): DeviceGate {
  return async (call) => {
    const { request, thingName } = call;
    const { operation } = request;
    const head = <K extends string>(kind: K) => ({ kind, at: now(), source: 'wire', thingName }) as const;
    const tellFault = (name: string): void =>
      observer.fault?.({ kind: 'fault', at: now(), source: 'host', thingName, name, operation });

    /** Whether a fault takes the message away; one that is only late is waited for. Nothing comes twice on HTTP. */
    async function loses(direction: 'request' | 'reply'): Promise<boolean> {
      const fault = faults.ofMessage(direction, operation);
      if (fault === undefined || fault.effect === 'duplicate') return false;
      tellFault(`${direction} ${fault.effect}`);
      if (fault.effect === 'late') await pause(fault.lateMs, undefined, { ref: false });
      return fault.effect === 'lost';
    }

    /** Of the service, or of a fault in its place; absent: there is none. */
    async function answered(): Promise<AwsResponse | undefined> {
      const fault = faults.ofAnswer(request);
      // A request has one answer here, so `twice` is no fault.
      if (fault !== undefined && fault.answer !== 'twice') tellFault(fault.name);
      switch (fault?.answer) {
        case 'refuse':
          return call.refuse(fault.code, fault.message);
        case 'not-at-all':
          return undefined;
        case 'empty-next':
          return call.nothing();
        case 'late': {
          const answer = await call.answer();
          await pause(fault.lateMs, undefined, { ref: false });
          return answer;
        }
        default:
          return (await loses('request')) ? undefined : call.answer();
      }
    }

    observer.sent?.({ ...head('sent'), request, via: 'http' });
    const answer = await answered();
    if (answer === undefined || (await loses('reply'))) {
      await pause(lostAnswerMs, undefined, { ref: false });
      return { ...call.refuse('InternalError', lostAnswer), isLost: true };
    }
    const message = messageOf(request, answer, now());
    observer.received?.({ ...head('received'), message });
    observer.delivered?.({ ...head('delivered'), message });
    return answer;
  };
}

/** The reply as MQTT would have carried it. */
function messageOf(request: DeviceRequest, { body, error }: AwsResponse, now: EpochMs): DeviceMessage {
  const { operation, jobId, namespaceId } = request;
  const bytes = Buffer.byteLength(body);
  const head = { kind: 'reply', operation, ...present({ jobId, namespaceId }), bytes } as const;
  const told = parseJsonObject(body) ?? {};
  const timestamp = Math.floor(now / 1000);
  if (error === undefined) {
    return { ...head, outcome: 'accepted', payload: { timestamp, ...withDocument(told) } } as unknown as DeviceMessage;
  }
  const { executionState } = told;
  const code = codeOf(error.exception, request, executionState);
  const payload = { timestamp, code, message: error.message, ...present({ executionState }) };
  return { ...head, outcome: 'rejected', payload } as unknown as DeviceMessage;
}

/** Over HTTP a job document is text in text. */
function withDocument(told: JsonObject): object {
  const { execution, jobDocument } = told as {
    readonly execution?: { readonly jobDocument?: unknown };
    readonly jobDocument?: unknown;
  };
  return {
    ...told,
    ...(execution !== undefined && {
      execution: { ...execution, ...('jobDocument' in execution && { jobDocument: read(execution.jobDocument) }) },
    }),
    ...(jobDocument !== undefined && { jobDocument: read(jobDocument) }),
  };
}

function read(text: unknown): unknown {
  return typeof text === 'string' ? (parseJsonObject(text) ?? text) : text;
}

/** The data plane has one exception for two codes: a stale `expectedVersion` is told by the state (ambiguities.md A7). */
function codeOf(exception: string, { body }: DeviceRequest, state: unknown): string {
  if (exception === rejections.VersionMismatch.data.exception) {
    const { versionNumber } = (state ?? {}) as { readonly versionNumber?: unknown };
    const isStale = body.expectedVersion !== undefined && body.expectedVersion !== versionNumber;
    return isStale ? 'VersionMismatch' : 'InvalidStateTransition';
  }
  const codes = Object.keys(rejections) as RejectionCode[];
  return codes.find((code) => rejections[code].data.exception === exception) ?? exception.replace(/Exception$/, '');
}
