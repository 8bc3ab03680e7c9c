/** Devices with a certificate of the registry, and the service that has made it. */
import { once } from 'node:events';
import { type TLSSocket, connect } from 'node:tls';
import { IoT } from '@aws-sdk/client-iot';
import { type Service, type ServiceOptions, startService } from '../../broker/start-service.ts';
import { signingRequest } from './foreign-certificates.ts';
import { WireClient, type WireOptions } from './wire-client.ts';

export const secret = { accessKeyId: 'AKID', secretAccessKey: 'secret' };

export interface Rig {
  readonly service: Service;
  readonly operator: IoT;
}

export async function start(options: ServiceOptions): Promise<Rig> {
  const service = await startService({
    mqttPort: 'off',
    wsPort: 'off',
    ...options,
  });
  const config = { endpoint: service.httpUrl ?? '', region: 'us-east-1', credentials: secret, maxAttempts: 1 };
  return { service, operator: new IoT(config) };
}

export async function stop({ service, operator }: Rig): Promise<void> {
  operator.destroy();
  await service.close();
}

export interface Device {
  readonly arn: string;
  readonly id: string;
  readonly cert: string;
  readonly key: string;
}

/** Of a key of its own, which takes a hundredth of the time of one that the service makes. */
export async function makeDevice({ operator }: Rig): Promise<Device> {
  const { pem, key } = await signingRequest('P-256');
  const made = await operator.createCertificateFromCsr({ certificateSigningRequest: pem, setAsActive: true });
  return {
    arn: made.certificateArn ?? '',
    id: made.certificateId ?? '',
    cert: made.certificatePem ?? '',
    key,
  };
}

/** Whose key the service has made, which is an RSA key. */
export async function makeDeviceWithKeys({ operator }: Rig): Promise<Device> {
  const made = await operator.createKeysAndCertificate({ setAsActive: true });
  return {
    arn: made.certificateArn ?? '',
    id: made.certificateId ?? '',
    cert: made.certificatePem ?? '',
    key: made.keyPair?.PrivateKey ?? '',
  };
}

type Credentials = Partial<Pick<Device, 'cert' | 'key'>>;

export async function secureConnect(url: string | undefined, ca: string, credentials: Credentials): Promise<TLSSocket> {
  const { port } = new URL(url ?? '');
  const socket = connect({ port: Number(port), host: '127.0.0.1', ca, ...credentials, servername: 'localhost' });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** @returns the client and the code of its CONNACK; `undefined` when it was closed without one. */
export async function login(
  { service }: Rig,
  credentials: Credentials,
  options: WireOptions,
): Promise<readonly [WireClient, number | undefined]> {
  const socket = await secureConnect(service.mqttsUrl, service.ca, credentials);
  const client = new WireClient(socket, options.protocolVersion);
  return [client, await client.login(options)];
}
