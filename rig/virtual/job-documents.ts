/**
 * The jobs of a scenario in virtual time: the document of each, the version that it installs, and the images behind the
 * documents, which an imaginary server serves good or broken, as the scenario says.
 */
import type { ImageOrigin } from '../../agent/device/image.ts';
import type { CreateJobDeed, ImageCondition, JobLabel, Scenario } from '../scenario/contract.ts';
import { needsOf } from '../scenario/needs.ts';
import { documentText, firmwareVersion, streamNamedIn } from '../scenario/documents.ts';

export interface JobDocuments {
  /** Text of the job's document; from now on its image is in the condition that the deed says. */
  create(deed: CreateJobDeed): string;
  /** The image of a job's document is from now on in this condition. */
  setImage(job: JobLabel, condition: ImageCondition): void;
  imageOf(job: JobLabel): ImageCondition;
  /** The image of a job can no longer be had the way that its document says. */
  noteUnreachable(job: JobLabel): void;
  /** What the scenario's last document under this label installs; `undefined` where it is no firmware. */
  versionOf(job: JobLabel): string | undefined;
  /** The same for all labels. */
  versions(): ReadonlyMap<JobLabel, string>;
  readonly origin: ImageOrigin;
  /** Whether the image behind this address was good all the time. */
  isServed(url: string): boolean;
}

export function createJobDocuments(scenario: Scenario): JobDocuments {
  const { given, script, meanwhile } = scenario;
  /** What a simulated device understands is what the scenario needs it to. */
  const yours = needsOf(scenario).includes('stream') ? 'stream' : 'firmware';
  const creations = [...meanwhile, ...script].flatMap(({ deeds }) => deeds.filter((deed) => deed.do === 'create-job'));
  const labels = [...new Set(creations.map(({ job }) => job))];
  const urls = new Map<JobLabel, string | undefined>();
  const conditions = new Map<string, ImageCondition>();
  /** Images that were not good at some time. */
  const everBad = new Set<string>();

  /** Jobs that name none have the editions that no other has, in order. */
  const named = new Set(creations.map(({ edition }) => edition));
  const free = Array.from({ length: labels.length + named.size }, (_, index) => index + 1).filter(
    (edition) => !named.has(edition),
  );

  function editionOf({ job, edition }: CreateJobDeed): number {
    return edition ?? free[labels.indexOf(job)] ?? 0;
  }

  function setImage(job: JobLabel, condition: ImageCondition): void {
    const url = urls.get(job);
    if (url === undefined) return;
    conditions.set(url, condition);
    if (condition !== 'good') everBad.add(url);
  }

  function versionOf(job: JobLabel): string | undefined {
    const last = creations.findLast((deed) => deed.job === job);
    const document = last?.document ?? given.document;
    if (typeof document === 'object') return versionIn(document);
    const isFirmware = document === 'yours' || document === 'firmware' || document === 'stream';
    return last !== undefined && isFirmware ? firmwareVersion(editionOf(last)) : undefined;
  }

  return {
    create(deed) {
      const document = deed.document ?? given.document;
      const { imageBytes } = deed;
      const text =
        typeof document === 'string'
          ? documentText(document === 'yours' ? yours : document, {
              edition: editionOf(deed),
              ...(imageBytes !== undefined && { imageBytes }),
            })
          : JSON.stringify(document);
      urls.set(deed.job, urlIn(text));
      setImage(deed.job, deed.image ?? 'good');
      return text;
    },
    setImage,
    noteUnreachable(job) {
      const url = urls.get(job);
      if (url !== undefined) everBad.add(url);
    },
    imageOf(job) {
      const url = urls.get(job);
      return (url === undefined ? undefined : conditions.get(url)) ?? 'good';
    },
    versionOf,
    isServed: (url) => !everBad.has(url),
    versions() {
      return new Map(
        labels.flatMap((job): [JobLabel, string][] => {
          const version = versionOf(job);
          return version === undefined ? [] : [[job, version]];
        }),
      );
    },
    origin: ({ url, sha256, sizeBytes }) => {
      switch (conditions.get(url)) {
        case 'missing':
          return undefined;
        case 'corrupt':
          return { digest: `not ${sha256}`, health: 'good' };
        case 'stall':
          return { digest: sha256, health: 'good', stallsFrom: sizeBytes >> 1 };
        case 'expire':
          return { digest: sha256, health: 'good', refusedFrom: sizeBytes >> 1 };
        case 'failing':
          return { digest: sha256, health: 'fails-self-test' };
        default:
          return { digest: sha256, health: 'good' };
      }
    },
  };
}

/** What a document of the user's own installs, where it is in the form of our firmware documents. */
function versionIn({ operation, version }: Readonly<Record<string, unknown>>): string | undefined {
  return operation === 'firmware' && typeof version === 'string' ? version : undefined;
}

/** As devices name an image. */
function urlIn(text: string): string | undefined {
  const stream = streamNamedIn(text);
  if (stream !== undefined) return `stream:${stream.streamId}/0`;
  const { image } = JSON.parse(text) as { readonly image?: { readonly url?: unknown } };
  return typeof image?.url === 'string' ? image.url : undefined;
}
