/** What OpenSSL says of a failure, without where in its source: that it puts on the same line. `undefined`: it says nothing. */
export function tlsFailure({ message }: Error): string | undefined {
  const [, said] = /error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/.exec(message) ?? [];
  return said === undefined ? undefined : `TLS: ${said}`;
}
