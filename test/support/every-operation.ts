/** Every operation of the table by its command's name, DescribeEndpoint apart, which a door answers by itself. */
import type { OperationName } from '../../broker/engine/contract.ts';
import { operationsOf } from '../../protocol/operations.ts';

export const everyOperation: ReadonlySet<OperationName> = new Set([
  ...operationsOf('iot')
    .filter(({ name }) => name !== 'DescribeEndpoint')
    .map(({ name }) => `iot:${name}` as OperationName),
  ...operationsOf('iot-data').map(({ name }) => `iot:${name}` as OperationName),
  ...operationsOf('iot-jobs-data').map(({ name }) => `iotjobsdata:${name}` as OperationName),
]);
