/**
 * What engine and doors both need around them, in one process or in several: who listens to what happens, the certificate
 * authority, what stands in for S3, and under which names devices find the service. Opens it and holds no rule.
 */
import { Watchers } from '../observation/watchers.ts';
import type { TransferListener } from '../protocol/transfers.ts';
import type { EpochMs } from '../protocol/time.ts';
import { type Addresses, createAddresses } from './addresses.ts';
import { createCertificateIssuer } from './certificate-issuer.ts';
import { type CertificateAuthority, openCertificateAuthority } from './certificates.ts';
import { type CodeSigner, openCodeSigner } from './code-signing.ts';
import { observeDownloads } from './download-observations.ts';
import type { ServiceIdentity } from './engine/contract.ts';
import { localHostOf } from './endpoints.ts';
import type { Files } from './http/files.ts';
import { ServiceEvents, observeEvents } from './service-events.ts';
import type { ServiceOptions } from './service-options.ts';
import { openSigningKey } from './signing-key.ts';

export interface Surroundings {
  readonly host: string;
  readonly identity: ServiceIdentity;
  readonly events: ServiceEvents;
  readonly watchers: Watchers;
  readonly authority: CertificateAuthority;
  readonly issuer: ReturnType<typeof createCertificateIssuer>;
  readonly signer: CodeSigner | undefined;
  readonly files: Files | undefined;
  readonly onTransfer: TransferListener;
  readonly addresses: Addresses;
  /** Of the HTTP door, filled in when it is open. */
  httpPorts: { readonly http?: number; readonly https?: number };
}

/** @param now service time, asked once there is one. */
export async function openSurroundings(options: ServiceOptions, now: () => EpochMs): Promise<Surroundings> {
  const { host = '127.0.0.1', advertise } = options;
  const identity = identityOf(options);
  // Where keys and certificates are: several processes of one service share them.
  const directory = options.dataDir ?? options.authorityDir ?? 'memory';
  const events = new ServiceEvents();
  const watchers = new Watchers();
  if (options.onEvent !== undefined) events.add(options.onEvent);
  const { execution, download } = options.observer ?? {};
  watchers.add({ ...(execution && { execution }), ...(download && { download }) });
  events.observeBy(observeEvents(watchers, now));
  const onTransfer = transferListener(watchers, options.onTransfer, now);
  const addresses = createAddresses({
    ...(advertise && { advertised: advertise }),
    localHost: localHostOf(host),
    ports: () => surroundings.httpPorts,
  });
  const authority = await openCertificateAuthority(directory);
  const signer = options.files === undefined ? undefined : await openCodeSigner(directory, authority);
  const files =
    options.files === undefined || signer === undefined
      ? undefined
      : await (
          await import('./http/files.ts')
        ).openFiles({
          directory: options.files,
          signImage: signer.sign,
          key: await openSigningKey(directory),
          region: identity.region,
          now,
          baseUrl: addresses.originFor,
          onTransfer,
        });
  const surroundings: Surroundings = {
    host,
    identity,
    events,
    watchers,
    authority,
    issuer: createCertificateIssuer(authority),
    signer,
    files,
    onTransfer,
    addresses,
    httpPorts: {},
  };
  return surroundings;
}

/** Where the service believes it runs. */
export function identityOf({ region = 'us-east-1', account = '000000000000' }: ServiceOptions): ServiceIdentity {
  return { region, account };
}

/** One listener for all who look at what devices download. */
function transferListener(
  watchers: Watchers,
  onTransfer: TransferListener | undefined,
  now: () => EpochMs,
): TransferListener {
  const observe = observeDownloads((seen) => watchers.observer.download?.(seen), now);
  return (event) => {
    onTransfer?.(event);
    if (watchers.observer.download !== undefined) observe(event);
  };
}
