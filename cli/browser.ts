/** `--open`: shows a page in the browser of whoever runs the rig. Where there is none, the address has been printed all the same. */
import { Option } from 'commander';

export function openOption(): Option {
  return new Option('--open', 'open the live page in a browser');
}

/** Does not wait for the browser, and does not mind where there is none. */
export async function openInBrowser(url: string): Promise<void> {
  const { execa } = await import('execa');
  const [command, ...given] = openers[process.platform] ?? ['xdg-open'];
  const options = { detached: true, stdio: 'ignore', cleanup: false, reject: false } as const;
  execa(command, [...given, url], options).unref();
}

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};
