/** A program that answers one line of JSON on its stdin with one on its stdout, in order. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { python } from '../presence.ts';

export interface LineProcess {
  ask(question: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** @param name of a script beside this file */
export function startLineProcess(name: string, env: NodeJS.ProcessEnv): LineProcess {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(python, [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      return JSON.parse(value);
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
