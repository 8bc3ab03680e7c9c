/** One command for a service's engine, and its answer. */
import type { OperationName, RequestOf, ResponseOf } from '../../broker/engine/contract.ts';
import type { Service } from '../../broker/start-service.ts';

export function ask<Name extends OperationName>(
  { port }: Pick<Service, 'port'>,
  name: Name,
  request: RequestOf<Name>,
): Promise<ResponseOf<Name>> {
  return new Promise((resolve, reject) => {
    port.submit({ name, request }, (reply) => {
      if (reply.accepted) resolve(reply.response);
      else reject(new Error(`${reply.code}: ${reply.message}`));
    });
  });
}
