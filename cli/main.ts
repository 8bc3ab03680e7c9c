#!/usr/bin/env node
/** The `jobrig` process: its arguments in, its exit code out. */
import { getHeapStatistics } from 'node:v8';
import { endWhenAsked } from './interruption.ts';
import { ownLimits, tooLittle } from './own-limits.ts';

endWhenAsked();

// The AWS SDK warns on stderr that a later version of it will want a later Node; nobody who runs this command can act on it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// Whoever read our output may have enough of it, `jobrig --help | head -1`, or be gone, as a closed terminal is.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') return;
    if (output === process.stdout)
      process.stderr.write(`jobrig: the result cannot be written to stdout: ${error.message}\n`);
    process.exit(2);
  });
}

const lacking = tooLittle(process.argv.slice(2), ownLimits(), getHeapStatistics().heap_size_limit);
if (lacking !== undefined) {
  process.stderr.write(`jobrig: ${lacking}\n`);
  process.exit(2);
}

const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));
