import fc from 'fast-check';
import { expect, it } from 'vitest';
import { showableServiceMessage } from './redaction.ts';

const secret = fc
  .uint8Array({ minLength: 12, maxLength: 64 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));
const around = fc.string({ maxLength: 40 });

it('never shows a secret of the request, however often and however encoded it is quoted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(around, secret, fc.nat(3)), { minLength: 1, maxLength: 6 }),
      around,
      (parts, end) => {
        const secrets = parts.map(([, one]) => one);
        const message = parts
          .map(([before, one, times]) => {
            let quoted = one;
            for (let round = 0; round < times; round++) quoted = encodeURIComponent(quoted);
            return before + quoted;
          })
          .join('');
        const shown = showableServiceMessage(message + end, secrets) ?? '';
        for (const one of secrets) {
          for (const form of [one, encodeURIComponent(one), encodeURIComponent(encodeURIComponent(one))]) {
            expect(shown.includes(form)).toBe(false);
          }
        }
        expect(shown.length).toBeLessThanOrEqual(241);
      },
    ),
  );
});

it.each([
  [
    'Specified signature is not matched with our calculation. server string to sign is:POST&%2F&Plaintext%3D',
    undefined,
  ],
  ['see https://kms.cn-hangzhou.aliyuncs.com/?Action=Encrypt for more', 'see [url] for more'],
  ['the token CAISabcdefghijklmnopqrstuvwxyz0123 is bad', 'the token [redacted] is bad'],
  ['line one\r\nline two\u001b[31m', 'line one line two [31m'],
  ['', undefined],
])('shows of %j only what is safe', (message, shown) => {
  expect(showableServiceMessage(message, [])).toBe(shown);
});

it('keeps what helps: key ARNs, request ids, plain words', () => {
  const message =
    'The key acs:kms:cn-hangzhou:1000000000000001:key/08c33a6f-4e0a-4a1b-a3fa-7ddfa1d4fb73 is disabled, request 5C1D8B2C-0D51-4B7F-9D68-3E1B5F0A7C11';
  expect(showableServiceMessage(message, [])).toBe(message);
});
