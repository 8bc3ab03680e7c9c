/**
 * Stands between the requests of devices on the data plane and the service, where a scenario wants to see them and to have
 * faults injected into them, as a tap does on MQTT connections. Without a gate requests pass as they are.
 */
import type { DeviceRequest } from '../../protocol/device-messages.ts';
import type { AwsResponse } from './aws-response.ts';

export interface DeviceCall {
  readonly thingName: string;
  readonly request: DeviceRequest;
  /** Asks the service. */
  answer(): Promise<AwsResponse>;
  /** An answer that the service has not given. @param code of MQTT; the exception of the data plane follows from it */
  refuse(code: string, message: string): AwsResponse;
  /** What the service says where nothing is pending. */
  nothing(): AwsResponse;
}

/** @returns what the device is told */
export type DeviceGate = (call: DeviceCall) => Promise<AwsResponse>;
