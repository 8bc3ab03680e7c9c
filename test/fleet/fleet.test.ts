import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startFleet } from '../../agent/fleet.ts';
import { OperationalError } from '../../protocol/operational-error.ts';
import { finished, liveFleet, liveService, lookAt } from '../support/live.ts';

describe('a fleet', () => {
  it('connects every device under its own name and counts what becomes of their jobs', async () => {
    const { service, operator } = await liveService();
    const names = ['bench-1', 'bench-2', 'bench-3'];
    await operator.createThings(names, 'all');
    const { fleet, events, when } = await liveFleet({
      endpoint: service.mqttUrl!,
      things: 3,
      prefix: 'bench-',
      hardware: 'mix',
    });
    expect([...fleet.devices.keys()]).toEqual(names);
    expect(fleet.counters().connected).toBe(3);
    expect(new Set(names.map((name) => fleet.hardwareOf(name)?.name)).size).toBeGreaterThan(1);
    await operator.createJob({ jobId: 'ok', things: names.slice(0, 2), document: '{"operation":"reboot"}' });
    await operator.createJob({ jobId: 'no', things: names.slice(2), document: '{"operation":"dance"}' });
    await when(() => events.filter((event) => finished('ok')(event)).length === 2);
    await when(finished('no'));
    expect(fleet.counters()).toMatchObject({ succeeded: 2, rejected: 1, failed: 0 });
  });

  it('says that an endpoint cannot be reached, and leaves nothing running', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
    const { port } = server.address() as AddressInfo;
    await new Promise((closed) => server.close(closed));
    const attempt = startFleet({ endpoint: `mqtt://127.0.0.1:${port}`, things: 100, timeScale: 100 });
    await expect(attempt).rejects.toThrow(OperationalError);
    await expect(attempt).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });

  it('says that a service does not accept its devices', async () => {
    const { service } = await liveService({ identity: 'certificate' });
    const attempt = startFleet({ endpoint: service.mqttUrl!, things: 2, timeScale: 100 });
    await expect(attempt).rejects.toMatchObject({ code: 'ENDPOINT_UNREACHABLE' });
  });

  it('names the hardware profiles when one is asked for that does not exist', async () => {
    const attempt = startFleet({ endpoint: 'mqtt://127.0.0.1:1', things: 1, hardware: 'abacus' });
    await expect(attempt).rejects.toMatchObject({
      code: 'HARDWARE_UNKNOWN',
      hint: expect.stringContaining('esp32-s3'),
    });
  });

  it('is powered on as fast as asked, however long its devices boot', async () => {
    const { service } = await liveService();
    let booting = 0;
    let most = 0;
    const connected: number[] = [];
    const { fleet } = await liveFleet({
      endpoint: service.mqttUrl!,
      things: 200,
      connectRate: 2000,
      timeScale: 10,
      observer: lookAt(({ kind }) => {
        if (kind === 'power') booting += 1;
        if (kind === 'connected') booting -= 1;
        most = Math.max(most, booting);
      }),
      onProgress: (counters) => connected.push(counters.connected),
    });
    expect(fleet.counters().connected).toBe(200);
    // 100 ms at 2,000 a second are less than a boot; 64 at a time would take four of them.
    expect(most).toBeGreaterThan(100);
    expect([connected.length, connected[0]]).toEqual([200, 1]);
  });

  it('can be stopped while it starts', async () => {
    const { service } = await liveService();
    const controller = new AbortController();
    const attempt = startFleet({
      endpoint: service.mqttUrl!,
      things: 50,
      connectRate: 10,
      timeScale: 100,
      signal: controller.signal,
      observer: { connected: () => controller.abort(new Error('enough')) },
    });
    await expect(attempt).rejects.toThrow('enough');
  });

  it('has no connection left after close', async () => {
    const { service } = await liveService();
    const { fleet } = await liveFleet({ endpoint: service.mqttUrl!, things: 5 });
    await fleet.close();
    expect(fleet.counters().connected).toBe(0);
  });
});
