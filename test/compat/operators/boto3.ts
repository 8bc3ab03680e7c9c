/** boto3 as an operator: one Python process for all calls. */
import { startLineProcess } from './line-process.ts';
import { type Answer, type Operator, awsEnvironment } from './operator.ts';

export function boto3Operator(endpoint: string): Operator {
  const { ask, close } = startLineProcess('boto3-operator.py', awsEnvironment(endpoint));
  return {
    call: async (service, operation, members) => (await ask({ service, operation, members })) as Answer,
    close,
  };
}
