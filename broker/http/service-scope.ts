/**
 * Which of the AWS services a request is for. They share one port, and two of them two request lines (`GET /things/T/jobs` and
 * `GET /things/T/jobs/J`) with different answers, so the path cannot tell; the service in the SigV4 credential scope does
 * (reference http-api.md §1, docs/clients.md rule 9). Signatures are read here, not verified.
 */
import type { ServiceName } from '../../protocol/operations.ts';

/** `unsigned`: no credential to go by. `foreign`: signed for a service that does not live here. */
export type ServiceScope = ServiceName | 'unsigned' | 'foreign';

/** Botocore before 2023 signed the control plane as `execute-api`. */
const servicesByScope: ReadonlyMap<string, ServiceName> = new Map([
  ['iot', 'iot'],
  ['execute-api', 'iot'],
  ['iot-jobs-data', 'iot-jobs-data'],
  ['iotdata', 'iot-data'],
]);

/** `KEY/DATE/REGION/SERVICE/aws4_request` in the Authorization header or a presigned URL's query. */
export function credentialOf(authorization: string | undefined, query: URLSearchParams): string | null {
  return /^AWS4-\S+ .*?Credential=([^,\s]+)/.exec(authorization ?? '')?.[1] ?? query.get('X-Amz-Credential');
}

export function serviceScopeOf(credential: string | null): ServiceScope {
  if (credential === null) return 'unsigned';
  const service = credential.split('/').at(-2) ?? '';
  return servicesByScope.get(service) ?? 'foreign';
}
