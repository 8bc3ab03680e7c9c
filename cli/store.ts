/**
 * `jobrig store copy FROM TO`: everything that a service keeps, from a data directory into a PostgreSQL database or back, while no service
 * works on either. Keys and certificates of the service stay in their data directory, as `jobrig serve --store` leaves them there.
 */
import { Command } from 'commander';
import type { CopyPlace, StoreCopy } from '../broker/store-copy.ts';
import { parsePostgresAddress } from '../broker/store/postgres-address.ts';
import { type CommonOptions, jsonOption, quietOption } from './arguments.ts';
import { interruptible } from './interruption.ts';
import { createProgress } from './progress.ts';
import { usageError } from './exit.ts';

export function storeCommand(): Command {
  return new Command('store')
    .description('Copy what a service keeps between a data directory and a PostgreSQL database.')
    .addCommand(copyCommand())
    .allowExcessArguments()
    .addHelpText('after', '\nExample:\n  $ jobrig store copy .jobrig postgres://user@host/database\n')
    .action((_, { args: [word] }: Command) => {
      throw usageError(
        word === undefined
          ? 'store: say what to do: copy FROM TO'
          : `store: ${word} is not known; there is copy FROM TO`,
      );
    });
}

function copyCommand(): Command {
  return new Command('copy')
    .description('Copy everything that is kept, while no service works on it; the target has to be empty.')
    .argument('<from>', 'a data directory, or postgres://user@host/database (password: PGPASSWORD)')
    .argument('<to>', 'the same; one of the two is a database')
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText('after', '\nExample:\n  $ jobrig store copy .jobrig postgres://user@host/database\n')
    .action(copy);
}

async function copy(fromText: string, toText: string, { json, quiet }: CommonOptions): Promise<void> {
  const [from, to] = [placeOf('FROM', fromText), placeOf('TO', toText)] as const;
  if ('directory' in from && 'directory' in to) {
    throw usageError('store copy: both are directories; cp -a copies one while no service works on it');
  }
  if ('database' in from && 'database' in to && from.database.name === to.database.name) {
    throw usageError('store copy: FROM and TO are the same database');
  }
  const progress = createProgress(quiet === true || json === true);
  const { copyStore } = await import('../broker/store-copy.ts');
  progress.show(
    'looking at both',
    `${'directory' in from ? from.directory : from.database.name} and ${'directory' in to ? to.directory : to.database.name}`,
  );
  try {
    const done = await interruptible((signal) =>
      copyStore({
        from,
        to,
        signal,
        onWatch: (leader, ms) => progress.show(`looking whether ${leader} is still there`, `for ${ms / 1000} s`),
        onProgress: (copied, rows) => {
          const tenth = rows === 0 ? 10 : Math.floor((copied * 10) / rows);
          progress.show(`copying, ${tenth * 10} %`, `${figure(copied)} of ${figure(rows)} rows`);
        },
      }),
    );
    progress.done();
    process.stdout.write(json ? `${JSON.stringify(done)}\n` : `${summary(done, fromText, toText)}\n`);
  } catch (error) {
    progress.done();
    throw error;
  }
}

function placeOf(which: 'FROM' | 'TO', text: string): CopyPlace {
  return isAddress(text) ? { database: parsePostgresAddress(text, which) } : { directory: text };
}

function figure(count: number): string {
  return count.toLocaleString('en-US');
}

function summary(done: StoreCopy, from: string, to: string): string {
  const { rows, total, region, account } = done;
  const counts = Object.entries(rows).filter(([, count]) => count > 0);
  const width = Math.max(0, ...counts.map(([table]) => table.length));
  return [
    `copied ${figure(total)} rows of ${region}, account ${account}`,
    `  from ${done.from}`,
    `  to   ${done.to}`,
    ...counts.map(([table, count]) => `  ${table.padEnd(width)}  ${figure(count).padStart(9)}`),
    ...next(done, from, to),
  ].join('\n');
}

/** What is in no row, and how the service is started now. */
function next({ hasAuthority, region, account }: StoreCopy, from: string, to: string): readonly string[] {
  const identity = `${region === 'us-east-1' ? '' : ` --region ${region}`}${/^0+$/.test(account) ? '' : ` --account ${account}`}`;
  if (hasAuthority !== undefined) {
    const lines = [`next: jobrig serve${identity} --data-dir ${to}`];
    if (hasAuthority) return lines;
    const keys = `${to} has no certificate authority: first copy all files but jobrig.db from the --data-dir that was used with`;
    return [...lines, `${keys} the database, or devices will not trust the service.`];
  }
  if (isAddress(from)) return [];
  return [
    `next: jobrig serve${identity} --data-dir ${from} --store ${withoutPassword(to)}`,
    `Keys and certificates of the service stay in ${from}; its jobrig.db is as it was and is not used with --store.`,
  ];
}

function isAddress(text: string): boolean {
  return /^[a-z]+:\/\//i.test(text);
}

function withoutPassword(address: string): string {
  return address.replace(/^([a-z]+:\/\/[^:@/?#]*):[^@/?#]*@/i, '$1@').replace(/([?&]password=)[^&]*/i, '$1…');
}
