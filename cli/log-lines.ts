/**
 * What happens at a running service in words, one line each, for the person in front of it: who came with what proof, what was
 * refused, why and what to do about it, what became of jobs. service-log.ts writes them.
 */
import type { Observation, ObservationOf } from '../observation/observation.ts';
import type { ServiceEvent } from '../broker/service-events.ts';
import { everyThing, noThing } from '../broker/mqtt/identity.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogLine {
  readonly level: Exclude<LogLevel, 'silent'>;
  /** Lines of one kind are counted when there are very many of them. */
  readonly kind: string;
  readonly text: string;
  /** For machines. */
  readonly fields: object;
}

type Told<K extends ServiceEvent['kind']> = ServiceEvent & { readonly kind: K };

/** Of an event of a door. @returns `undefined` for what is told otherwise */
export function lineOfEvent(event: ServiceEvent): LogLine | undefined {
  const line = (level: LogLine['level'], text: string): LogLine => ({
    level,
    kind: event.kind,
    text,
    fields: { ...event, event: event.kind, kind: undefined },
  });
  switch (event.kind) {
    case 'connected':
      return line('info', `${event.clientId} connected by ${event.client.protocol}${whoItIs(event)}`);
    case 'identified':
      return line('info', `${event.clientId} is thing ${event.thingName}, the first that it speaks for`);
    case 'subscribed': {
      const granted = event.filters.flatMap(({ filter, qos }) => (qos === undefined ? [] : [filter]));
      return granted.length === 0 ? undefined : line('info', `${event.clientId} listens to ${granted.join(', ')}`);
    }
    case 'unsubscribed':
      return line('debug', `${event.clientId} no longer listens to ${event.filters.join(', ')}`);
    case 'refused':
      return line('warn', `${event.clientId ?? 'A client'}: ${inWords(event)}`);
    case 'subscription-denied': {
      const closes = event.closes ? ', and is disconnected' : '';
      return line('warn', `${event.clientId} may not subscribe to ${event.filter}${closes}: ${why(event)}`);
    }
    case 'publish-refused':
      return line('warn', `${event.clientId} may not publish on ${event.topic}, and is disconnected: ${why(event)}`);
    case 'malformed-json':
      return line(
        'warn',
        `${event.clientId} sent malformed JSON on ${event.topic}, answered with InvalidJson: ${event.message}`,
      );
    case 'disconnected':
      return disconnection(event, line);
    case 'not-answered':
      return line(
        'warn',
        `${event.clientId} published on ${event.topic}: accepted and dropped, ${event.feature} is not served here`,
      );
    case 'out-of-descriptors':
      return line(
        'warn',
        `A connection was closed: all ${event.connections} sockets that this process may have are in use. Raise the limit with ulimit -n`,
      );
    case 'forgotten':
      return line('warn', `What was kept of the ${event.what} ${event.key} is damaged and was left out`);
    case 'dropped':
      return line('warn', `No room for a message: ${'topic' in event ? event.topic : whose(event)} (${event.what})`);
    case 'called':
      return call(event, line);
    case 'request-refused':
      return line(
        'warn',
        `${event.method} ${event.path} was refused with ${event.status} ${event.exception}: ${event.message}`,
      );
    case 'connection-failed':
      return line('error', `${event.clientId || 'A client'} was disconnected by a bug of jobrig: ${event.stack}`);
    case 'request-failed':
      return line('error', `${event.method} ${event.path} failed, which is a bug of jobrig: ${event.stack}`);
  }
}

type Write = (level: LogLine['level'], text: string) => LogLine;

function disconnection(event: Told<'disconnected'>, line: Write): LogLine {
  const { clientId, how } = event;
  switch (how) {
    case 'goodbye':
      return line('info', `${clientId} disconnected`);
    case 'lost':
      return line('info', `${clientId} is gone without a goodbye`);
    case 'taken-over':
      return line('warn', `${clientId} was disconnected: another client of the same client id has connected`);
    case 'cut-off':
      // What was refused has been told, with the reason.
      if (/^(publish|subscribe) refused: /.test(event.message ?? ''))
        return line('debug', `${clientId} was disconnected`);
      return line('warn', `${clientId} was disconnected: ${inWords(event)}`);
    case 'shutdown':
      return line('debug', `${clientId} was disconnected: the service ends`);
  }
}

