/**
 * Every observation in one human line, with the device as its subject: what timelines, evidence, the live page and the terminal
 * say. Job ids stay as they are; topics and payloads are for whoever asks further.
 */
import type { Observation, ObservationOf } from '../../observation/observation.ts';
import type { DeviceMessage, DeviceRequest, ExecutionPayload } from '../../protocol/device-messages.ts';
import { present } from '../../protocol/json.ts';
import { formatJobsTopic, nextJobId } from '../../protocol/topics.ts';

/** Who acts in a line. `device` → to the service, `service` → to the device, or beside both. */
export type Actor = 'device' | 'service' | 'operator' | 'host' | 'log';

export interface Line {
  readonly actor: Actor;
  readonly text: string;
  /** `pull` is red, `refusal` bold, `recovery` green; all others neutral. */
  readonly tone?: 'pull' | 'refusal' | 'fault' | 'quiet' | 'recovery';
  readonly topic?: string;
  readonly payload?: string;
}

function line(actor: Actor, text: string, tone?: Line['tone']): Line {
  return { actor, text, ...(tone && { tone }) };
}

/** @returns nothing for what no reader wants in a timeline: pings, views, the rig's own lag */
export function lineOf(seen: Observation): Line | undefined {
  switch (seen.kind) {
    case 'connecting':
      return line('device', 'connects', 'quiet');
    case 'connected':
      return line('service', connectedText(seen));
    case 'connect-failed':
      return line('service', `refuses the connection: ${seen.reason}`, 'refusal');
    case 'disconnected':
      return line('device', endTexts[seen.end] + (seen.reason === undefined ? '' : ` (${seen.reason})`));
    case 'subscribed':
      return line('device', subscribedText(seen));
    case 'unsubscribed':
      return line('device', `unsubscribes from ${seen.filters.map(shortFilter).join(', ')}`, 'quiet');
    case 'sent':
      return sentLine(seen);
    case 'received':
      return receivedLine(seen.message, seen.thingName);
    case 'published': {
      const { topic, text: payload, bytes } = seen;
      const said = line('device', `publishes ${bytes} bytes elsewhere`, 'quiet');
      return { ...said, topic, ...(payload !== undefined && { payload }) };
    }
    case 'refused':
      return { ...line('service', `refuses the ${seen.what}: ${seen.reason}`, 'refusal'), topic: seen.topic };
    case 'power':
      return seen.on ? line('host', 'Power is on') : line('host', 'Power is cut', 'fault');
    case 'hung':
      return line('host', `Hangs after ${seen.after}`, 'fault');
    case 'program':
      return line('host', programText(seen), 'quiet');
    case 'printed':
      return line('log', seen.line, 'quiet');
    case 'witness':
      return line('device', `says by its hook: ${seen.effect}${seen.version === undefined ? '' : ` ${seen.version}`}`);
    case 'reported-version':
      return line('device', `reports version ${seen.version} in its shadow`);
    case 'execution':
      return executionLine(seen);
    case 'download': {
      if (seen.state !== 'asked') return undefined;
      const bytes = `bytes ${seen.fromByte} to ${seen.fromByte + seen.bytes}`;
      return line('device', `asks for ${bytes} of the image of **${seen.jobId}**`, 'quiet');
    }
    case 'called':
      return operatorLine(seen);
    case 'fault':
      return line('host', faultText(seen), 'fault');
    case 'traced':
      return traceLine(seen);
    default:
      return undefined;
  }
}

function connectedText({ sessionPresent, client }: ObservationOf<'connected'>): string {
  const how = client === undefined ? '' : ` by ${client.protocol}${client.cleanSession ? '' : ', persistent session'}`;
  return `lets the device in${how}${sessionPresent ? ', its session is still there' : ''}`;
}

const endTexts = {
  'by-device': 'disconnects',
  lost: 'loses the connection',
  'keep-alive': 'was silent too long: the service hangs up',
  'taken-over': 'is taken over by another client with its client id',
  'by-service': 'is cut off by the service',
} as const;

