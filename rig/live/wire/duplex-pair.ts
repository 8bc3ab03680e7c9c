/** Two streams in one process, each reading what the other writes. */
import { Duplex } from 'node:stream';

export function duplexPair(): readonly [Duplex, Duplex] {
  const one: Duplex = half(() => other);
  const other: Duplex = half(() => one);
  return [one, other];
}

function half(peer: () => Duplex): Duplex {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      peer().push(chunk);
      setImmediate(done);
    },
    final(done) {
      peer().push(null);
      done();
    },
    destroy(error, done) {
      if (!peer().destroyed) peer().push(null);
      done(error);
    },
  });
}