const reads = /^(Get|Describe|List|Search)/;

function call({ operation, jobId, thingName, error, request, force, notDone }: Told<'called'>, line: Write): LogLine {
  const about = [jobId, thingName].filter((name) => name !== undefined).join(' of ');
  const asked = `${operation}${about === '' ? '' : ` ${about}`}${force === true ? ' by force' : ''}`;
  const who = request === undefined ? 'Operator' : `${thingName} by HTTPS`;
  if (error !== undefined) return line('warn', `${who}: ${asked} was refused: ${error.exception}: ${error.message}`);
  if (notDone !== undefined) return line('warn', `${who}: ${asked}: ${notDone}`);
  return line(reads.test(operation) || request !== undefined ? 'debug' : 'info', `${who}: ${asked}`);
}

function whose(event: Told<'dropped'>): string {
  return 'clientId' in event ? event.clientId : 'group' in event ? event.group : '';
}

const proofs = { none: 'without a proof', certificate: 'with a certificate', signature: 'with a signature' } as const;

function whoItIs({ clientId, principal, identity, client, sessionPresent }: Told<'connected'>): string {
  const resumed = sessionPresent ? ', goes on with its session' : '';
  return ` ${proofs[client.proof]}${resumed}: ${whatItMay(clientId, principal, identity)}`;
}

function whatItMay(clientId: string, principal: string, identity: Told<'connected'>['identity']): string {
  if (principal === everyThing) return 'may act for every thing';
  if (identity === 'first-thing' && principal === '?') return 'is the first thing that it will speak for';
  if (principal === noThing) return 'is no thing, since what names it is no thing name';
  return principal === clientId ? 'is the thing of that name' : `is thing ${principal}`;
}

/** What was refused is said before. */
function why({ message, advice }: { readonly message: string; readonly advice?: string }): string {
  const reason = message.replace(/^(publish|subscribe) refused: /, '');
  return advice ?? reason;
}

function inWords({ message, advice }: { readonly message?: string; readonly advice?: string }): string {
  return advice === undefined ? (message ?? '') : `${message}. ${advice}`;
}

/** Of what was seen in the service and on the wire. @returns `undefined` for what events tell already */
export function lineOfObservation(seen: Observation): LogLine | undefined {
  const { kind, thingName, ...others } = seen;
  const line = (level: LogLine['level'], text: string): LogLine => ({
    level,
    kind: kind === 'execution' ? `execution ${seen.kind === 'execution' ? seen.status : ''}` : kind,
    text,
    fields: { event: kind, ...(thingName !== undefined && { thingName }), ...others },
  });
  switch (seen.kind) {
    case 'job':
      return line(
        'info',
        seen.status === 'DELETED' ? `Job ${seen.jobId} is gone` : `Job ${seen.jobId} is ${seen.status}`,
      );
    case 'execution':
      return execution(seen, line);
    case 'sent': {
      const { operation, jobId, body } = seen.request;
      const status = body.status === undefined ? '' : ` ${body.status}`;
      return line('debug', `${thingName} asks: ${operation}${jobId === undefined ? '' : ` ${jobId}`}${status}`);
    }
    case 'received': {
      const { message } = seen;
      if (message.kind === 'notification') return line('debug', `${thingName} is told: ${message.name}`);
      const reason = message.outcome === 'rejected' ? ` ${message.payload.code}: ${message.payload.message}` : '';
      return line('debug', `${thingName} is answered: ${message.operation} ${message.outcome}${reason}`);
    }
    default:
      return undefined;
  }
}

function execution(seen: ObservationOf<'execution'>, line: Write): LogLine {
  const { thingName, execution: about, status, force, versionNumber } = seen;
  const which = `${thingName}: job ${about.jobId}, execution ${about.executionNumber}`;
  if (status === 'DELETED') return line('info', `${which} is gone${force === true ? ', deleted by force' : ''}`);
  const pulled = status === 'CANCELED' && force === true ? ' by force' : '';
  // A device tells its progress under the same status again and again.
  const isProgress = status === 'IN_PROGRESS' && versionNumber > 2;
  return line(isProgress ? 'debug' : 'info', `${which} is ${status}${pulled}`);
}
