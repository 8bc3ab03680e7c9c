/** The plain agent with other habits that are right (fixtures/agents/mqttjs/styles.mjs): `jobrig check` fails none of them. */
import { describe, expect, it } from 'vitest';
import { allPass, check, fixtureAgent, scenariosOf, timeoutMs, tried, verdicts } from './checked.ts';

const { styles } = (await import(fixtureAgent('mqttjs/styles.mjs'))) as {
  readonly styles: Readonly<Record<string, { readonly document?: string }>>;
};

/** Where a device that is right is most likely to be misjudged. */
const telling = ['pull-in-work', 'cut-alone'];
const few = new Set(['straight-to-the-end', 'polling', 'data-plane', 'afr-ota']);
/** Of one whose image comes by a stream. */
const streaming = ['stream-pulled', 'stream-blocks-lost', 'stream-power-cut'];

describe('a right agent', { timeout: timeoutMs }, () => {
  it.concurrent.for(tried(Object.keys(styles), (style) => few.has(style)))('passes: %s', async (style) => {
    const command = [process.execPath, fixtureAgent('mqttjs/styled-agent.mjs'), style];
    const { document } = styles[style]!;
    const result = await check(
      command,
      scenariosOf(style === 'afr-ota' ? streaming : telling),
      document === undefined ? {} : { document },
    );
    expect(verdicts(result)).toEqual(allPass(result));
    expect(Object.keys(verdicts(result)).length).toBeGreaterThanOrEqual(telling.length);
  });
});
