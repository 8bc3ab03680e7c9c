/**
 * What PostgreSQL, or the way to it, has to say when something does not go, as errors of the rig's own that name the database and
 * say what to do. Source: PostgreSQL's table of error codes (SQLSTATE).
 */
import { OperationalError, type OperationalErrorCode } from '../../protocol/operational-error.ts';

/** The connection is gone, or never was. */
export class ConnectionLost extends Error {
  /** Whether the database may have got what was asked. */
  readonly isSent: boolean;

  constructor(isSent: boolean, cause: unknown) {
    super(reasonOf(cause), { cause });
    this.isSent = isSent;
  }
}

interface DatabaseComplaint {
  readonly code?: string;
  readonly severity?: string;
  readonly message?: string;
}

/** Whether the server has answered, and goes on: what was asked is then certainly not done. */
export function isAnswer(error: unknown): boolean {
  const { severity, code = '' } = error as DatabaseComplaint;
  return severity === 'ERROR' && !/^(?:08|57P)/.test(code);
}

export function postgresError(
  code: OperationalErrorCode,
  name: string,
  complaint: string,
  hint?: string,
  cause?: unknown,
): OperationalError {
  return new OperationalError(code, `${name} ${complaint}`, { ...(hint !== undefined && { hint }), cause });
}

/** What went wrong at the start or while something was read. */
export function startError(name: string, cause: unknown): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const reason = reasonOf(cause);
  const { code = '' } = cause as DatabaseComplaint;
  const error = (kind: OperationalErrorCode, complaint: string, hint?: string): OperationalError =>
    postgresError(kind, name, complaint, hint, cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return error('STORE_UNREACHABLE', 'cannot be reached: its host is not known', 'Correct the host in the address.');
  }
  if (code.startsWith('28')) return error('STORE_NOT_ALLOWED', `lets this user not in: ${reason}`, loginHint);
  if (code === '42501') return error('STORE_NOT_ALLOWED', `lets this user not work there: ${reason}`, rightsHint);
  if (code === '3D000') return error('STORE_UNUSABLE', `is not there: ${reason}`, 'Make it first, with createdb.');
  if (code === '25006') return error('STORE_READ_ONLY', 'is read-only', primaryHint);
  if (code === '53100') return error('STORE_NOT_WRITTEN', `has no room left: ${reason}`, roomHint);
  if (/^(?:22|23|42|0A)/.test(code)) return error('STORE_UNUSABLE', `cannot be used: ${reason}`);
  return error(
    'STORE_UNREACHABLE',
    `cannot be reached: ${reason}`,
    'See that it runs and that this machine may reach it.',
  );
}

const loginHint = 'Correct the user in the address, or its password in PGPASSWORD or ~/.pgpass.';
const rightsHint =
  'The user needs CREATE on the database, or to own the schema: CREATE SCHEMA jobrig AUTHORIZATION the_user.';
export const primaryHint = 'Give the primary, or all hosts with commas: the one that can be written is used.';
const roomHint = 'Nothing was accepted that is not kept. Make room, and start again.';

/** A commit was answered with no. */
export function notWritten(name: string, cause: unknown): OperationalError {
  const { code } = cause as DatabaseComplaint;
  if (code === '25006') {
    return postgresError(
      'STORE_READ_ONLY',
      name,
      'has become read-only',
      `Nothing was accepted that is not kept. ${primaryHint}`,
      cause,
    );
  }
  return postgresError('STORE_NOT_WRITTEN', name, `cannot be written: ${reasonOf(cause)}`, roomHint, cause);
}

/** What an error says in one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, ' ').trim();
}

/** Host and process, for people. */
export function leaderName(owner: string): string {
  const [host = '', pid = ''] = owner.split('/');
  return `the engine of process ${pid} on ${host}`;
}
