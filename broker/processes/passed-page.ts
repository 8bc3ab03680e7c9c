/** A request for the live page or the metrics that came to a door: they are where the engine is. */
import { type IncomingMessage, type RequestOptions, type ServerResponse, request as askHttp } from 'node:http';

/** @param engine how to reach it @returns whether the request is for the page or the metrics */
export function passPage(request: IncomingMessage, response: ServerResponse, engine: RequestOptions): boolean {
  const { url = '/', method, headers } = request;
  const path = url.split('?', 1)[0] ?? '';
  if (path !== '/' && path !== '/metrics' && !path.startsWith('/page/')) return false;
  // Node reads more in a request than it writes.
  if (!/^[\x21-\x7e]*$/.test(url)) {
    response.writeHead(400, { connection: 'close' }).end();
    return true;
  }
  const asked = askHttp({ ...engine, path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503, { 'retry-after': '1' }).end();
  });
  response.on('close', () => asked.destroy());
  request.pipe(asked);
  return true;
}
