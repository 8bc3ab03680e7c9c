/**
 * Why a handshake failed, as far as it can be told from what was seen: how far the device came, what it said, what the service
 * answered, what it printed, and the likeliest cause with what to do. Sentences for a person.
 */
import type { Observation } from '../../../observation/observation.ts';
import { nextJobId } from '../../../protocol/topics.ts';
import { otherThings } from './portrait.ts';

export interface Diagnosis {
  /** How far it came. */
  readonly reached:
    | 'never started'
    | 'never connected'
    | 'connected'
    | 'subscribed'
    | 'asked'
    | 'started'
    | 'refused the job'
    | 'failed the job';
  /** In one sentence, with what to do. */
  readonly cause: string;
  /** The last lines that the device printed. */
  readonly printed: readonly string[];
}

export interface HandshakeFacts {
  readonly seen: readonly Observation[];
  readonly thingName: string;
  readonly jobId: string;
  /** What the doors refused, in words, newest last. */
  readonly doorRefusals: readonly string[];
  /** For `--attach`: what to connect to. */
  readonly endpoints: string;
  readonly isAttached: boolean;
  readonly hasOwnDocument: boolean;
}

const printedLines = 12;
const shownFilters = 3;

export function diagnose(facts: HandshakeFacts): Diagnosis {
  const printed = facts.seen.flatMap((one) => (one.kind === 'printed' ? [one.line] : [])).slice(-printedLines);
  return { ...explain(facts), printed };
}

function explain(facts: HandshakeFacts): Omit<Diagnosis, 'printed'> {
  const { seen, thingName, jobId, doorRefusals, endpoints, isAttached, hasOwnDocument } = facts;
  const has = (kind: Observation['kind']): boolean => seen.some((one) => one.kind === kind);
  const exits = seen.filter((one) => one.kind === 'program' && one.event === 'exited' && !one.byRig);
  const others = otherThings(seen, thingName);
  const refusal = doorRefusals.at(-1);

  if (!has('connected'))
    return { reached: 'never connected', cause: neverConnected(exits, refusal, isAttached, endpoints) };
  if (others.length > 0) {
    const [other = ''] = others;
    return {
      reached: 'connected',
      cause: `it speaks for the thing ${other}, the check is about ${thingName}: give it the name {thing}, or check with --thing ${other}`,
    };
  }
  const execution = seen.findLast((one) => one.kind === 'execution' && one.execution.jobId === jobId);
  const status = execution?.kind === 'execution' ? execution.status : undefined;
  if (status === 'REJECTED' || status === 'FAILED') {
    const details = execution?.kind === 'execution' ? Object.entries(execution.statusDetails ?? {}) : [];
    const said = details.map(([name, value]) => `${name}: ${value}`).join(', ');
    const what = `it reported ${status}${said === '' ? '' : ` (${said})`}`;
    return {
      reached: status === 'REJECTED' ? 'refused the job' : 'failed the job',
      cause: hasOwnDocument
        ? `${what}: the document that --document names does not suit it as it was filled in`
        : `${what}: it does not understand jobrig's own firmware document; give one that it does with --document FILE`,
    };
  }
  if (!has('subscribed') && !has('sent')) {
    const why = refusal === undefined ? '' : `; ${refusal}`;
    return {
      reached: 'connected',
      cause: `it connected, and neither subscribed nor asked for a job${why}: is its job agent switched on, for the thing ${thingName}?`,
    };
  }
  if (status === 'IN_PROGRESS') {
    return {
      reached: 'started',
      cause: 'it started the job and did not end it in time: a longer --timeout, if it needs more',
    };
  }
  return { reached: has('sent') ? 'asked' : 'subscribed', cause: neverStarted(facts) };
}

function neverConnected(
  exits: readonly Observation[],
  refusal: string | undefined,
  isAttached: boolean,
  endpoints: string,
): string {
  if (refusal !== undefined) return `its connection was refused: ${refusal}`;
  const last = exits.at(-1);
  if (last?.kind === 'program' && last.event === 'exited') {
    const how = last.signal === null ? `exit code ${last.code}` : last.signal;
    const background = last.code === 0 ? ' (one that goes to the background must stay in the foreground here)' : '';
    return `the program ended ${exits.length === 1 ? 'once' : `${exits.length} times`} (${how}) without ever connecting to ${endpoints}${background}`;
  }
  if (isAttached) return `no device connected; it must come to ${endpoints}`;
  return `the program runs, but never connected to ${endpoints}: does it use JOBRIG_MQTT_HOST and JOBRIG_MQTT_PORT, or {mqtt-host} and {mqtt-port}?`;
}

function neverStarted(facts: HandshakeFacts): string {
  const { seen, jobId } = facts;
  const asked = seen.some(
    (one) =>
      one.kind === 'sent' &&
      (one.request.operation === 'StartNextPendingJobExecution' ||
        one.request.operation === 'GetPendingJobExecutions' ||
        one.request.jobId === nextJobId ||
        one.request.jobId === jobId),
  );
  const refused = seen.findLast(
    (one) => one.kind === 'received' && one.message.kind === 'reply' && one.message.outcome === 'rejected',
  );
  if (refused?.kind === 'received' && refused.message.kind === 'reply' && refused.message.outcome === 'rejected') {
    return `the service refused what it asked: ${refused.message.payload.code}, ${refused.message.payload.message}`;
  }
  if (asked) return 'it was told of the job and never started it: does it take such a document (--document FILE)?';
  if (seen.some((one) => one.kind === 'received' && one.message.kind === 'notification')) {
    return 'it subscribed, and was told of the job, but never asked for it nor updated it: does it read notify or notify-next?';
  }
  return `it asked for no job, and nothing told it of one: ${deaf(facts)}`;
}

/** It does not hear of jobs. */
function deaf({ seen, thingName }: HandshakeFacts): string {
  const filters = seen.flatMap((one) => (one.kind === 'subscribed' ? one.filters : []));
  const named = [...new Set(filters.map(({ filter, qos }) => (qos === undefined ? `${filter} (refused)` : filter)))];
  const more = named.length > shownFilters ? ` and ${named.length - shownFilters} more` : '';
  const namespaced = named.some((filter) => filter.includes('namespace-'))
    ? '; a job namespace is told by --namespace NS'
    : '';
  return `it subscribed to ${named.slice(0, shownFilters).join(', ')}${more}, where $aws/things/${thingName}/jobs/notify or notify-next would tell it${namespaced}`;
}
