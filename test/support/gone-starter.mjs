/** Starts a door as a service does and ends before the door has said anything. */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { StartedProcess } from '../../dist/broker/processes/started-process.js';

const exec = fileURLToPath(new URL('../../dist/broker/processes/door-process.js', import.meta.url));
cluster.setupPrimary({ exec, args: [], silent: false });
// oxlint-disable-next-line no-new -- it hears of it by itself
new StartedProcess(
  cluster.fork().process,
  () => {},
  () => {},
);
setImmediate(() => process.exit(0));
