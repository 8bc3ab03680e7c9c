/** The AWS CLI as an operator: a process a call, members as `--cli-input-json`, pages one by one. */
import { execFile } from 'node:child_process';
import { aws } from '../presence.ts';
import { type Answer, type Operator, awsEnvironment } from './operator.ts';

export function awsCliOperator(endpoint: string): Operator {
  const env = awsEnvironment(endpoint);
  return {
    call: (service, operation, members) =>
      new Promise((resolve, reject) => {
        const command = operation.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
        const args = [
          service,
          command,
          '--cli-input-json',
          JSON.stringify(members),
          '--no-paginate',
          '--output',
          'json',
        ];
        execFile(aws, [...args, '--endpoint-url', endpoint], { env }, (failure, stdout, stderr) => {
          const answer = failure === null ? { output: parse(stdout) } : errorIn(stderr);
          if (answer === undefined) reject(new Error(stderr));
          else resolve(answer);
        });
      }),
    close: () => Promise.resolve(),
  };
}

function parse(stdout: string): Readonly<Record<string, unknown>> {
  return stdout === '' ? {} : (JSON.parse(stdout) as Readonly<Record<string, unknown>>);
}

function errorIn(stderr: string): Answer | undefined {
  const error = /An error occurred \((\w+)\)/.exec(stderr)?.[1];
  return error === undefined ? undefined : { error };
}
