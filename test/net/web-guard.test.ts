/** Which Host and which Origin the rig answers, as a table. */
import { describe, expect, it } from 'vitest';
import { type WebRules, objectionToWeb, originOf, parseHost } from '../../broker/net/web-guard.ts';

const rules: WebRules = {
  hosts: ['rig.lan'],
  checksHost: true,
  origins: ['https://tool.example'],
  ownPorts: () => [4510, 4511],
};

const statusOf = (headers: Record<string, string>, more: Partial<WebRules> = {}, localAddress = '127.0.0.1') =>
  objectionToWeb({ headers, rawHeaders: [], localAddress }, { ...rules, ...more })?.status;

describe('Host', () => {
  it.each([
    'localhost',
    'LOCALHOST:4510',
    'api.localhost:4510',
    '127.0.0.1:4510',
    '127.1.2.3',
    '[::1]:4510',
    'rig.lan',
    'RIG.LAN:80',
  ])('%s is this rig', (host) => {
    expect(statusOf({ host })).toBeUndefined();
  });

  it.each([
    'evil.example',
    'evil.example:4510',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'xlocalhost',
    '0.0.0.0:4510',
    '192.168.1.7',
    '[::]:4510',
    'rig.lan.evil.example',
    'localhost.',
  ])('%s is another', (host) => {
    expect(statusOf({ host })).toBe(403);
    expect(statusOf({ host }, { checksHost: false })).toBeUndefined();
  });

  it.each([
    '',
    'u27.0.0.1',
    '1.2.3.4.5',
    'a b',
    'user@localhost',
    'localhost/x',
    '[::1',
    'localhost:99999',
    'ä',
    '%00',
  ])('%j is no host', (host) => {
    expect(statusOf({ host })).toBe(400);
    expect(statusOf({ host }, { checksHost: false })).toBe(400);
  });

  it('may be the address that was connected to, which nobody can rebind', () => {
    expect(statusOf({ host: '192.168.1.7:4510' }, {}, '::ffff:192.168.1.7')).toBeUndefined();
    expect(statusOf({ host: '192.168.1.8:4510' }, {}, '192.168.1.7')).toBe(403);
  });

  it('is told what to do about it', () => {
    const objection = objectionToWeb({ headers: { host: 'dev.box' }, rawHeaders: [] }, rules);
    expect(objection?.message).toContain('--advertise dev.box');
  });
});

const host = '127.0.0.1:4510';

function message(origin: string): string | undefined {
  return objectionToWeb({ headers: { host, origin }, rawHeaders: [] }, rules)?.message;
}

describe('Origin', () => {
  it.each([
    'http://127.0.0.1:4510',
    'https://127.0.0.1:4510', // what some clients that are no browsers write
    'http://localhost:4510',
    'https://localhost:4511',
    'https://tool.example',
  ])('%s may', (origin) => {
    expect(statusOf({ host, origin })).toBeUndefined();
  });

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://tool.example',
    'https://tool.example:8443',
    'https://sub.tool.example',
    'http://localhost:3000',
    'http://localhost',
    'http://127.0.0.1.evil.example:4510',
    'http://evil.example:4510',
    'http://127.0.0.1:4510@evil.example',
    'file://',
    'chrome-extension://abc',
  ])('%s may not, with proof or without', (origin) => {
    expect(statusOf({ host, origin })).toBe(403);
    expect(statusOf({ host, origin }, { checksHost: false })).toBe(403);
  });

  it('counts before what the browser says of the site, which counts where there is none', () => {
    expect(statusOf({ host, 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(statusOf({ host, 'sec-fetch-site': 'same-origin' })).toBeUndefined();
    expect(statusOf({ host, 'sec-fetch-site': 'none' })).toBeUndefined();
    expect(statusOf({ host, origin: 'https://tool.example', 'sec-fetch-site': 'cross-site' })).toBeUndefined();
  });

  it('is told what to do about it, and nothing of it is repeated that is no plain text', () => {
    expect(message('https://other.example')).toContain('--allow-origin https://other.example');
    expect(message(`https://a\u0007${'b'.repeat(500)}`)?.length).toBeLessThan(400);
  });
});

it('a host is read as a browser reads it', () => {
  expect(parseHost('LocalHost:80')).toEqual({ name: 'localhost', port: 80 });
  expect(parseHost('[::1]:8083')).toEqual({ name: '[::1]', port: 8083 });
  expect(parseHost('127.1')).toEqual({ name: '127.0.0.1' });
});

it('an origin is brought into the form that browsers send', () => {
  expect(
    ['https://Tool.Example/', 'http://a:80', 'https://a:8443', 'a', 'ftp://a', 'https://a/b'].map(originOf),
  ).toEqual(['https://tool.example', 'http://a', 'https://a:8443', undefined, undefined, undefined]);
});
