/**
 * Where a service that listens on an interface is found: the URLs of its doors for clients on this machine, and the names
 * that its certificate has to carry so that clients elsewhere believe it.
 */
import { isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

const everyInterface: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const paths: Readonly<Record<string, string>> = { ws: '/mqtt', wss: '/mqtt' };

/** The URL of each open port, by scheme. */
export function endpointsOf(host: string, ports: Readonly<Record<string, number | undefined>>): Record<string, string> {
  const local = localHostOf(host);
  const reachable = isIPv6(local) ? `[${local}]` : local;
  const open = Object.entries(ports).filter(([, port]) => port !== undefined);
  return Object.fromEntries(
    open.map(([scheme, port]) => [scheme, `${scheme}://${reachable}:${port}${paths[scheme] ?? ''}`]),
  );
}

/** Where a client on this machine finds a service that listens on `host`. */
export function localHostOf(host: string): string {
  return everyInterface[host] ?? host;
}

/** Host names and addresses under which clients may look for the service. */
export function certificateNames(host: string, advertised: string | undefined): readonly string[] {
  const names = ['localhost', '127.0.0.1', '::1', host, ...(advertised === undefined ? [] : [advertised])];
  if (host in everyInterface) {
    const addresses = Object.values(networkInterfaces()).flatMap((found = []) => found.map(({ address }) => address));
    names.push(hostname(), ...addresses);
  }
  return [...new Set(names)];
}
