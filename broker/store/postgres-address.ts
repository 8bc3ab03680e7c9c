/**
 * Where a PostgreSQL store is, from the one line that a user gives: `postgres://user@host1:5432,host2/database?schema=jobrig`. Several
 * hosts are one database and its standbys; the one that can be written is used. What is shown of an address never has a password or
 * a user in it. Source: the connection URIs of PostgreSQL's libpq.
 */
import { OperationalError } from '../../protocol/operational-error.ts';

export interface PostgresAddress {
  /** For people: hosts, database, schema where it is not the usual one. */
  readonly name: string;
  /** For the client, one for each host, the password in it. */
  readonly urls: readonly string[];
  /** In which everything is. */
  readonly schema: string;
}

const usualSchema = 'jobrig';
const form = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const hostForm = /^(?:\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::\d{1,5})?$/;

/**
 * @param flag where the user has given it
 * @throws {OperationalError} without the text, which may hold a password
 */
export function parsePostgresAddress(text: string, flag = '--store'): PostgresAddress {
  const unreadable = (complaint: string) => unreadableAddress(flag, complaint);
  const [, user, hosts = '', database = '', query = ''] = form.exec(text) ?? [];
  const parameters = new URLSearchParams(query);
  const schema = parameters.get('schema') ?? usualSchema;
  parameters.delete('schema');
  const list = hosts === '' ? [] : hosts.split(',');
  const isLocal = list.length === 0 && parameters.has('host');
  if (
    !form.test(text) ||
    (!isLocal && list.length === 0) ||
    list.some((host) => !hostForm.test(host)) ||
    !decodes(text)
  )
    throw unreadable('is no address of a database');
  if (database === '') throw unreadable('names no database');
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) throw unreadable('names a schema that is not of a-z, 0-9 and _');
  const rest = parameters.size === 0 ? '' : `?${parameters.toString()}`;
  const login = user === undefined ? '' : `${user}@`;
  const urls = isLocal
    ? [`postgres://${login}localhost/${database}${rest}`]
    : list.map((host) => `postgres://${login}${host}/${database}${rest}`);
  const where = isLocal ? (parameters.get('host') ?? '') : hosts;
  return {
    name: `postgres://${where}/${decodeURIComponent(database)}${schema === usualSchema ? '' : ` schema ${schema}`}`,
    urls,
    schema,
  };
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function unreadableAddress(flag: string, complaint: string): OperationalError {
  return new OperationalError('STORE_ADDRESS_INVALID', `${flag} ${complaint}`, {
    hint: 'It looks like postgres://user@host:5432/database; a password is better in PGPASSWORD or in ~/.pgpass.',
  });
}
