/** The token of a request that is refused, for the refusal to carry back; of a shadow or of another feature in JSON. */
import { parseJsonObject } from '../../protocol/json.ts';

export function clientTokenOf(request: string): string | undefined {
  const clientToken = parseJsonObject(request)?.['clientToken'];
  return typeof clientToken === 'string' ? clientToken : undefined;
}
