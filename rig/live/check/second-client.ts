/**
 * Another client that acts in the name of the thing under check: as an operator's script would over the data plane, or under
 * the device's own client id, which ends the device's connection. It goes past the tap, so none of it is taken for the
 * device's own doing. Source: docs/reference/connection.md.
 */
import { duplexPair } from '../wire/duplex-pair.ts';
import { type Packet, generate, parser } from 'mqtt-packet';
import type { Service } from '../../../broker/start-service.ts';
import type { DeviceStatus } from '../../../protocol/status.ts';
import type { DurationMs } from '../../../protocol/time.ts';

export class SecondClient {
  readonly #service: () => Service;
  readonly #deviceClientId: () => string;

  /** @param deviceClientId under which the device has connected */
  constructor(service: () => Service, deviceClientId: () => string) {
    this.#service = service;
    this.#deviceClientId = deviceClientId;
  }

  /** Connects as the device would, and leaves again after a while. */
  takeOver(forMs: DurationMs): void {
    const { end } = this.#connect(false);
    setTimeout(end, forMs);
  }

  /** The service forgets the device's persistent session. Resolves once it has. */
  async discardSession(): Promise<void> {
    const { accepted, end } = this.#connect(true);
    await accepted;
    end();
  }

  startNext(thingName: string): void {
    this.#service().port.submit({ name: 'iotjobsdata:StartNextPendingJobExecution', request: { thingName } }, () => {});
  }

  update(thingName: string, jobId: string, status: DeviceStatus): void {
    this.#service().port.submit(
      { name: 'iotjobsdata:UpdateJobExecution', request: { thingName, jobId, status } },
      () => {},
    );
  }

  #connect(clean: boolean): { readonly accepted: Promise<void>; readonly end: () => void } {
    const [ours, theirs] = duplexPair();
    this.#service().acceptMqtt(theirs);
    const say = (packet: Packet): void => void ours.write(generate(packet));
    const reader = parser();
    const accepted = new Promise<void>((resolve) => {
      reader.on('packet', ({ cmd }) => {
        if (cmd === 'connack') resolve();
      });
      ours.on('close', resolve);
    });
    ours.on('data', (chunk: Buffer) => reader.parse(chunk));
    ours.on('error', () => {});
    say({
      cmd: 'connect',
      clientId: this.#deviceClientId(),
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean,
      keepalive: 0,
    });
    return {
      accepted,
      end() {
        say({ cmd: 'disconnect' });
        ours.end();
      },
    };
  }
}
