/** Under which name devices find the service: what it was told, or as each of them has come. */
import { describe, expect, it } from 'vitest';
import { createAddresses, hostFrom, parseAdvertised } from '../../broker/addresses.ts';

const addressesAt = (ports: { http?: number; https?: number }, advertised?: string) =>
  createAddresses({
    ...(advertised !== undefined && { advertised: parseAdvertised(advertised)! }),
    localHost: '127.0.0.1',
    ports: () => ports,
  });

describe('the origin of a signed URL', () => {
  it.each([
    [{ http: 4510 }, undefined, 'http://127.0.0.1:4510'],
    [{ http: 4510, https: 4511 }, undefined, 'https://127.0.0.1:4511'],
    [{ http: 4510, https: 443 }, undefined, 'https://127.0.0.1'],
    [{ http: 80 }, undefined, 'http://127.0.0.1'],
    [{ http: 443 }, undefined, 'http://127.0.0.1:443'],
    [{ http: 4510, https: 4511 }, 'rig.test', 'https://rig.test:4511'],
    [{ http: 4510, https: 4511 }, 'rig.test:443', 'https://rig.test'],
    [{ http: 4510 }, '192.0.2.7:8080', 'http://192.0.2.7:8080'],
    [{ https: 443 }, '[2001:db8::7]', 'https://[2001:db8::7]'],
    [{ https: 443 }, '2001:db8::7', 'https://[2001:db8::7]'],
  ])('with the ports %j, advertised as %s, is %s', (ports, advertised, origin) => {
    const addresses = addressesAt(ports, advertised);
    expect(addresses.originFor('T')).toBe(origin);
    expect(`${origin.split('//')[0]}//${addresses.endpointFor('127.0.0.1')}`).toBe(origin);
  });

  it('is what the device came by last, and the device alone', () => {
    const addresses = addressesAt({ https: 4511 });
    addresses.deviceCame('T', 'rig.test');
    addresses.deviceCame('T', '[2001:db8::7]');
    expect(addresses.originFor('T')).toBe('https://[2001:db8::7]:4511');
    expect(addresses.originFor('U')).toBe('https://127.0.0.1:4511');
    addresses.deviceCame('T', '::ffff:127.0.0.1');
    expect(addresses.originFor('T')).toBe('https://127.0.0.1:4511');
  });

  it('stays what is advertised, whatever a device came by', () => {
    const addresses = addressesAt({ https: 443 }, 'rig.test');
    addresses.deviceCame('T', '192.0.2.7');
    expect([addresses.originFor('T'), addresses.endpointFor('192.0.2.7')]).toEqual(['https://rig.test', 'rig.test']);
  });

  it.each(['', 'a"b', 'a/b', 'a b', 'rig.test:1', '-rig', 'rig..test', '[rig]x', 'a\nb'])(
    'is not taken from %j, which is no host name',
    (said) => {
      const addresses = addressesAt({ https: 443 });
      addresses.deviceCame('T', said);
      expect([hostFrom(said), addresses.originFor('T')]).toEqual([undefined, 'https://127.0.0.1']);
    },
  );
});

it.each(['', ':443', 'a b', 'rig.test:0', 'rig.test:65536', 'rig.test:x', 'https://rig.test', '1:2:3', 'rig.test/'])(
  '%j cannot be advertised',
  (text) => {
    expect(parseAdvertised(text)).toBeUndefined();
  },
);
