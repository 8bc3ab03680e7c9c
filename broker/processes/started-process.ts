/** A process of a service as its starter has it: what is said to it and heard of it, and its end. Knows not what it is for. */
import type { ChildProcess } from 'node:child_process';
import { OperationalError } from '../../protocol/operational-error.ts';
import type { FromProcess, ToProcess } from './contract.ts';
import type { ProcessUsage } from './process-usage.ts';

const endsWithinMs = 10_000;

/**
 * Those that have said nothing yet. Whoever ends leaves none of them behind: what node:cluster writes at the start of a process, before
 * anything of ours runs in it, would find nobody, and Node would print where. Later they notice it themselves.
 */
const beginning = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of beginning) child.kill('SIGKILL');
});

type Told<Kind extends FromProcess['kind']> = Extract<FromProcess, { readonly kind: Kind }>;

export class StartedProcess {
  readonly child: ChildProcess;
  /** Asked and not answered. */
  readonly #usages: ((usage?: ProcessUsage) => void)[] = [];
  /** Before that it takes whatever it is told for its order. */
  #isReady = false;

  /** @param hear told of all that it says, but its usage @param ended once, how */
  constructor(child: ChildProcess, hear: (message: FromProcess) => void, ended: (how: string) => void) {
    this.child = child;
    beginning.add(child);
    child.on('message', (message: FromProcess) => {
      beginning.delete(child);
      this.#isReady ||= message.kind === 'engine-ready' || message.kind === 'door-ready';
      if (message.kind === 'usage') this.#usages.shift()?.(message.usage);
      else hear(message);
    });
    child.once('exit', (code, signal) => {
      beginning.delete(child);
      for (const answer of this.#usages.splice(0)) answer();
      ended(signal ?? `exit code ${code}`);
    });
  }

  get isThere(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  say(message: ToProcess): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  /** Nothing to one that has not taken its order yet. */
  tell(message: ToProcess): void {
    if (this.#isReady) this.say(message);
  }

  /** It listens for orders; one that ends before is told of elsewhere. */
  up(): Promise<void> {
    return new Promise((resolve) => {
      this.child.once('message', () => resolve());
      this.child.once('exit', () => resolve());
    });
  }

  /** The first message of a kind. @throws {OperationalError} what the process says of why it cannot start */
  first<Kind extends FromProcess['kind']>(kind: Kind): Promise<Told<Kind>> {
    const { child } = this;
    const told = new Promise<Told<Kind>>((resolve, reject) => {
      child.on('message', (message: FromProcess) => {
        if (message.kind === kind) resolve(message as Told<Kind>);
        else if (message.kind === 'failed') reject(errorIn(message));
      });
      child.once('exit', (code, signal) => reject(new Error(`a process of the service ended (${signal ?? code})`)));
      child.once('error', reject);
    });
    // Whoever waits for something before this hears of it then.
    told.catch(() => {});
    return told;
  }

  /** @returns nothing of one that is not ready yet or ends meanwhile */
  usage(): Promise<ProcessUsage | undefined> {
    if (!this.#isReady || !this.child.connected || !this.isThere) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#usages.push(resolve);
      this.say({ kind: 'usage' });
    });
  }

  /** Asks it to end, and does not wait for ever. */
  end(): Promise<void> {
    const { child } = this;
    if (!this.isThere) return Promise.resolve();
    return new Promise((resolve) => {
      const tooLong = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
      child.once('exit', () => {
        clearTimeout(tooLong);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}

export function errorIn({ message, code, hint }: Told<'failed'>): Error {
  return code === undefined ? new Error(message) : new OperationalError(code, message, { ...(hint && { hint }) });
}
