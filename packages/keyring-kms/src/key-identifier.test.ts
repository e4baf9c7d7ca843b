import fc from 'fast-check';
import { expect, expectTypeOf, it } from 'vitest';
import { KeyIdentifierError } from './errors.ts';
import { formatKeyArn, type KeyArn, parseKeyArn, parseKeyIdentifier } from './key-identifier.ts';

const arns = fc.record({
  region: fc.stringMatching(/^[a-z]{2,4}-[a-z]{1,12}(-[0-9])?$/),
  accountId: fc.stringMatching(/^[0-9]{16}$/),
  keyId: fc.oneof(fc.uuid(), fc.stringMatching(/^key-[a-z0-9]{20,30}$/)),
});

it('reads back every ARN it writes', () => {
  fc.assert(
    fc.property(arns, (parts) => {
      expect(parseKeyArn(formatKeyArn(parts))).toEqual(parts);
      const { region, accountId, keyId } = parts;
      expect(parseKeyIdentifier(formatKeyArn(parts))).toMatchObject({
        region,
        accountId,
        requestKeyId: keyId,
        kind: 'key',
      });
    }),
  );
  expectTypeOf(formatKeyArn).returns.toEqualTypeOf<KeyArn>();
});

it('never lets a text through that would lead to another host', () => {
  fc.assert(
    fc.property(fc.string(), (region) => {
      const parsed = parseKeyArn(`acs:kms:${region}:1000000000000001:key/abc`);
      if (parsed !== undefined) expect(parsed.region).toMatch(/^[a-z0-9-]+$/);
    }),
  );
  for (const region of ['evil.example.com/', 'cn-hangzhou.evil', 'cn-hangzhou\n', '', 'CN-HANGZHOU', '-']) {
    expect(parseKeyArn(`acs:kms:${region}:1000000000000001:key/abc`)).toBeUndefined();
  }
});

it('takes a bare key id and an alias with a region, and an alias ARN', () => {
  const region = 'cn-hangzhou';
  expect(parseKeyIdentifier('08c33a6f-4e0a-4a1b-a3fa-7ddfa1d4fb73', { region })).toMatchObject({
    kind: 'key',
    region,
  });
  expect(parseKeyIdentifier('alias/orders', { region })).toMatchObject({
    kind: 'alias',
    requestKeyId: 'alias/orders',
  });
  expect(parseKeyIdentifier('acs:kms:cn-beijing:1000000000000001:alias/orders')).toEqual({
    text: 'acs:kms:cn-beijing:1000000000000001:alias/orders',
    region: 'cn-beijing',
    accountId: '1000000000000001',
    requestKeyId: 'alias/orders',
    kind: 'alias',
  });
});

it.each([
  ['alias/orders', /region/],
  ['08c33a6f', /region/],
  ['acs:kms:cn-hangzhou:1000000000000001:secret/x', /no KMS ARN/],
  ['acs:oss:cn-hangzhou:1000000000000001:key/x', /no KMS ARN/],
  ['acs:kms:cn-hangzhou::key/x', /no KMS ARN/],
  ['acs:kms:cn-hangzhou:1000000000000001:key/x:y', /no KMS ARN/],
  ['a key', /no KMS key/],
  ['', /no KMS key/],
])('refuses %j', (text, message) => {
  expect(() => parseKeyIdentifier(text)).toThrow(KeyIdentifierError);
  expect(() => parseKeyIdentifier(text)).toThrow(message);
});
