import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { systemError } from '../../../core/errors.ts';
import { failsElsewhere } from '../../../core/streams.ts';
import type { ByteRange } from '../storage.ts';
import type { S3Location } from './location.ts';

/** Seconds within which a redirected client must start its download. */
const URL_LIFETIME = 20 * 60;
/** Maximum bytes that one request copies. */
const MAX_COPY = 5 * 1024 ** 3;
const COPY_PART = 1024 ** 3;

export interface UploadedPart {
  readonly number: number;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

/** One bucket, or a prefix of it: our requests, with errors that name the object. */
export class S3Bucket {
  readonly #client: S3Client;
  readonly #location: S3Location;
  readonly #maxCopy: number;

  /** @param maxCopy maximum bytes that one request copies; larger objects are copied in parts. */
  constructor(location: S3Location, maxCopy = MAX_COPY) {
    this.#location = location;
    this.#maxCopy = maxCopy;
    this.#client = new S3Client({
      region: location.region,
      forcePathStyle: location.pathStyle,
      ...(location.endpoint ? { endpoint: location.endpoint } : {}),
      /* Storage other than Amazon's does not support its newer checksums; all content has a digest anyway. */
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  close(): void {
    this.#client.destroy();
  }

  /** @throws BargeError system when the bucket cannot be reached. */
  async probe(): Promise<void> {
    const { bucket: Bucket } = this.#location;
    await this.#try('reaching', '', () => this.#client.send(new HeadBucketCommand({ Bucket })));
  }

  async head(key: string): Promise<{ size: number; modified: number } | undefined> {
    const found = await this.#find('looking at', key, () =>
      this.#client.send(new HeadObjectCommand(this.#at(key))),
    );
    return found && { size: found.ContentLength ?? 0, modified: found.LastModified?.getTime() ?? 0 };
  }

  async get(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    const command = new GetObjectCommand({ ...this.#at(key), ...(Range ? { Range } : {}) });
    const found = await this.#find('reading', key, () => this.#client.send(command));
    const body = found?.Body as Readable | undefined;
    return body && failsElsewhere(body);
  }

  async put(key: string, data: string | Uint8Array): Promise<void> {
    const Body = typeof data === 'string' ? Buffer.from(data) : data;
    const command = new PutObjectCommand({ ...this.#at(key), Body, ContentLength: Body.byteLength });
    await this.#try('writing', key, () => this.#client.send(command));
  }

  /** It need not exist. */
  async delete(key: string): Promise<void> {
    await this.#try('removing', key, () => this.#client.send(new DeleteObjectCommand(this.#at(key))));
  }

  /** The contents of `directory/`, page by page. @param limit the maximum number of names needed. */
  async *list(directory: string, { deep = false, limit = 1000 } = {}) {
    const Prefix = `${this.#location.prefix}${directory}/`;
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#location.bucket,
        Prefix,
        MaxKeys: limit,
        ...(deep ? {} : { Delimiter: '/' }),
        ...(ContinuationToken ? { ContinuationToken } : {}),
      });
      const page = await this.#try('listing', directory, () => this.#client.send(command));
      const directories = (page.CommonPrefixes ?? []).map(({ Prefix: name = '' }) =>
        name.slice(Prefix.length, -1),
      );
      const names = (page.Contents ?? []).map(({ Key = '' }) => Key.slice(Prefix.length));
      yield { directories, names: names.filter(Boolean) };
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken);
  }

  async copy(from: string, to: string): Promise<void> {
    const size = (await this.head(from))?.size;
    if (size === undefined) throw systemError(`copying ${from} in the bucket failed: it does not exist`);
    const CopySource = encodeURI(`${this.#location.bucket}/${this.#location.prefix}${from}`);
    if (size <= this.#maxCopy) {
      await this.#try('copying', from, () =>
        this.#client.send(new CopyObjectCommand({ ...this.#at(to), CopySource })),
      );
      return;
    }
    await this.#inParts(to, async (UploadId) => {
      const parts: UploadedPart[] = [];
      for (let start = 0; start < size; start += Math.min(COPY_PART, this.#maxCopy)) {
        const end = Math.min(start + Math.min(COPY_PART, this.#maxCopy), size) - 1;
        const number = parts.length + 1;
        const CopySourceRange = `bytes=${start}-${end}`;
        const command = new UploadPartCopyCommand({
          ...this.#at(to),
          UploadId,
          PartNumber: number,
          CopySource,
          CopySourceRange,
        });
        const { CopyPartResult } = await this.#try('copying', from, () => this.#client.send(command));
        parts.push({ number, etag: CopyPartResult?.ETag ?? '', size: end - start + 1 });
      }
      return parts;
    });
  }

  async #inParts(key: string, work: (id: string) => Promise<readonly UploadedPart[]>): Promise<void> {
    const id = await this.startParts(key);
    try {
      await this.completeParts(key, id, await work(id));
    } catch (error) {
      await this.abortParts(key, id).catch(() => {});
      throw error;
    }
  }

  async startParts(key: string): Promise<string> {
    const command = new CreateMultipartUploadCommand(this.#at(key));
    const { UploadId } = await this.#try('writing', key, () => this.#client.send(command));
    return UploadId ?? '';
  }

  async putPart(key: string, UploadId: string, number: number, Body: Uint8Array): Promise<UploadedPart> {
    const size = Body.byteLength;
    const part = { ...this.#at(key), UploadId, PartNumber: number, Body, ContentLength: size };
    const { ETag = '' } = await this.#try('writing', key, () =>
      this.#client.send(new UploadPartCommand(part)),
    );
    return { number, etag: ETag, size };
  }

  async completeParts(key: string, UploadId: string, parts: readonly UploadedPart[]): Promise<void> {
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
    const command = new CompleteMultipartUploadCommand({
      ...this.#at(key),
      UploadId,
      MultipartUpload: { Parts },
    });
    await this.#try('writing', key, () => this.#client.send(command));
  }

  async abortParts(key: string, UploadId: string): Promise<void> {
    const command = new AbortMultipartUploadCommand({ ...this.#at(key), UploadId });
    await this.#find('giving up', key, () => this.#client.send(command));
  }

  async signedUrl(key: string): Promise<string> {
    return await getSignedUrl(this.#client, new GetObjectCommand(this.#at(key)), { expiresIn: URL_LIFETIME });
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#location.bucket, Key: `${this.#location.prefix}${key}` };
  }

  /** @returns undefined for a missing object. */
  async #find<T>(verb: string, key: string, request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw this.#failure(verb, key, error);
    }
  }

  async #try<T>(verb: string, key: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw this.#failure(verb, key, error);
    }
  }

  #failure(verb: string, key: string, cause: unknown): Error {
    const { bucket, endpoint } = this.#location;
    const where = `s3://${bucket}/${key}${endpoint ? ` at ${endpoint}` : ''}`;
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    return systemError(`${verb} ${where} failed: ${why}`, { cause });
  }
}
