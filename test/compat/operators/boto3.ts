/** boto3 as an operator: one Python process for all calls. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { python } from '../presence.ts';
import { type Answer, type Operator, awsEnvironment } from './operator.ts';

const script = fileURLToPath(new URL('boto3-operator.py', import.meta.url));

export function boto3Operator(endpoint: string): Operator {
  const child = spawn(python, [script], {
    env: awsEnvironment(endpoint),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(service, operation, members) {
      child.stdin.write(`${JSON.stringify({ service, operation, members })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('boto3 ended');
      return JSON.parse(value) as Answer;
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
