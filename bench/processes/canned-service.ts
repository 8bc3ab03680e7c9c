/** A child process: the packets of the Jobs service without its logic. */
import { openCannedDoor } from '../services/canned-door.ts';
import { serveUnderLoad } from '../services/service-questions.ts';

serveUnderLoad(openCannedDoor);
