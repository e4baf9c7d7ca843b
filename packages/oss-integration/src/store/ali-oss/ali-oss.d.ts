/** The part of `ali-oss` (6.x, which ships no declarations) that the store uses, as its source shows it. */
declare module 'ali-oss' {
  import type { IncomingMessage } from 'node:http';
  import type { Readable } from 'node:stream';

  interface RequestOptions {
    headers?: Record<string, string | number>;
    meta?: Readonly<Record<string, string>>;
    contentLength?: number | undefined;
    mime?: string | undefined;
    disabledMD5?: boolean;
  }
  interface Answer {
    res: { status: number; headers: Record<string, string | string[] | undefined> };
  }
  export default class OSS {
    constructor(options: Readonly<Record<string, unknown>>);
    put(name: string, content: Buffer, options: RequestOptions): Promise<Answer>;
    putStream(name: string, content: Readable, options: RequestOptions): Promise<Answer>;
    getStream(name: string, options: RequestOptions): Promise<Answer & { stream: IncomingMessage }>;
    head(name: string, options: RequestOptions): Promise<Answer>;
    list(query: Readonly<Record<string, unknown>>): Promise<unknown>;
    delete(name: string): Promise<Answer>;
    copy(
      name: string,
      sourceName: string,
      sourceBucket: string,
      options: RequestOptions,
    ): Promise<Answer & { data: unknown }>;
    /** What the client's own methods are made of; here for those that cannot add a query. */
    request(params: {
      method: string;
      bucket: string;
      object: string;
      subres: Readonly<Record<string, string>>;
      headers: Readonly<Record<string, string>>;
      mime?: string | undefined;
      content?: string;
      xmlResponse: true;
      successStatuses: readonly number[];
    }): Promise<Answer & { data: unknown }>;
    uploadPart(
      name: string,
      uploadId: string,
      partNumber: number,
      content: Buffer,
      start: number,
      end: number,
      options: RequestOptions,
    ): Promise<Answer>;
    listParts(name: string, uploadId: string, query: Readonly<Record<string, unknown>>): Promise<unknown>;
    abortMultipartUpload(name: string, uploadId: string): Promise<Answer>;
  }
}
