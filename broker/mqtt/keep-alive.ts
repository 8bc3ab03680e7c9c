/** How long a client may be silent; aedes closes the connection after one and a half of it. Source: docs/reference/limits.md §5. */
import { keepAliveSeconds } from '../../protocol/limits.ts';

/** What AWS makes of the keep-alive that a client asks for. 0 means "never" in MQTT; AWS knows no never. */
export function keepAliveOf(seconds: number): number {
  const { min, max } = keepAliveSeconds;
  return seconds === 0 ? max : Math.min(Math.max(seconds, min), max);
}
