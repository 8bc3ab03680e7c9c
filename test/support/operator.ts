/** Clients of AWS's APIs by its own SDK, as tests use them: what is refused or lost is seen at once, and not tried again. */
import { IoT, type IoTClientConfig } from '@aws-sdk/client-iot';
import { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';

/** Where the APIs are. */
export interface ServedByHttp {
  readonly httpUrl?: string | undefined;
}

function configOf({ httpUrl }: ServedByHttp): IoTClientConfig {
  if (httpUrl === undefined) throw new Error('HTTP is off');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return { endpoint: httpUrl, region: 'us-east-1', credentials, maxAttempts: 1 };
}

export function operatorOf(service: ServedByHttp, options: IoTClientConfig = {}): IoT {
  return new IoT({ ...configOf(service), ...options });
}

/** What a device asks the data plane with. */
export function jobsDataPlaneOf(service: ServedByHttp): IoTJobsDataPlane {
  return new IoTJobsDataPlane(configOf(service));
}
