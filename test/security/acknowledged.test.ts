/** What was acknowledged is there after a kill: ordinary messages for a session that is away, and retained ones. */
import { afterEach, it } from 'vitest';
import { seededChance } from '../../faults/chance.ts';
import { killAll, startServe } from '../support/serve-process.ts';
import { testStoreDirectory } from '../support/store-directory.ts';
import { WireClient } from '../support/wire-client.ts';

const seed = Number(process.env['JOBRIG_SEED'] ?? 20_261_122);

afterEach(killAll);

/** Payloads that were acknowledged before the service was killed in the middle of it. */
async function publishUntilKilled(
  { kill, mqttPort }: { readonly kill: () => Promise<void>; readonly mqttPort: number },
  protocolVersion: 4 | 5,
  topicOf: (index: number) => string,
  retain: boolean,
  acknowledgements: number,
): Promise<ReadonlySet<string>> {
  const speaker = await WireClient.connect(mqttPort, { clientId: 'speaker', protocolVersion });
  const acknowledged = (): Set<string> =>
    new Set(
      speaker.packets.flatMap((packet) => (packet.cmd === 'puback' ? [`message ${packet.messageId! - 1000}`] : [])),
    );
  for (let index = 0; index < 800; index += 1) {
    speaker.publish(topicOf(index), `message ${index}`, { messageId: 1000 + index, retain });
  }
  await speaker.until(() => acknowledged().size >= acknowledgements);
  await kill();
  await speaker.closed;
  return acknowledged();
}

it('for a session that is away, each time that it is killed', async () => {
  const flags = ['--data-dir', testStoreDirectory().path];
  let service = await startServe({ flags });
  const sleeper = await WireClient.connect(service.mqttPort, { clientId: 'sleeper', clean: false });
  await sleeper.subscribe(['news/#']);
  await sleeper.drop();
  for (const [round, protocolVersion] of ([4, 5, 4, 5] as const).entries()) {
    const wanted = seededChance(seed + round).between(1, 400);
    const topic = `news/${round}`;
    const acknowledged = await publishUntilKilled(service, protocolVersion, () => topic, false, wanted);
    service = await startServe({ flags });
    const awake = await WireClient.connect(service.mqttPort, { clientId: 'sleeper', clean: false });
    const got = (): Set<string> =>
      new Set(awake.messages.filter((message) => message.topic === topic).map(({ payload }) => payload));
    await awake.until(() => [...acknowledged].every((payload) => got().has(payload)));
    await awake.drop();
  }
});

it('for whoever asks later, retained', async () => {
  const directory = testStoreDirectory();
  const flags = ['--data-dir', directory.path];
  const first = await startServe({ flags });
  const acknowledged = await publishUntilKilled(first, 4, (index) => `state/${index}`, true, 100);
  const second = await startServe({ flags });
  const asker = await WireClient.connect(second.mqttPort, { clientId: 'asker' });
  for (const payload of acknowledged) {
    await asker.subscribe([`state/${payload.split(' ')[1]}`]);
    await asker.until(() => asker.messages.some((message) => message.payload === payload));
    asker.send({ cmd: 'unsubscribe', messageId: 5000, unsubscriptions: [`state/${payload.split(' ')[1]}`] });
  }
});
