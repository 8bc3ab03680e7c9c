/** Reporter: says at the end why tests were skipped, each reason once with its count, since the default reporter keeps it back. */
import type { Reporter, TestModule } from 'vitest/node';

export class SkipReasons implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const reason = result.state === 'skipped' ? result.note : undefined;
        if (reason === undefined) continue; // left out by a filter of the command line
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of reasons) console.log(`  skipped ${count}: ${reason}`);
  }
}
