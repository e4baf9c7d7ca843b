const realNow = Date.now;
let offset = 0;

/** Moves `Date.now` of this process, so that hours of credential life pass in milliseconds for everybody in it. */
export function advanceClock(ms: number): void {
  offset += ms;
  Date.now = () => realNow() + offset;
}