function subscribedText({ filters }: ObservationOf<'subscribed'>): string {
  const refused = filters.filter(({ qos }) => qos === undefined);
  const granted = filters.filter(({ qos }) => qos !== undefined).map(({ filter }) => shortFilter(filter));
  const parts = [
    ...(granted.length > 0 ? [`subscribes to ${granted.join(', ')}`] : []),
    ...(refused.length > 0 ? [`is refused ${refused.map(({ filter }) => shortFilter(filter)).join(', ')}`] : []),
  ];
  return parts.join('; ');
}

function shortFilter(filter: string): string {
  return filter.split('/jobs/')[1] ?? filter;
}

function sentLine({ request, thingName = '', via }: ObservationOf<'sent'>): Line {
  const text = requestText(request) + (via === 'http' ? ' over HTTP' : '');
  return { actor: 'device', text, topic: requestTopic(request, thingName), payload: JSON.stringify(request.body) };
}

function requestTopic({ operation, jobId, namespaceId }: DeviceRequest, thingName: string): string {
  return formatJobsTopic({ kind: 'request', thingName, operation, ...present({ jobId, namespaceId }) });
}

function requestText({ operation, jobId, body }: DeviceRequest): string {
  switch (operation) {
    case 'GetPendingJobExecutions':
      return 'asks for all that is pending';
    case 'StartNextPendingJobExecution':
      return 'asks to start its next job';
    case 'DescribeJobExecution':
      return jobId === nextJobId ? 'asks for its next job' : `asks whether **${jobId}** still exists`;
    case 'UpdateJobExecution':
      return updateText(String(jobId), body);
  }
}

function updateText(jobId: string, { status, statusDetails = {}, expectedVersion }: DeviceRequest['body']): string {
  const believes = expectedVersion === undefined ? '' : `, believes version ${expectedVersion}`;
  if (status === 'IN_PROGRESS') {
    const said = detailsText(statusDetails);
    return said === '' ? `starts **${jobId}**${believes}` : `reports **${jobId}** IN_PROGRESS, ${said}`;
  }
  const reason = detailsText(statusDetails);
  return `reports **${jobId}** ${status ?? 'nothing'}${reason === '' ? '' : `: ${reason}`}`;
}

const longestDetail = 60;

/** What an update says beside its status; `write 50 %` where it speaks of a step. */
export function detailsText(details: Readonly<Record<string, unknown>>): string {
  const { step, percent, ...others } = details;
  const isStep = typeof step === 'string' && /^\d{1,3}$/.test(String(percent));
  const parts = isStep ? [`${step} ${String(percent)} %`, ...Object.values(others)] : Object.values(details);
  const text = parts.map(String).join(' ');
  return text.length > longestDetail ? `${text.slice(0, longestDetail - 1)}…` : text;
}

function receivedLine(message: DeviceMessage, thingName = ''): Line {
  const topic = messageTopic(message, thingName);
  const payload = JSON.stringify(message.payload);
  if (message.kind === 'reply' && message.outcome === 'rejected') {
    return { actor: 'service', text: refusalText(message), tone: 'refusal', topic, payload };
  }
  return { actor: 'service', text: acceptedOrToldText(message), topic, payload };
}

function messageTopic(message: DeviceMessage, thingName: string): string {
  const { namespaceId } = message;
  if (message.kind === 'notification') {
    return formatJobsTopic({ kind: 'notification', thingName, name: message.name, ...present({ namespaceId }) });
  }
  const { operation, outcome, jobId } = message;
  return formatJobsTopic({ kind: 'reply', thingName, operation, outcome, ...present({ jobId, namespaceId }) });
}

const overCodes = new Set(['InvalidStateTransition', 'TerminalStateReached']);
const againCodes = new Set(['RequestThrottled', 'InternalError']);

function refusalText(message: Extract<DeviceMessage, { readonly outcome: 'rejected' }>): string {
  const { code, executionState } = message.payload;
  if (code === 'ResourceNotFound') return '**refused: ResourceNotFound**, the execution is gone';
  if (code === 'VersionMismatch') {
    const has = executionState === undefined ? '' : `, the service has ${executionState.versionNumber}`;
    return `**refused: VersionMismatch**${has}`;
  }
  if (overCodes.has(code)) return `**refused: ${code}**, the execution is over`;
  if (againCodes.has(code)) return `**refused: ${code}**, may try again`;
  return `**refused: ${code}**, the request is wrong`;
}

