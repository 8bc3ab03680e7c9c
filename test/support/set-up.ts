/** Run for every test file, before its tests. */
import { afterEach } from 'vitest';
import { letDieYoung } from '../../broker/garbage-collection.ts';
import { endAll } from './after-test.ts';

letDieYoung();
afterEach(endAll);
