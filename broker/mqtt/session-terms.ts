/** How a client wants its session. Read again when the connection ends: MQTT 5's DISCONNECT may say otherwise. */
export interface SessionTerms {
  /** An earlier session of this client is forgotten first. */
  readonly startsAnew: boolean;
  /** How long the session outlives its connection. */
  readonly expirySeconds: number;
}
