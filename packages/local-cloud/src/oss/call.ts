import type { IncomingMessage } from 'node:http';
import type { AuditedDecision } from '../audit/audit-log.ts';
import type { RequestOrigin } from '../authorization/authorize.ts';
import type { Caller } from '../identities/caller.ts';
import type { Platform } from '../platform.ts';
import type { Address } from './address.ts';
import type { ByteRange } from './ranges.ts';
import type { ObjectRecord } from './storage/records.ts';
import type { OssState } from './storage/state.ts';
import type { XmlContent } from './xml.ts';

/** One request while it is served. */
export interface Call {
  readonly platform: Platform;
  readonly state: OssState;
  readonly requestId: string;
  readonly operation: string;
  /** `cn-hangzhou` */
  readonly region: string;
  readonly address: Address;
  readonly request: IncomingMessage;
  /** The request's body, once. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly origin: RequestOrigin;
  /** Absent for an anonymous request. */
  readonly caller: Caller | undefined;
  /** What RAM was asked for this call, and why it refused; goes to the audit log. */
  readonly trail: Trail;
}

export interface Trail {
  readonly decisions: AuditedDecision[];
  explanation?: string;
}

/** What a call is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: AnswerBody | undefined;
}

export type AnswerBody =
  | { readonly kind: 'xml'; readonly root: string; readonly content: XmlContent }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'object'; readonly object: ObjectRecord; readonly range: ByteRange };

export function answer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers };
}

export function xmlAnswer(
  root: string,
  content: XmlContent,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status: 200, headers, body: { kind: 'xml', root, content } };
}

export type Operation = (call: Call) => Answer | Promise<Answer>;
