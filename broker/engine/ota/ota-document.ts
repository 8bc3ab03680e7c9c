/**
 * The job document of an OTA update, as FreeRTOS's OTA agents and the Jobs library parse it: every key that one of them looks
 * for is there, with null where it has no value. Source: reference streams-and-ota.md §2.1 (code signing), §3.
 */
import type { CodeSigning, OTAUpdateFile } from '../../../protocol/aws/iot.ts';
import type { OtaImage } from '../contract.ts';

export interface OtaDocumentFile {
  readonly file: OTAUpdateFile;
  readonly image: OtaImage;
  readonly fileId: number;
}

export interface OtaDocumentParts {
  readonly region: string;
  readonly protocols: readonly ('MQTT' | 'HTTP')[];
  /** Absent for an update that is fetched by HTTP only. */
  readonly streamId?: string;
  readonly files: readonly OtaDocumentFile[];
}

export function otaDocument({ region, protocols, streamId, files }: OtaDocumentParts): string {
  return JSON.stringify({
    afr_ota: {
      protocols,
      ...(streamId !== undefined && { streamname: streamId }),
      files: files.map((file) => fileEntry(file, region, protocols.includes('HTTP'))),
    },
  });
}

function fileEntry({ file, image, fileId }: OtaDocumentFile, region: string, overHttp: boolean): object {
  const { fileName, fileType, attributes, codeSigning } = file;
  return {
    filepath: fileName ?? null,
    filesize: image.bytes,
    fileid: fileId,
    certfile: certificatePath(codeSigning) ?? null,
    ...(fileType !== undefined && { fileType }),
    ...(attributes !== undefined && { attr: attributes }),
    update_data_url: overHttp ? urlPlaceholder(image, region) : null,
    auth_scheme: overHttp ? 'aws.s3.presigned' : null,
    [signatureKey(codeSigning)]: codeSigning?.customCodeSigning?.signature?.inlineDocument ?? image.signature ?? null,
  };
}

/** Becomes a signed URL when a device is handed the document. */
function urlPlaceholder({ object: { bucket, key, versionId } }: OtaImage, region: string): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  const version = versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`;
  return `\${aws:iot:s3-presigned-url-v2:https://s3.${region}.amazonaws.com/${bucket}/${path}${version}}`;
}

/** Without code signing the key has no algorithms (observed). */
function signatureKey(codeSigning: CodeSigning | undefined): string {
  if (codeSigning === undefined) return 'sig--';
  const { hashAlgorithm = 'SHA256', signatureAlgorithm = 'ECDSA' } = codeSigning.customCodeSigning ?? {};
  return `sig-${hashAlgorithm.replace('-', '').toLowerCase()}-${signatureAlgorithm.toLowerCase()}`;
}

function certificatePath({ customCodeSigning, startSigningJobParameter }: CodeSigning = {}): string | undefined {
  return (
    customCodeSigning?.certificateChain?.certificateName ??
    startSigningJobParameter?.signingProfileParameter?.certificatePathOnDevice
  );
}
