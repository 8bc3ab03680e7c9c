/**
 * DescribeEndpoint: the addresses at which this rig really answers. AWS gives a bare host name, whose ports are known by
 * convention; the rig's ports are not, so the address is `host:port` of the HTTP door, with TLS when it has it, which is
 * what HTTP job agents open (docs/clients.md, "HTTP job agents"). The ports of MQTT are told when the rig starts.
 */
import { invalidRequest } from './aws-error.ts';
import type { Read } from './aws-request.ts';

/** Endpoint types that lead a device to its jobs. */
const deviceEndpointTypes: readonly string[] = ['iot:Data', 'iot:Data-ATS'];
/** Documented, and asked for by old clients, but refused by AWS when it was measured (reference ambiguities.md A8). */
const jobsEndpointType = 'iot:Jobs';

const refusals: Readonly<Record<string, string>> = {
  // Observed: AWS's text.
  [jobsEndpointType]:
    'IoT Jobs and Commands APIs are now available through iot:Data-ATS endpoints instead of iot:Jobs endpoints. Please use iot:Data-ATS.',
  'iot:CredentialProvider':
    'Endpoint type iot:CredentialProvider is not part of this rig: it hands out no AWS credentials.',
};

/** @param retiredTypes whether `iot:Jobs` still has an address. */
export function describeEndpoint(
  endpointType: string | undefined,
  address: string,
  retiredTypes: 'served' | 'refused',
): Read<{ readonly endpointAddress: string }> {
  const type = endpointType ?? 'iot:Data';
  const known = retiredTypes === 'served' ? [...deviceEndpointTypes, jobsEndpointType] : deviceEndpointTypes;
  if (known.includes(type)) return { value: { endpointAddress: address } };
  const message = refusals[type] ?? `Endpoint type ${type} is not known; use one of ${known.join(', ')}.`;
  return { error: { ...invalidRequest, message } };
}
