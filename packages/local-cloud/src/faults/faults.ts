import { LocalCloudError } from '../errors.ts';
import { type ServiceName, serviceNames } from '../platform.ts';

/**
 * - `latency`: the answer comes `ms` later
 * - `throttle`: the service's own throttling error
 * - `error`: an error answer of `status` (500 when absent), with `code` and `message` if given
 * - `html`: a 503 with an HTML body, as a proxy in between answers
 * - `reset`: the connection is reset without an answer
 * - `hang`: no answer ever, until the client gives up or the cloud is closed
 * - `truncate`: the answer's headers and half of its body, then the connection is cut
 * - `expired-credential`: what an expired security token gets
 * - `region-down`: every connection is reset, as long as the fault is in force
 */
export type FaultKind =
  | 'latency'
  | 'throttle'
  | 'error'
  | 'html'
  | 'reset'
  | 'hang'
  | 'truncate'
  | 'expired-credential'
  | 'region-down';

export const faultKinds: readonly FaultKind[] = [
  'latency',
  'throttle',
  'error',
  'html',
  'reset',
  'hang',
  'truncate',
  'expired-credential',
  'region-down',
];

export interface Fault {
  /** The service it strikes; every one when absent. */
  readonly service?: ServiceName | undefined;
  /** The API operation, as the service names it; every one when absent. */
  readonly operation?: string | undefined;
  /** The region; every one when absent. */
  readonly region?: string | undefined;
  readonly kind: FaultKind;
  /** How many requests it strikes before it is spent; no limit when absent. */
  readonly times?: number | undefined;
  /** The part of the requests it strikes, from 0 to 1, drawn from a fixed sequence; 1 when absent. */
  readonly probability?: number | undefined;
  /**
   * For `reset` and `truncate` of OSS: how many bytes of a body pass before the connection is cut, of the request's where
   * it has one and else of the answer's. Without it, `reset` comes before any answer and `truncate` halfway through.
   */
  readonly afterBytes?: number | undefined;
  /** Milliseconds, for `latency`. */
  readonly ms?: number | undefined;
  /** HTTP status, for `error`. */
  readonly status?: number | undefined;
  /** The service's error code, for `error`. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

export interface InjectedFault {
  remove(): void;
}

export interface Faults {
  /** @throws LocalCloudError `FaultInvalid` for a fault that makes no sense */
  inject(fault: Fault): InjectedFault;
  clear(): void;
  list(): readonly Fault[];
}

/** What a service does with the faults: takes what strikes the request at hand, in the order of injection. */
export interface FaultSource extends Faults {
  take(request: { service: ServiceName; operation: string; region: string }): readonly Fault[];
}

export function createFaults(initial: readonly Fault[] = []): FaultSource {
  let active: { fault: Fault; left: number }[] = [];
  let random = sequence(1);
  const faults: FaultSource = {
    inject(fault) {
      check(fault);
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      active.push(entry);
      return {
        remove() {
          active = active.filter((other) => other !== entry);
        },
      };
    },
    clear() {
      active = [];
      random = sequence(1);
    },
    list: () => active.map(({ fault }) => fault),
    take({ service, operation, region }) {
      if (active.length === 0) return none;
      const struck: Fault[] = [];
      for (const entry of active) {
        const { fault } = entry;
        if (fault.service !== undefined && fault.service !== service) continue;
        if (fault.operation !== undefined && fault.operation !== operation) continue;
        if (fault.region !== undefined && fault.region !== region) continue;
        if (fault.probability !== undefined && random() >= fault.probability) continue;
        entry.left--;
        struck.push(fault);
        if (fault.kind !== 'latency') break;
      }
      if (struck.length > 0) active = active.filter(({ left }) => left > 0);
      return struck;
    },
  };
  for (const fault of initial) faults.inject(fault);
  return faults;
}

const none: readonly Fault[] = [];

function check(fault: Fault): void {
  const { kind, service, times, probability, ms, status, afterBytes } = fault;
  if (!faultKinds.includes(kind))
    throw invalidFault(`there is no kind of fault ${shown(kind)}; one of ${faultKinds.join(', ')}`);
  if (service !== undefined && !serviceNames.includes(service))
    throw invalidFault(`there is no service ${shown(service)}; one of ${serviceNames.join(', ')}`);
  if (times !== undefined && !(Number.isInteger(times) && times > 0))
    throw invalidFault('a fault strikes a whole number of times, at least once');
  if (probability !== undefined && !(probability >= 0 && probability <= 1))
    throw invalidFault("a fault's probability is from 0 to 1");
  if (kind === 'latency' && !(ms !== undefined && ms >= 0))
    throw invalidFault('a latency fault takes `ms`, at least 0');
  if (afterBytes !== undefined && !(Number.isInteger(afterBytes) && afterBytes >= 0))
    throw invalidFault("a fault's `afterBytes` is a whole number, at least 0");
  if (status !== undefined && !(Number.isInteger(status) && status >= 400 && status <= 599))
    throw invalidFault("a fault's status is from 400 to 599");
}

function invalidFault(why: string): LocalCloudError {
  return new LocalCloudError('FaultInvalid', why);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : `of type ${typeof value}`;
}

/** Marsaglia's xorshift32: the same draws in every run, so that a test with faults in it repeats. */
function sequence(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
