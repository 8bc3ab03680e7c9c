/** The compatibility page says what the code does: it is the one that the code writes, and the engine bears its claims out. */
import { describe, expect, it } from 'vitest';
import { handledOperations } from '../../broker/engine/dispatch.ts';
import { operationsOf, serviceNames } from '../../protocol/operations.ts';
import { notes } from './compatibility-notes.ts';
import { commandOf, compatibilityPage, isHandled, membersOf, missingOperations, noteOf } from './compatibility-page.ts';
import { tellStory } from './operation-story.ts';

const operations = serviceNames.flatMap(operationsOf);

describe('docs/compatibility.md', () => {
  it('is what the code writes (vitest -u)', async () => {
    await expect(await compatibilityPage(handledOperations)).toMatchFileSnapshot('../../docs/compatibility.md');
  });

  it('has notes only on members that exist', () => {
    for (const operation of operations) {
      const key = `${operation.service}:${operation.name}`;
      const names = new Set(membersOf(operation).flatMap(({ name, place }) => [name, `${place}.${name}`]));
      expect(Object.keys(notes[key] ?? {}).filter((name) => !names.has(name))).toEqual([]);
    }
    const known = new Set(operations.map(({ service, name }) => `${service}:${name}`));
    expect(Object.keys(notes).filter((key) => !known.has(key))).toEqual([]);
  });
});

it('what is said to be missing is in no table', () => {
  const known = new Set(operations.map(({ name }) => name));
  expect(Object.keys(missingOperations).filter((name) => known.has(name))).toEqual([]);
});

describe('every claim is borne out by the engine', () => {
  const witnessed = tellStory();
  const answeredByEngine = operations.filter(({ name }) => name !== 'DescribeEndpoint');

  it.each(answeredByEngine.map((operation) => [commandOf(operation), operation] as const))(
    '%s',
    (command, operation) => {
      expect(isHandled(operation, handledOperations)).toBe(true);
      const { read, answered } = witnessed.get(command)!;
      const claimed = membersOf(operation).filter((member) => {
        const { support, by } = noteOf(operation, member);
        return support !== 'no' && by !== 'door';
      });
      const seen = membersOf(operation).filter(({ name, place }) => (place === 'answer' ? answered : read).has(name));
      expect(seen).toEqual(claimed);
    },
  );
});
