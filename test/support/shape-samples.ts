/**
 * A valid value for any shape of the operations table, every member set: for tests that walk the table. Values inside
 * the engine differ from values in an SDK in one thing, instants, so that is asked for.
 */
import { type ServiceName, type StringShape, serverSideRules, shapeOf } from '../../protocol/operations.ts';

export type InstantAs = (atMs: number) => unknown;

const instantMs = 1_700_000_000_123;
/** One of these satisfies every pattern of the table. */
const texts = ['sample-1', 'sample', 'SAMPLE_1', '1.0', '1', 'abc', 'arn:aws:iot:us-east-1:000000000000:job/sample'];

/** Where the shape does not say all that is asked of its values. */
const textsByShape: Readonly<Record<string, string>> = {
  CronExpression: 'cron(0 10 * * ? *)',
  JobDocument: '{"operation":"sample"}',
  Signature: 'c2lnbmVk',
  RoleArn: 'arn:aws:iam::000000000000:role/sample',
};

export function sampleOf(service: ServiceName, shapeName: string, instant: InstantAs = (atMs) => atMs): unknown {
  const shape = shapeOf(service, shapeName);
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members).map(([name, member]) => [name, sampleOf(service, member.shape, instant)]),
      );
    case 'list':
      return [sampleOf(service, shape.member, instant)];
    case 'map':
      return { [String(sampleOf(service, shape.key))]: sampleOf(service, shape.value, instant) };
    case 'string':
      return textsByShape[shapeName] ?? sampleText(shape);
    case 'boolean':
      return true;
    case 'timestamp':
      return instant(instantMs);
    case 'integer':
    case 'long':
    case 'double':
      return shape.min ?? serverSideRules.find(({ where }) => where === shapeName)?.min ?? 2;
  }
}

function sampleText({ enum: values, pattern, min = 0 }: StringShape): string {
  if (values !== undefined) return values[0] ?? '';
  const expression = new RegExp(`^(?:${(pattern ?? '[^]*').replace(/\\p\{(Upper|Digit|Graph)\}/g, javaClass)})$`, 'u');
  const text = texts.map((candidate) => candidate.padEnd(min, '0')).find((candidate) => expression.test(candidate));
  if (text === undefined) throw new Error(`no sample text satisfies ${pattern}`);
  return text;
}

function javaClass(_: string, name: string): string {
  return { Upper: 'A-Z', Digit: '0-9', Graph: '!-~' }[name] ?? '';
}
