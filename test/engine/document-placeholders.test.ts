/**
 * The table of refusals that AWS documents for placeholders in job documents, line by line, and what is no offence.
 */
import { describe, expect, it } from 'vitest';
import { thingArn, World } from './world.ts';

const role = { roleArn: 'arn:aws:iam::123456789012:role/jobs' };
const version = (name: string): string => `arn:aws:iot:eu-west-1:123456789012:package/${name}/version/1`;
const upload = (url: string): string => `\${aws:iot:s3-presigned-url-upload:${url}}`;
const download = (url: string): string => `\${aws:iot:s3-presigned-url:${url}}`;
const all =
  'The package version attribute placeholder for all attributes has to be a json value by itself and not appended with other strings or nested with other placeholders.';

const refused: [text: string, message: string, more?: object][] = [
  ['${aws:iot:s3-presigned-url:https://x', 'One or more parameters or placeholders are not terminated.'],
  [
    '${aws:iot:s3-presigned-url:https://s3.amazonaws.com/images/k}',
    'presignedUrlConfig role ARN is required to generate an S3 presigned url in job document.',
    { presignedUrlConfig: {} },
  ],
  [
    '${aws:iot:package:P:version:1:artifact-location:s3-presigned-url}',
    'presignedUrlConfig role ARN is required to generate an S3 presigned url in job document for package P version 1 artifact.',
    { presignedUrlConfig: {} },
  ],
  [
    upload('https://bucket.s3.eu-west-1.amazonaws.com/${other}'),
    'Undefined placeholder, ${other}, inside of presign url upload parameter',
  ],
  ['${thingName}', 'Local placeholder, ${thingName}, is only valid inside of presign url upload'],
  [
    '${aws:iot:s3-presigned-url:https://s3.amazonaws.com/images/${jobId}}',
    'Local placeholder, ${jobId}, is only valid inside of presign url upload',
  ],
  [
    upload('https://bucket.s3.eu-west-1.amazonaws.com/${jobId}/${jobId}/${jobId}'),
    'The occurrence of local placeholder ${jobId} within S3 presigned url upload placeholder exceeds limit of 2.',
  ],
  [
    upload('https://${thingName}.s3.eu-west-1.amazonaws.com/key'),
    'S3 bucket name in presigned url upload is not allowed to contain any placeholders',
  ],
  [
    upload('https://s3.eu-west-1.amazonaws.com/${thingName}/key'),
    'S3 bucket name in presigned url upload is not allowed to contain any placeholders',
  ],
  [
    '${aws:iot:s3-presigned-url:${aws:iot:s3-presigned-url:https://x}}',
    '${aws:iot:s3-presigned-url[...]} should not be the second layer pattern.',
  ],
  [
    '${aws:iot:package::version::attributes:url}',
    'Cannot resolve empty package name and version name given multiple elements in destination package versions.',
    { destinationPackageVersions: [version('P'), version('Q')] },
  ],
  ['${aws:iot:package:P:version::attributes:url}', 'Empty package name and version name have to be used in pair.'],
  [
    '${aws:iot:package:P:version:$null:attributes:url}',
    '$null is not allowed to be referenced as a package version in job documents.',
  ],
  ['v ${aws:iot:package:P:version:1:attributes}', all],
  ['${aws:iot:s3-presigned-url:${aws:iot:package:P:version:1:attributes}}', all],
];

/** URLs by which a device could be given nothing. */
const noObjects: [text: string, message: string][] = [
  [download('https://example.com/images/k'), 'is not valid'],
  [download('http://localhost:9000/images/k'), 'is not valid'],
  [download(''), 'is not valid'],
  [download('images/k'), 'is not valid'],
  [download('https://s3.amazonaws.com/Images/k'), 'is not valid'],
  [download('https://s3.amazonaws.com/b/k'), 'is not valid'],
  [download('https://s3.amazonaws.com/192.168.0.1/k'), 'The bucket name 192.168.0.1'],
  [download('https://s3.amazonaws.com/im..ages/k'), 'The bucket name im..ages'],
  [download('https://s3.amazonaws.com/images'), 'has no valid object key'],
  [download('https://images.s3.amazonaws.com/'), 'has no valid object key'],
  [download('https://images.s3.amazonaws.com/?versionId=1'), 'has no valid object key'],
  [download(`s3://images/${'é'.repeat(513)}`), 'has no valid object key'],
  [upload('https://example.com/${thingName}'), 'is not valid'],
  [upload(`https://images.s3.amazonaws.com/${'k'.repeat(1025)}`), 'has no valid object key'],
];

function createBoth(world: World, text: string, more: object, check: 'ok' | 'refused'): string[] {
  const members = { document: JSON.stringify({ value: text }), presignedUrlConfig: role, ...more };
  const job = { jobId: 'a', targets: [thingArn('t')], ...members };
  const template = { jobTemplateId: 'p', description: 'd', ...members };
  if (check === 'refused') {
    return [world.refused('iot:CreateJob', job).message, world.refused('iot:CreateJobTemplate', template).message];
  }
  world.ok('iot:CreateJob', job);
  world.ok('iot:CreateJobTemplate', template);
  return [];
}

function placeholderWorld(): World {
  const world = new World();
  world.things('t');
  return world;
}

describe('a job document', () => {
  it.each<[text: string, message: string, more?: object]>(refused)(
    'with %s is refused: %s',
    (text, message, more = {}) => {
      expect(createBoth(placeholderWorld(), text, more, 'refused')).toEqual([message, message]);
    },
  );

  it.each(noObjects)('with %s is refused, because its URL names no object of S3', (text, message) => {
    for (const said of createBoth(placeholderWorld(), text, {}, 'refused')) expect(said).toContain(message);
  });

  it.each([
    '${HOME} ${',
    download('https://images.s3.amazonaws.com/v2/k?versionId=3HL4kqtJlcpXroDTDmJ'),
    '${aws:iot:s3-presigned-url-v2:https://images.s3.eu-west-1.amazonaws.com/v2%2Fk%3FversionId%3D3HL4kq}',
    download(`s3://images/${'é'.repeat(512)}`),
    upload('https://images.s3.amazonaws.com'),
    download('${aws:iot:code-sign-signature:https://s3.amazonaws.com/images/k}'),
    '${aws:iot:code-sign-signature:s3://eu-west-1.images/k@1}',
    '${aws:iot:s3-presigned-url-v2:https://s3.amazonaws.com/images/k}',
    upload('https://bucket.s3.eu-west-1.amazonaws.com/${thingName}/${jobId}/${executionNumber}/${jobId}'),
    upload('https://s3.eu-west-1.amazonaws.com/bucket/${thingName}'),
    '${aws:iot:package:P:version:1:attributes}',
    'v ${aws:iot:package:P:version:$default:attributes:url}',
    '${aws:iot:s3-presigned-url:${aws:iot:package:P:version:1:attributes:url}}',
    '${aws:iot:package::version::attributes:url}',
  ])('may have %s', (text) => {
    createBoth(placeholderWorld(), text, { destinationPackageVersions: [version('P')] }, 'ok');
  });

  it('needs a role only for what a URL is made of', () => {
    const more = { destinationPackageVersions: [version('P')], presignedUrlConfig: undefined };
    createBoth(placeholderWorld(), '${aws:iot:package:P:version:1:attributes:url}', more, 'ok');
    const artifact = '${aws:iot:package:P:version:1:artifact-location:s3-presigned-url}';
    createBoth(placeholderWorld(), artifact, { destinationPackageVersions: [version('P')] }, 'ok');
  });
});
