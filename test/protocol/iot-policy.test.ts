/** What a policy allows: AWS's words for it, as a table. */
import { describe, expect, it } from 'vitest';
import { policyFor, policyOf, readPolicy, type PolicyVariables } from '../../protocol/iot-policy.ts';

const arn = (resource: string): string => `arn:aws:iot:us-east-1:000000000000:${resource}`;

const values: Readonly<Record<string, string>> = {
  'iot:ClientId': 'lamp',
  'iot:Connection.Thing.ThingName': 'lamp',
  'iot:Connection.Thing.IsAttached': 'true',
  'iot:Connection.Thing.Attributes[site]': 'north',
  'iot:Certificate.Subject.CommonName': 'a*b',
  'aws:SourceIp': '10.1.2.3',
};
const variables: PolicyVariables = (name) => values[name];

interface Given {
  readonly Effect?: string;
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

function allows(statements: readonly Given[], action: string, resource: string): boolean {
  const Statement = statements.map((given) => ({ Effect: 'Allow', Action: 'iot:*', Resource: '*', ...given }));
  const document = readPolicy(JSON.stringify({ Version: '2012-10-17', Statement }));
  if ('problem' in document) throw new Error(document.problem);
  return policyFor([document], variables)(action, arn(resource));
}

describe('a statement', () => {
  const topic = (of: string): string => arn(`topic/${of}`);
  it.each<readonly [string, Given, string, boolean]>([
    ['allows what it names', { Resource: topic('a/b') }, 'topic/a/b', true],
    ['allows nothing else', { Resource: topic('a/b') }, 'topic/a/c', false],
    ['allows any of a list', { Resource: [topic('x'), topic('a/b')] }, 'topic/a/b', true],
    ['takes * for any run, slashes too', { Resource: topic('a/*') }, 'topic/a/b/c', true],
    ['takes * for nothing', { Resource: topic('a*') }, 'topic/a', true],
    ['takes several *', { Resource: topic('*/b/*') }, 'topic/a/b/c/b/d', true],
    ['wants what stands behind a *', { Resource: topic('*/b') }, 'topic/a/c', false],
    ['takes ? for one character', { Resource: topic('a?c') }, 'topic/abc', true],
    ['takes ? for no more', { Resource: topic('a?c') }, 'topic/abbc', false],
    ['takes + and # as they are', { Resource: arn('topicfilter/a/+/#') }, 'topicfilter/a/+/#', true],
    ['takes + for nothing else', { Resource: topic('a/+') }, 'topic/a/b', false],
    [
      'fills in variables',
      { Resource: topic('things/${iot:Connection.Thing.ThingName}/x') },
      'topic/things/lamp/x',
      true,
    ],
    ['fills in attributes', { Resource: topic('${iot:Connection.Thing.Attributes[site]}') }, 'topic/north', true],
    ['fills in the client id', { Action: 'iot:Publish', Resource: topic('${iot:ClientId}') }, 'topic/door', false],
    ['lets no variable be a pattern', { Resource: topic('${iot:Certificate.Subject.CommonName}') }, 'topic/axb', false],
    ['allows nothing by a variable without a value', { Resource: topic('${iot:DomainName}*') }, 'topic/a', false],
    ['takes ${*} for an asterisk', { Resource: topic('${*}') }, 'topic/*', true],
    ['takes ${*} for nothing else', { Resource: topic('${*}') }, 'topic/a', false],
    ['is about the actions that it names', { Action: ['iot:Connect', 'iot:Receive'] }, 'topic/a', false],
    ['knows actions however they are spelled', { Action: 'IOT:publish' }, 'topic/a', true],
    ['knows actions by pattern', { Action: 'iot:Pub*' }, 'topic/a', true],
    ['asks its condition', { Condition: { Bool: { 'iot:Connection.Thing.IsAttached': ['true'] } } }, 'topic/a', true],
    [
      'is not met by another value',
      { Condition: { Bool: { 'iot:Connection.Thing.IsAttached': false } } },
      'topic/a',
      false,
    ],
    [
      'takes any value of a list',
      { Condition: { StringEquals: { 'iot:ClientId': ['door', 'lamp'] } } },
      'topic/a',
      true,
    ],
    [
      'compares with variables',
      { Condition: { StringEquals: { 'iot:ClientId': '${iot:Connection.Thing.ThingName}' } } },
      'topic/a',
      true,
    ],
    [
      'knows patterns in conditions',
      { Condition: { 'ForAllValues:StringLike': { 'iot:ClientId': 'la*' } } },
      'topic/a',
      true,
    ],
    ['knows what must not be', { Condition: { StringNotEquals: { 'iot:ClientId': 'lamp' } } }, 'topic/a', false],
    ['knows what may be absent', { Condition: { StringEqualsIfExists: { 'iot:DomainName': 'x' } } }, 'topic/a', true],
    ['knows what must be absent', { Condition: { Null: { 'iot:DomainName': 'true' } } }, 'topic/a', true],
    ['knows networks', { Condition: { IpAddress: { 'aws:SourceIp': '10.1.0.0/16' } } }, 'topic/a', true],
    [
      'knows other networks',
      { Condition: { NotIpAddress: { 'aws:SourceIp': ['10.2.0.0/16', '10.1.2.3'] } } },
      'topic/a',
      false,
    ],
  ])('%s', (_what, given, resource, allowed) => {
    expect(allows([given], 'iot:Publish', resource)).toBe(allowed);
  });

  it('that denies beats all that allow, wherever it stands', () => {
    const deny = { Effect: 'Deny', Resource: topic('a/secret/*') };
    for (const statements of [
      [{}, deny],
      [deny, {}],
    ]) {
      expect(allows(statements, 'iot:Publish', 'topic/a/secret/x')).toBe(false);
      expect(allows(statements, 'iot:Publish', 'topic/a/b')).toBe(true);
    }
  });

  it('that denies a filter does not deny one that matches more', () => {
    const deny = { Effect: 'Deny', Resource: arn('topicfilter/a/secret/*') };
    expect(allows([{}, deny], 'iot:Subscribe', 'topicfilter/a/#')).toBe(true);
  });
});

const textFor = (account: string): string =>
  JSON.stringify({
    Statement: { Effect: 'Allow', Action: 'iot:*', Resource: `arn:aws-cn:iot:cn-north-1:${account}:topic/a` },
  });

it('the region of a resource is not looked at, its account is', () => {
  expect(policyOf([textFor('000000000000')], variables)('iot:Publish', arn('topic/a'))).toBe(true);
  expect(policyOf([textFor('111111111111')], variables)('iot:Publish', arn('topic/a'))).toBe(false);
  expect(policyOf(['no policy'], variables)('iot:Publish', arn('topic/a'))).toBe(false);
});

it('without a policy nothing is allowed', () => {
  expect(policyFor([], variables)('iot:Connect', arn('client/lamp'))).toBe(false);
});

it('a pattern of many asterisks is decided at once', () => {
  const statement = { Resource: arn(`topic/${'*a'.repeat(200)}*b`) };
  expect(allows([statement], 'iot:Publish', `topic/${'a'.repeat(20_000)}`)).toBe(false);
});

describe('a document is malformed', () => {
  it.each([
    ['', 'Policy document is Malformed'],
    ['[]', 'Policy document is Malformed'],
    ['{"Version":"2012-10-17"}', 'A statement must be an object'],
    ['{"Version":"2020","Statement":[]}', 'Version 2020 is not known'],
    ['{"Statement":[]}', 'Statement is empty'],
    ['{"Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}', 'Effect must be Allow or Deny'],
    ['{"Statement":{"Effect":"Allow","Action":[],"Resource":"*"}}', 'Action must name actions'],
    ['{"Statement":{"Effect":"Allow","Action":"publish","Resource":"*"}}', 'Action must name actions'],
    ['{"Statement":{"Effect":"Allow","Action":"iot:Publish"}}', 'Resource must name resources by ARN'],
    [
      '{"Statement":{"Effect":"Allow","Action":"iot:Publish","Resource":"topic/a"}}',
      'Resource must name resources by ARN',
    ],
    [
      '{"Statement":{"Effect":"Allow","NotAction":"iot:Publish","Resource":"*"}}',
      'NotAction is not known in a statement',
    ],
    [
      '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Maybe":{}}}}',
      'Condition Maybe is not known',
    ],
  ])('%s: %s', (text, problem) => {
    expect(readPolicy(text)).toEqual({ problem });
  });
});
