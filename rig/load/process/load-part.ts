/** A child process of a load run. */
import { createPart } from '../part.ts';
import { serveParent } from './serve-parent.ts';

serveParent(createPart());
