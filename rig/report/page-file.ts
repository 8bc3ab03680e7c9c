/**
 * A report as a file: one document with its style and its script in it, which its policy names by their hashes, so that nothing
 * else can run or be loaded. The script (rig/viewer) copies, filters, moves the cursor, draws charts and opens other runs;
 * without it the page says all.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageFile } from '../../package/package.ts';
import { lookStyle } from './look-style.ts';
import { html, trusted } from './markup.ts';
import { type PageContent, pageBody } from './page-frame.ts';

let viewer: string | undefined;

export function pageFile(content: PageContent): string {
  const style = `${lookStyle}${content.style ?? ''}`;
  const script = viewerScript();
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; img-src data:; base-uri 'none'; form-action 'none'"
        />
        <title>${content.title}</title>
        ${trusted(`<style>${style}</style>`)}
      </head>
      <body>
        <div id="run">${pageBody(content)}</div>
        ${trusted(`<script>${script}</script>`)}
      </body>
    </html>`;
  return `${text}\n`;
}

function hashOf(text: string): ReturnType<typeof trusted> {
  return trusted(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
}

/** As it was built; from sources that were not built yet there is none, and the page says all without it. */
function viewerScript(): string {
  try {
    viewer ??= readFileSync(packageFile('dist/page/viewer.js'), 'utf8')
      .replaceAll('</', String.raw`<\/`)
      .trim();
  } catch {
    return '';
  }
  return viewer;
}
