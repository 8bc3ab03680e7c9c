/** A TCP port that passes everything on to another one, until a test cuts it, or keeps answers back. */
import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';

export interface CutWire extends AsyncDisposable {
  readonly port: number;
  /** Ends what there is and lets nobody in. */
  cut(): void;
  /** Lets through what comes from now on. */
  mend(): void;
  /** Requests arrive, and no answer comes back until it is mended or cut. */
  deafen(): void;
  /** How often PostgreSQL has said that it is ready for the next question. */
  readonly roundTrips: number;
  /** How many bytes have come back. */
  readonly answeredBytes: number;
  /** Resolves when more bytes have come from the caller's side. */
  asked(): Promise<void>;
}

export async function cutWire(target: number): Promise<CutWire> {
  const pairs = new Set<readonly [near: Socket, far: Socket]>();
  let isCut = false;
  let isDeaf = false;
  let roundTrips = 0;
  let answeredBytes = 0;
  let whenAsked: (() => void)[] = [];
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(target, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const each of pair) each.on('error', end).on('close', end);
    near.on('data', (bytes: Buffer) => {
      far.write(bytes, () => {
        for (const resolve of whenAsked.splice(0)) resolve();
      });
    });
    const isReady = readyMessages();
    far.on('data', (bytes: Buffer) => {
      roundTrips += isReady(bytes);
      answeredBytes += bytes.length;
      near.write(bytes);
    });
    if (isDeaf) far.pause();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    port: (server.address() as { readonly port: number }).port,
    get roundTrips() {
      return roundTrips;
    },
    get answeredBytes() {
      return answeredBytes;
    },
    cut,
    mend() {
      isCut = false;
      isDeaf = false;
      for (const [, far] of pairs) far.resume();
    },
    deafen() {
      isDeaf = true;
      for (const [, far] of pairs) far.pause();
    },
    asked: () =>
      new Promise((resolve) => {
        whenAsked = [...whenAsked, resolve];
      }),
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** PostgreSQL's messages: a letter, a length that counts itself, a body. @returns how many `Z` there are in the next bytes */
function readyMessages(): (bytes: Buffer) => number {
  let left: Buffer = Buffer.alloc(0);
  return (bytes) => {
    let found = 0;
    left = Buffer.concat([left, bytes]);
    while (left.length >= 5 && left.length > left.readInt32BE(1)) {
      if (left[0] === 0x5a) found += 1;
      left = left.subarray(left.readInt32BE(1) + 1);
    }
    return found;
  };
}
