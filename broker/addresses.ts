/**
 * Under which name devices find the service: what it was told to advertise, or else the host name or address by which each
 * device came last, since that one has led there before. From it follow the origin of signed URLs and what DescribeEndpoint
 * says. A port that the scheme implies is not written, because firmware takes the host name to the end.
 */
import { isIP, isIPv6 } from 'node:net';

/** A host name or address, and the port under which the HTTP door is found there, if it is another than it listens on. */
export interface Advertised {
  readonly host: string;
  readonly port?: number;
}

export interface AddressesOptions {
  readonly advertised?: Advertised;
  /** Where a client on this machine finds the service. */
  readonly localHost: string;
  /** Of the HTTP door, once it is open. */
  readonly ports: () => { readonly http?: number; readonly https?: number };
}

export interface Addresses {
  /** A device has reached the service by this host name or address. */
  deviceCame(thingName: string, host: string): void;
  /** `scheme://host:port` of the HTTP door for a device, with TLS where there is TLS. */
  originFor(thingName: string): string;
  /** `host:port` of the HTTP door for who has reached it by this host name or address. */
  endpointFor(host: string): string;
}

const hostName = /^(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.?$/i;
const maxHosts = 100_000;
const impliedPorts = { http: 80, https: 443 } as const;

/** @returns `undefined` for what is neither a host name nor an address: what clients say of themselves may be anything. */
export function hostFrom(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(bare) !== 0 || hostName.test(bare) ? bare : undefined;
}

/** `HOST`, `HOST:PORT`, `[IPv6]:PORT`. */
export function parseAdvertised(text: string): Advertised | undefined {
  const [, given = '', port] = isIPv6(text) ? [text, text] : (/^(\[.*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? []);
  const host = hostFrom(given);
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0) return undefined;
  return { host, ...(port !== undefined && { port: Number(port) }) };
}

export function createAddresses({ advertised, localHost, ports }: AddressesOptions): Addresses {
  /** Only of devices that came by another name than {@link AddressesOptions.localHost}. */
  const hosts = new Map<string, string>();

  function place(host: string): { readonly scheme: 'http' | 'https'; readonly address: string } {
    const { http, https } = ports();
    const scheme = https === undefined ? 'http' : 'https';
    const port = advertised?.port ?? https ?? http;
    const name = advertised?.host ?? host;
    const bracketed = isIPv6(name) ? `[${name}]` : name;
    return { scheme, address: port === impliedPorts[scheme] ? bracketed : `${bracketed}:${port}` };
  }

  return {
    deviceCame(thingName, said) {
      const host = hostFrom(said);
      if (advertised !== undefined || host === undefined) return;
      hosts.delete(thingName);
      if (host === localHost) return;
      // Names come from whoever connects: the one that has been away longest is forgotten.
      const [oldest] = hosts.keys();
      if (hosts.size >= maxHosts && oldest !== undefined) hosts.delete(oldest);
      hosts.set(thingName, host);
    },
    originFor(thingName) {
      const { scheme, address } = place(hosts.get(thingName) ?? localHost);
      return `${scheme}://${address}`;
    },
    endpointFor: (host) => place(hostFrom(host) ?? localHost).address,
  };
}
