/** A child process of a load run. */
import { createPart } from '../part.ts';
import { serveParent } from '../../process/serve-parent.ts';

serveParent(createPart());
