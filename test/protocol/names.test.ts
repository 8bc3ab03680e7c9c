import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatJobArn,
  formatJobTemplateArn,
  formatThingArn,
  formatThingGroupArn,
  isJobId,
  isNamespaceId,
  isThingName,
  parseArn,
} from '../../protocol/names.ts';
import { jobIds, namespaceIds, thingNames } from './arbitraries.ts';

const scope = { region: 'eu-west-1', account: '123456789012' };

describe('ARNs', () => {
  it.each([
    [formatThingArn, 'thing'],
    [formatThingGroupArn, 'thinggroup'],
    [formatJobArn, 'job'],
    [formatJobTemplateArn, 'jobtemplate'],
  ] as const)('%o writes what parseArn reads back', (format, resource) => {
    fc.assert(
      fc.property(thingNames, (name) => {
        expect(parseArn(format(scope, name))).toEqual({ ...scope, partition: 'aws', resource, name });
      }),
    );
  });

  it.each([
    ['arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0', 'aws', 'us-east-1', '', 'jobtemplate', 'AWS-Reboot:1.0'],
    ['arn:aws:iot:us-east-1:1:package/P/version/V', 'aws', 'us-east-1', '1', 'package', 'P/version/V'],
    ['arn:aws-cn:iot:cn-north-1:1:thing/T', 'aws-cn', 'cn-north-1', '1', 'thing', 'T'],
    ['arn:aws-us-gov:iot:us-gov-west-1:1:job/J', 'aws-us-gov', 'us-gov-west-1', '1', 'job', 'J'],
  ])('reads %s', (text, partition, region, account, resource, name) => {
    expect(parseArn(text)).toEqual({ partition, region, account, resource, name });
  });

  it.each([
    '',
    'thing/T',
    'arn:aws:iot:eu-west-1:123456789012',
    'arn:aws:iot:eu-west-1:123456789012:thing',
    'arn:aws:iot:eu-west-1:123456789012:thing/',
    'arn:aws:s3:eu-west-1:123456789012:thing/T',
    'arn:aws:iot:eu-west-1:someone:thing/T',
    'xarn:aws:iot:eu-west-1:123456789012:thing/T',
  ])('refuses "%s"', (text) => {
    expect(parseArn(text)).toBeUndefined();
  });
});

describe('names', () => {
  it('accepts what AWS allows', () => {
    fc.assert(fc.property(thingNames, isThingName));
    fc.assert(fc.property(jobIds, isJobId));
    fc.assert(fc.property(namespaceIds, isNamespaceId));
  });

  it.each([
    ['isThingName', isThingName, ['', 'a b', 'ü', 'a/b', 'a\n', '$next', '#', 'x'.repeat(129)]],
    ['isJobId', isJobId, ['', 'a:b', 'a.b', '$next', 'a\n', 'x'.repeat(65)]],
    ['isNamespaceId', isNamespaceId, ['', 'a:b', 'a/b', 'a\n']],
  ])('%s refuses what AWS refuses', (_, isName, texts) => {
    for (const text of texts) expect(isName(text), JSON.stringify(text)).toBe(false);
  });
});
