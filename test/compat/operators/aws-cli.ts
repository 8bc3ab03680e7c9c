/** The AWS CLI as an operator: members as `--cli-input-json`, pages one by one. */
import { startLineProcess } from './line-process.ts';
import { type Answer, type Operator, awsEnvironment } from './operator.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function awsCliOperator(endpoint: string): Operator {
  const { ask, close } = startLineProcess('aws-cli.py', awsEnvironment(endpoint));
  return {
    async call(service, operation, members) {
      const command = operation.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
      const input = ['--cli-input-json', JSON.stringify(members), '--no-paginate', '--output', 'json'];
      const { code, stdout, stderr } = (await ask([service, command, ...input, '--endpoint-url', endpoint])) as Ended;
      const answer = code === 0 ? { output: parse(stdout) } : errorIn(stderr);
      if (answer === undefined) throw new Error(stderr);
      return answer;
    },
    close,
  };
}

function parse(stdout: string): Readonly<Record<string, unknown>> {
  return stdout === '' ? {} : (JSON.parse(stdout) as Readonly<Record<string, unknown>>);
}

function errorIn(stderr: string): Answer | undefined {
  const error = /An error occurred \((\w+)\)/.exec(stderr)?.[1];
  return error === undefined ? undefined : { error };
}
