/** Run for every test file, before its tests. */
import { afterEach } from 'vitest';
import { endAll } from './after-test.ts';

afterEach(endAll);
