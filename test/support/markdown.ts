/** Generated pages look as prettier would have them, so that the check of formats has nothing to say. */
import { format, resolveConfig } from 'prettier';

export async function formatted(lines: readonly string[]): Promise<string> {
  const config = await resolveConfig(import.meta.filename);
  return format(`${lines.join('\n')}\n`, { ...config, parser: 'markdown' });
}
