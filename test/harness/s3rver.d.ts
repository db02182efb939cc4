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

  export default class S3rver {
    constructor(options: {
      readonly address: string;
      readonly port: number;
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string; readonly configs: readonly string[] }[];
    });
    readonly store: { listObjects(bucket: string, options: ListOptions): Promise<Listing> };
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
}
