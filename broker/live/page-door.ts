/**
 * The live page over HTTP: the page itself, its feed, what it looks at and what it asks for. Foreign pages were refused before
 * (net/web-guard.ts); an action needs the token as well, which only the page's own text has. Where callers must prove who they
 * are, the page opens only for who brings the token in its address.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createPageToken } from '../http/page-token.ts';
import { BodyReader } from '../http/request-body.ts';
import type { DoAction } from './actions.ts';
import type { OfferedDocument } from './contract.ts';
import type { LiveFeed } from './live-feed.ts';

export interface PageDoorOptions {
  readonly feed: LiveFeed;
  readonly act: DoAction;
  /** The built page; absent: it is not there, and a plain page is shown instead. */
  readonly page: string | undefined;
  readonly documents: () => readonly OfferedDocument[];
  /** Callers must prove who they are. */
  readonly isGuarded: boolean;
}

export interface PageDoor {
  /** Deals with a request for the live page. @returns false: it is for somebody else */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** What stands behind the address of the page, for who may open it. */
  readonly query: string;
}

/** Where the token stands in the built page. */
const tokenPlace = '%JOBRIG_TOKEN%';
const tokenHeader = 'x-jobrig-page';
/** A job document of 32 KB, and ten thousand names. */
const maxBodyBytes = 1024 * 1024;

export function openPageDoor({ feed, act, page, documents, isGuarded }: PageDoorOptions): PageDoor {
  const token = createPageToken();
  const bodies = new BodyReader(maxBodyBytes, 8 * maxBodyBytes);
  const shown = page === undefined ? undefined : new ShownPage(page.replace(tokenPlace, token.text));

  async function take(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const given = request.headers[tokenHeader];
    const body = await bodies.read(request);
    if (!token.matches(typeof given === 'string' ? given : undefined)) {
      return json(response, 403, { ok: false, text: 'Only the page of this service may do that: load it again' });
    }
    const asked = typeof body === 'string' ? undefined : parsed(body);
    if (asked === undefined) return json(response, 400, { ok: false, text: 'The request cannot be read' });
    if (path === '/page/actions') return json(response, 200, await act(asked));
    const { viewer, thing } = asked as { readonly viewer?: unknown; readonly thing?: unknown };
    const isThere = feed.look(Number(viewer), typeof thing === 'string' ? thing : undefined);
    return json(response, isThere ? 200 : 410, { ok: isThere, text: '' });
  }

  return {
    query: isGuarded ? `?key=${token.text}` : '',
    answer(request, response) {
      const { pathname, searchParams } = targetOf(request);
      const isPage = pathname === '/';
      if (!isPage && !pathname.startsWith('/page/')) return false;
      const mayRead = !isGuarded || token.matches(searchParams.get('key') ?? undefined);
      const { method } = request;
      if (isPage) {
        if ((method !== 'GET' && method !== 'HEAD') || shown === undefined || !mayRead) return false;
        shown.send(request, response);
        return true;
      }
      if (method === 'POST' && (pathname === '/page/actions' || pathname === '/page/look')) {
        take(request, response, pathname).catch((error: unknown) => {
          if (request.errored !== null) return; // who asked has left
          console.error(error); // a bug, which must not be seen by the page alone
          if (!response.headersSent) json(response, 500, { ok: false, text: String(error) });
        });
        return true;
      }
      if (!mayRead) json(response, 403, { ok: false, text: 'The address of this page needs its key' });
      else if (method === 'GET' && pathname === '/page/feed')
        joinFeed(response, searchParams.get('thing') ?? undefined);
      else if (method === 'GET' && pathname === '/page/documents') json(response, 200, documents());
      else json(response, 404, { ok: false, text: 'There is no such page' });
      return true;
    },
  };

  function joinFeed(response: ServerResponse, thing: string | undefined): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.write('retry: 1000\n\n');
    if (!feed.join(response, thing)) response.end('event: full\ndata: {}\n\n');
  }
}

/** Not by URL, which does not take every path that a client may write: `//` is one. */
function targetOf({ url = '/' }: IncomingMessage): {
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
} {
  const mark = url.indexOf('?');
  return mark === -1
    ? { pathname: url, searchParams: new URLSearchParams() }
    : { pathname: url.slice(0, mark), searchParams: new URLSearchParams(url.slice(mark + 1)) };
}

/** One document with all that belongs to it; its scripts and styles may be run because their hashes say so. */
class ShownPage {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #plain: Buffer;
  readonly #packed: Buffer;

  constructor(html: string) {
    this.#plain = Buffer.from(html);
    this.#packed = gzipSync(this.#plain);
    this.#headers = {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policyOf(html),
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
    };
  }

  send({ method, headers }: IncomingMessage, response: ServerResponse): void {
    const packs = /\bgzip\b/.test(String(headers['accept-encoding']));
    const body = packs ? this.#packed : this.#plain;
    response.writeHead(200, {
      ...this.#headers,
      ...(packs && { 'content-encoding': 'gzip' }),
      'content-length': body.length,
    });
    response.end(method === 'HEAD' ? undefined : body);
  }
}

function policyOf(html: string): string {
  const hashes = (element: 'script' | 'style'): string =>
    [...html.matchAll(new RegExp(`<${element}\\b[^>]*>([\\s\\S]*?)</${element}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ');
  return [
    "default-src 'none'",
    `script-src ${hashes('script')}`,
    `style-src ${hashes('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function json(response: ServerResponse, status: number, content: object): void {
  const body = JSON.stringify(content);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function parsed(body: Uint8Array): object | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof content === 'object' && content !== null ? content : undefined;
  } catch {
    return undefined;
  }
}
