import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouteTable, splitPath } from '../../broker/http/route-table.ts';
import { type ServiceName, operationsOf, serviceNames } from '../../protocol/operations.ts';

const tables = {
  iot: createRouteTable(operationsOf('iot')),
  'iot-jobs-data': createRouteTable(operationsOf('iot-jobs-data')),
  'iot-data': createRouteTable(operationsOf('iot-data')),
};

function match(service: ServiceName, method: string, path: string) {
  const found = tables[service].match(method, splitPath(path) ?? []);
  return found && { name: found.operation.name, parameters: found.parameters };
}

describe('route table', () => {
  const all = serviceNames.flatMap((service) => operationsOf(service));

  it.each(all.map((operation) => [`${operation.service} ${operation.name}`, operation] as const))(
    'finds %s by its own request line and gives back every path parameter',
    (_, { service, name, method, uri, request }) => {
      const parameters = Object.fromEntries((request.path ?? []).map((member) => [member.name, `x-${member.name}`]));
      const path = uri.replace(/\{(\w+)\}/g, (_match, member: string) => parameters[member] ?? '');
      expect(match(service, method, path)).toEqual({ name, parameters });
    },
  );

  it('gives back any name, however a client percent-encodes it', () => {
    const spell = constantFrom(
      (text: string) => encodeURIComponent(text),
      (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    );
    assert(
      property(string({ minLength: 1, unit: 'grapheme' }), spell, (thingName, encode) => {
        expect(match('iot', 'GET', `/things/${encode(thingName)}/thing-groups`)).toEqual({
          name: 'ListThingGroupsForThing',
          parameters: { thingName },
        });
      }),
    );
  });

  it.each([
    ['iot-jobs-data', 'PUT', '/things/T/jobs/$next', 'StartNextPendingJobExecution'],
    ['iot-jobs-data', 'PUT', '/things/T/jobs/%24next', 'StartNextPendingJobExecution'],
    ['iot-jobs-data', 'GET', '/things/T/jobs/$next', 'DescribeJobExecution'],
    ['iot-jobs-data', 'GET', '/things/jobs/jobs/jobs', 'DescribeJobExecution'],
    ['iot', 'PUT', '/thing-groups/addThingToThingGroup', 'AddThingToThingGroup'],
    ['iot', 'GET', '/thing-groups/addThingToThingGroup', 'DescribeThingGroup'],
    ['iot', 'GET', '/things/a:b/jobs', 'ListJobExecutionsForThing'],
    ['iot', 'GET', '/jobs/job-document/job-document', 'GetJobDocument'],
  ] as const)('%s %s %s is %s', (service, method, path, name) => {
    expect(match(service, method, path)?.name).toBe(name);
  });

  it.each([
    ['iot', 'GET', '/'],
    ['iot', 'GET', '/jobs/'],
    ['iot', 'GET', '//jobs'],
    ['iot', 'GET', '/jobs/J/cancel'],
    ['iot', 'POST', '/things/T/jobs'],
    ['iot', 'POST', '/things/T/jobs/J'],
    ['iot', 'GET', '/things/T/jobs/J/executionNumber/1/2'],
    ['iot', 'GET', '/constructor'],
    ['iot-jobs-data', 'GET', '/jobs'],
    ['iot-jobs-data', 'PUT', '/things/T/jobs/J'],
    ['iot-jobs-data', 'get', '/things/T/jobs'],
  ] as const)('%s has no operation for %s %s', (service, method, path) => {
    expect(match(service, method, path)).toBeUndefined();
  });

  it.each(['/things/%', '/things/%4', '/things/%zz/jobs', '/things/%ff', '/things/%c3%28'])(
    'refuses the broken encoding in %s',
    (path) => {
      expect(splitPath(path)).toBeUndefined();
    },
  );

  it('keeps an encoded slash inside its segment', () => {
    expect(splitPath('/things/a%2Fb/jobs')).toEqual(['things', 'a/b', 'jobs']);
  });
});
