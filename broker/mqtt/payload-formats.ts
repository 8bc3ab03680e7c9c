/**
 * The two formats that AWS IoT's own features speak over MQTT, `…/json` and `…/cbor`, read into plain values and written from
 * them. Bytes stay bytes in CBOR. Jobs and shadows are JSON only and do not pass here.
 * Source: reference shadow-and-provisioning.md §4 and §6; RFC 8949.
 */
import { decode, encode } from 'cborg';
import { decodeUtf8 } from '../../protocol/utf8.ts';

export interface PayloadFormat {
  /** @returns `undefined` for what is not well formed. */
  readonly read: (payload: Buffer | string) => unknown;
  readonly write: (value: object) => string | Buffer;
}

export const payloadFormats: { readonly [Format in 'json' | 'cbor']: PayloadFormat } = {
  json: {
    read(payload) {
      const text = typeof payload === 'string' ? payload : decodeUtf8(payload);
      try {
        return text === undefined ? undefined : (JSON.parse(text) as unknown);
      } catch {
        return undefined;
      }
    },
    write: (value) => JSON.stringify(value),
  },
  cbor: {
    read(payload) {
      try {
        return plain(decode(Buffer.from(payload), { useMaps: true }));
      } catch {
        return undefined; // nested too deep for the stack, too
      }
    },
    write: (value) => Buffer.from(encode(withoutUnset(value))),
  },
};

/** Maps as objects; keys that are no texts are written as texts. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([name, member]) => [String(name), plain(member)]));
}

/** As JSON leaves out what is `undefined`. */
function withoutUnset(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