type Friendly = Exclude<DeviceMessage, { readonly outcome: 'rejected' }>;

function acceptedOrToldText(message: Friendly): string {
  if (message.kind === 'notification') {
    if (message.name === 'NextJobExecutionChanged') return toldNextText(message.payload.execution);
    const { QUEUED = [], IN_PROGRESS = [] } = message.payload.jobs;
    const pending = [...IN_PROGRESS, ...QUEUED].map(({ jobId }) => `**${jobId}**`);
    return pending.length === 0 ? 'is told: nothing is pending' : `is told what is pending: ${pending.join(', ')}`;
  }
  if (message.operation === 'UpdateJobExecution') {
    const state = message.payload.executionState;
    return state === undefined ? 'accepted' : `accepted: ${state.status}, version ${state.versionNumber}`;
  }
  if (message.operation === 'GetPendingJobExecutions') {
    const count = message.payload.inProgressJobs.length + message.payload.queuedJobs.length;
    return count === 0 ? 'accepted: nothing is pending' : `accepted: ${count} pending`;
  }
  const { execution } = message.payload;
  return execution === undefined
    ? 'accepted: nothing is pending'
    : `accepted: **${execution.jobId}** is ${execution.status}, version ${execution.versionNumber}`;
}

function toldNextText(execution: ExecutionPayload | undefined): string {
  return execution === undefined
    ? 'is told: nothing is next'
    : `is told of a new job: **${execution.jobId}**, ${execution.status}`;
}

function programText(seen: ObservationOf<'program'>): string {
  if (seen.event === 'started') return 'The program is started';
  const how = seen.signal === null ? `exit code ${seen.code}` : seen.signal;
  return seen.byRig ? `The program is ended (${how})` : `The program ended by itself (${how})`;
}

function executionLine(seen: ObservationOf<'execution'>): Line | undefined {
  const { jobId } = seen.execution;
  if (seen.by === 'device') return undefined;
  if (seen.force === true) {
    const what = seen.status === 'DELETED' ? 'deletes' : 'cancels';
    return line('operator', `Operator ${what} the execution of **${jobId}**, by force`, 'pull');
  }
  if (seen.status === 'QUEUED') return line('operator', `**${jobId}** is queued for the device`);
  return line('service', `**${jobId}** is ${seen.status} now`);
}

function operatorLine({ operation, jobId, outcome }: ObservationOf<'called'>): Line | undefined {
  if (/^(Describe|List|Get)/.test(operation)) return undefined;
  const about = jobId === undefined ? '' : ` **${jobId}**`;
  return line('operator', `Operator: ${operation}${about}${outcome === 'ok' ? '' : `, ${outcome}`}`, 'quiet');
}

function faultText({ name, operation }: ObservationOf<'fault'>): string {
  return `Fault: ${name}${operation === undefined ? '' : ` (${operation})`}`;
}

function traceLine({ trace }: ObservationOf<'traced'>): Line | undefined {
  switch (trace.kind) {
    case 'step':
      return line('device', `${trace.step} ${trace.percent > 0 ? `${trace.percent} %` : ''}`.trim(), 'quiet');
    case 'pulled':
      return line('device', `learns that **${trace.execution.jobId}** is gone, at ${trace.step}`);
    case 'recovered':
      return line('device', 'Idle again');
    case 'finished':
      return line('device', `is done with **${trace.execution.jobId}**: ${trace.status}`);
    case 'boot':
      return line('device', `boots into ${trace.version}`);
    case 'crash':
      return line('device', `resets: ${trace.cause}`, 'fault');
    case 'note':
      return line('device', trace.text, 'quiet');
    default:
      return undefined;
  }
}

/** The same without the marks of emphasis, for terminals and JSON. */
export function plainText(text: string): string {
  return text.replaceAll('**', '');
}
