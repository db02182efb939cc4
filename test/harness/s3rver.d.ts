/** The part of the package `s3rver` that the tests use; it brings no types. */
declare module 's3rver' {
  interface Listing {
    readonly objects: readonly { readonly key: string }[];
    readonly commonPrefixes: readonly string[];
    readonly isTruncated: boolean;
  }

  interface ListOptions {
    readonly delimiter?: string;
    readonly prefix?: string;
    readonly maxKeys?: number;
  }

  type Content = Buffer | NodeJS.ReadableStream;

  interface PutObject {
    readonly bucket: string;
    readonly key: string;
    readonly content: Content;
    readonly metadata: unknown;
  }

  interface Written {
    readonly size: number;
    readonly md5: string;
  }

  export default class S3rver {
    constructor(options: {
      readonly address: string;
      readonly port: number;
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string; readonly configs: readonly string[] }[];
    });
    readonly store: {
      listObjects(bucket: string, options: ListOptions): Promise<Listing>;
      putObject(object: PutObject): Promise<Written>;
      putPart(bucket: string, uploadId: string, part: number, content: Content): Promise<Written>;
      putMetadata(bucket: string, key: string, metadata: unknown, md5: string): Promise<void>;
      getResourcePath(bucket: string, key: string | undefined, resource: string): string;
    };
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
}
