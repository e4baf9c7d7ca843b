import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONDITION_OPERATORS,
  operatorHolds,
  parseDate,
  parseNumber,
  parseOperator,
  valueTest,
} from './condition-operators.ts';
import { cidrContains, parseCidr, parseIpAddress } from './ip-address.ts';

function holds(name: string, expected: string[], actual: string[] | undefined): boolean {
  const operator = parseOperator(name)!;
  return operatorHolds(
    operator,
    expected.map((value) => valueTest(operator.base, value)),
    actual,
  );
}

describe('operators', () => {
  it('exist with IfExists and with both quantifiers, but for Null', () => {
    for (const base of Object.keys(CONDITION_OPERATORS)) {
      for (const name of [`${base}IfExists`, `ForAnyValue:${base}`, `ForAllValues:${base}IfExists`])
        expect(parseOperator(name) !== undefined, name).toBe(base !== 'Null');
    }
    for (const name of [
      'stringequals',
      'StringEqualsIfExist',
      'ForAny:StringEquals',
      'IfExists',
      '',
      'constructor',
      'ForAnyValue:',
    ])
      expect(parseOperator(name)).toBeUndefined();
  });

  it('without the key: positive ones fail, negated ones and IfExists hold', () => {
    expect(holds('StringEquals', ['a'], undefined)).toBe(false);
    expect(holds('StringNotEquals', ['a'], undefined)).toBe(true);
    expect(holds('NotIpAddress', ['10.0.0.0/8'], undefined)).toBe(true);
    expect(holds('StringEqualsIfExists', ['a'], undefined)).toBe(true);
    expect(holds('StringEqualsIfExists', ['a'], ['b'])).toBe(false);
    expect(holds('ForAnyValue:StringEquals', ['a'], undefined)).toBe(false);
    expect(holds('ForAllValues:StringEquals', ['a'], undefined)).toBe(true);
    expect(holds('ForAnyValue:StringEquals', ['a'], [])).toBe(false);
  });

  it('Null asks whether the key is there', () => {
    expect(holds('Null', ['true'], undefined)).toBe(true);
    expect(holds('Null', ['true'], ['x'])).toBe(false);
    expect(holds('Null', ['false'], ['x'])).toBe(true);
    expect(holds('Null', ['false'], undefined)).toBe(false);
    expect(holds('Null', ['maybe'], ['x'])).toBe(false);
  });

  it('with several values of the request', () => {
    expect(holds('StringEquals', ['a'], ['x', 'a'])).toBe(true);
    expect(holds('StringNotEquals', ['a'], ['x', 'a'])).toBe(false);
    expect(holds('ForAnyValue:StringNotEquals', ['a'], ['x', 'a'])).toBe(true);
    expect(holds('ForAllValues:StringEquals', ['a', 'b'], ['a', 'b', 'a'])).toBe(true);
    expect(holds('ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'])).toBe(false);
    expect(holds('ForAllValues:StringNotEquals', ['a'], ['b', 'a'])).toBe(false);
  });

  it('negated, are the opposite of the positive one', () => {
    const pairs = [
      ['StringEquals', 'StringNotEquals'],
      ['StringLike', 'StringNotLike'],
      ['NumericEquals', 'NumericNotEquals'],
      ['DateEquals', 'DateNotEquals'],
      ['IpAddress', 'NotIpAddress'],
    ] as const;
    const value = fc.constantFrom('a', 'a*', '1', '1.0', '2024-01-01', '10.0.0.1', '10.0.0.0/8', '');
    fc.assert(
      fc.property(
        fc.constantFrom(...pairs),
        fc.array(value, { minLength: 1 }),
        fc.option(fc.array(value), { nil: undefined }),
        ([positive, negated], expected, actual) => {
          expect(holds(negated, expected, actual)).toBe(!holds(positive, expected, actual));
        },
      ),
    );
  });

  it('take a value that is not of their kind for one that matches nothing', () => {
    expect(holds('NumericLessThan', ['x'], ['1'])).toBe(false);
    expect(holds('NumericLessThan', ['1'], ['x'])).toBe(false);
    expect(holds('IpAddress', ['10.0.0.0/33'], ['10.0.0.1'])).toBe(false);
    expect(holds('Bool', ['yes'], ['yes'])).toBe(false);
    expect(holds('DateLessThan', ['tomorrow'], ['2024-01-01'])).toBe(false);
  });
});

describe('dates', () => {
  it('are ISO 8601, with any offset', () => {
    expect(parseDate('2019-08-12T17:00:00+08:00')).toBe(Date.UTC(2019, 7, 12, 9));
    expect(parseDate('2019-08-12T09:00:00Z')).toBe(Date.UTC(2019, 7, 12, 9));
    expect(parseDate('2019-08-12T09:00:00.250Z')).toBe(Date.UTC(2019, 7, 12, 9, 0, 0, 250));
    expect(parseDate('2019-08-12T09:00Z')).toBe(Date.UTC(2019, 7, 12, 9));
    expect(parseDate('2019-08-12')).toBe(Date.UTC(2019, 7, 12));
  });

  it.each([
    '',
    '2019',
    '2019-13-01',
    '2019-02-30',
    '2019-08-12T25:00:00Z',
    '2019-08-12T09:60:00Z',
    '12/08/2019',
    '1565600400',
    '2019-08-12 09:00:00',
  ])('refuse %j', (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it('agree with what Date prints', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parseDate(date.toISOString())).toBe(date.getTime());
        },
      ),
    );
  });
});

describe('numbers', () => {
  it('are decimal', () => {
    expect(['5', '-5', '+5', '5.', '.5', '5e3'].map(parseNumber)).toEqual([5, -5, 5, 5, 0.5, 5000]);
    for (const text of ['', ' 5', '0x10', 'Infinity', 'NaN', '1_000', '5 '])
      expect(parseNumber(text)).toBeUndefined();
  });
});

describe('addresses', () => {
  const inside = (block: string, address: string): boolean =>
    cidrContains(parseCidr(block)!, parseIpAddress(address)!);

  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['192.168.1.1/32', '192.168.1.1', true],
    ['192.168.1.1', '192.168.1.2', false],
    ['10.0.0.7/8', '10.9.9.9', true],
    ['128.0.0.0/1', '200.0.0.1', true],
    ['::/0', '2001:db8::1', true],
    ['::/0', '10.0.0.1', false],
    ['2001:db8::/32', '2001:0DB8:0:0:0:0:0:1', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['fe80::1', 'fe80:0::1', true],
  ])('%s and %s', (block, address, expected) => {
    expect(inside(block, address)).toBe(expected);
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/',
    '1::2::3',
    ':::',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    '::/129',
    '::ffff:10.0.0.0/95',
    '42.120.XX.X/24',
  ])('refuse %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('agree with node:net on blocks', async () => {
    const { BlockList } = await import('node:net');
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), (base, prefix, address) => {
        const list = new BlockList();
        list.addSubnet(base, prefix, 'ipv4');
        expect(inside(`${base}/${prefix}`, address)).toBe(list.check(address, 'ipv4'));
        expect(inside(`${base}/${prefix}`, base)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), fc.nat(128), fc.ipV6(), (base, prefix, address) => {
        fc.pre(!/^(0*:)*:?ffff:|^::/i.test(base) && !/^::/.test(address));
        const list = new BlockList();
        list.addSubnet(base, prefix, 'ipv6');
        expect(inside(`${base}/${prefix}`, address)).toBe(list.check(address, 'ipv6'));
      }),
    );
  });
});
