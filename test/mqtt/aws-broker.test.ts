/** The rules of AWS's broker, each on every way in: no transport, version or path inside the door may know another one. */
import { afterEach, describe, expect, it } from 'vitest';
import { closeDoors } from '../support/mqtt-door.ts';
import { arrive, connectBy, openDoorFor, waysIn } from '../support/ways-in.ts';
import { brokerRules } from './aws-broker-rules.ts';

afterEach(closeDoors);

describe.each(waysIn)('$name', (way) => {
  it.each(brokerRules)('$claim', async ({ act, seen: [mqtt311, mqtt5] }) => {
    const { door, service } = await openDoorFor(way);
    const outcome = await act({
      service,
      connect: (options) => connectBy(door, way, options),
      arrive: () => arrive(door, way),
    });
    expect(outcome).toEqual(way.protocolVersion === 4 ? mqtt311 : mqtt5);
    expect(service.commands.every(({ name }) => name === 'iotjobsdata:GetPendingJobExecutions')).toBe(true);
    // The service goes on.
    const next = await connectBy(door, way, { clientId: 'next' });
    expect((await next.request('$aws/things/next/jobs/get')).topic).toBe('$aws/things/next/jobs/get/accepted');
  });
});
