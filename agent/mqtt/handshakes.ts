/** What a connection that does not come up waits for before MQTT has its turn, in the words of an error: "no … for 10 s". */
import type { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Of one connection, from when it is asked for. A client that gives up takes it down first, so that this is kept and not read. */
export class HandshakeWatch {
  #awaited: string | undefined;

  /** @returns `undefined`: it is up, or is none that is watched */
  get awaited(): string | undefined {
    return this.#awaited;
  }

  /** @param then what comes after what the socket itself needs */
  watch<S extends Socket>(socket: S, then?: string): S {
    const isSecure = socket instanceof TLSSocket;
    this.#awaited = 'connection';
    socket.once('connect', () => (this.#awaited = isSecure ? 'end of the TLS handshake' : then));
    if (isSecure) socket.once('secureConnect', () => (this.#awaited = then));
    return socket;
  }

  /** An option of the WebSocket. */
  readonly finishRequest = (request: ClientRequest, webSocket: EventEmitter): void => {
    this.#awaited = 'connection';
    request.once('socket', (socket) => this.watch(socket, 'WebSocket upgrade'));
    webSocket.once('open', () => (this.#awaited = undefined));
    request.end();
  };
}
