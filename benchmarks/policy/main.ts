/**
 * Speed of policy decisions, side by side in one run. `node main.ts [--json]`
 */
import { execFileSync } from 'node:child_process';
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import { compilePolicies, evaluate, parsePolicy, policySize } from '@yunseal/policy-builder';
import { type Workload, workload } from './workload.ts';

interface Row {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** Against the row it is compared with. */
  readonly ratio?: string;
}

const rows: Row[] = [];

/** Calls a second, the best of three rounds of about `ms` milliseconds after one to warm up. */
function rate(work: (index: number) => unknown, ms = 400): number {
  let best = 0;
  for (let round = 0; round < 4; round++) {
    const start = performance.now();
    let calls = 0;
    while (performance.now() - start < ms) {
      for (let i = 0; i < 50; i++, calls++) work(calls);
    }
    const perSecond = (calls / (performance.now() - start)) * 1000;
    if (round > 0) best = Math.max(best, perSecond);
  }
  return best;
}

/** What the peer needs: an identity's policies and one request. */
function simulation(work: Workload, index: number): Parameters<typeof runUnsafeSimulation>[0] {
  const { action, resource, sourceIp } = work.requests[index % work.requests.length]!.aws;
  return {
    request: {
      principal: 'arn:aws:iam::100100100100:user/someone',
      action,
      resource: { resource, accountId: '100100100100' },
      contextVariables: { 'aws:SourceIp': sourceIp },
    },
    identityPolicies: work.aws.map((policy, place) => ({ name: `p${place}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

function againstThePeer(): void {
  const work = workload(10, 20, 1000);
  const decide = compilePolicies({ identity: work.ram });
  const documents = work.ram.map((document) => parsePolicy(document));
  const asked = (index: number) => work.requests[index % work.requests.length]!.ram;

  // The comparison is only fair when both come to the same decisions.
  let agreed = 0;
  let allowed = 0;
  const sample = 200;
  for (let i = 0; i < sample; i++) {
    const peer = runUnsafeSimulation(simulation(work, i), {});
    const ours = decide(asked(i));
    if (ours === 'Allow') allowed++;
    const translated = {
      Allow: 'Allowed',
      ExplicitDeny: 'ExplicitlyDenied',
      ImplicitDeny: 'ImplicitlyDenied',
    }[ours];
    if (peer === translated) agreed++;
  }
  rows.push({
    what: `decisions on which both agree, of ${sample} (${allowed} allowed)`,
    figure: agreed,
    unit: '',
  });

  const compiled = rate((index) => decide(asked(index)));
  const plain = rate((index) => evaluate({ identity: documents }, asked(index)).decision);
  const explained = rate((index) => evaluate({ identity: documents }, asked(index)).explain.summary);
  const peer = rate((index) => runUnsafeSimulation(simulation(work, index), {}));
  const against = (figure: number) => `${(figure / peer).toFixed(1)} x the peer`;
  rows.push(
    {
      what: 'compiled, 10 policies of 20 statements',
      figure: compiled,
      unit: 'decisions/s',
      ratio: against(compiled),
    },
    { what: 'plain evaluate, the same', figure: plain, unit: 'decisions/s', ratio: against(plain) },
    {
      what: 'plain evaluate with its explanation',
      figure: explained,
      unit: 'decisions/s',
      ratio: against(explained),
    },
    {
      what: '@cloud-copilot/iam-simulate 0.1.173, unvalidated',
      figure: peer,
      unit: 'decisions/s',
      ratio: '1',
    },
  );
}

function growth(): void {
  const requests = {
    'requests as above': (work: Workload) => work.requests.map(({ ram }) => ram),
    // Every statement that speaks of the action has to be looked at before the answer is no.
    'refused: another account': (work: Workload) =>
      work.requests.map(({ ram }) => ({ ...ram, resource: ram.resource.replace(':1001:', ':9009:') })),
  };
  for (const [which, requestsOf] of Object.entries(requests)) {
    let first: number | undefined;
    for (const statements of [10, 100, 1000, 10_000]) {
      const work = workload(1, statements, 1000);
      const asked = requestsOf(work);
      const policies = { identity: work.ram };
      const decide = compilePolicies(policies);
      const perDecision = 1e9 / rate((index) => decide(asked[index % 1000]!), 200);
      const start = performance.now();
      compilePolicies(policies)(asked[0]!);
      const compiling = performance.now() - start;
      first ??= perDecision;
      rows.push({
        what: `compiled, ${statements} statements, ${which}`,
        figure: perDecision,
        unit: 'ns a decision',
        ratio: `${(perDecision / first).toFixed(1)} x the time for ${statements / 10} x the statements; compiling ${compiling.toFixed(1)} ms`,
      });
    }
  }
}

function wildcards(): void {
  let first: number | undefined;
  for (const stars of [10, 100, 1000]) {
    const Resource = [`acs:oss:*:*:b/${'*a'.repeat(stars)}*b*`];
    const resource = `acs:oss:x:1001:b/${'a'.repeat(stars * 4)}`;
    const identity = [
      {
        Version: '1' as const,
        Statement: [{ Effect: 'Allow' as const, Action: ['oss:GetObject'], Resource }],
      },
    ];
    const decide = compilePolicies({ identity });
    for (const [name, work] of [
      ['compiled', () => decide({ action: 'oss:GetObject', resource })],
      ['plain', () => evaluate({ identity }, { action: 'oss:GetObject', resource }).decision],
    ] as const) {
      const perDecision = 1e6 / rate(work, 100);
      if (name === 'compiled') first ??= perDecision;
      rows.push({
        what: `${name}, ${stars} stars against ${stars * 4} characters that do not match`,
        figure: perDecision,
        unit: 'us a decision',
        ...(name === 'compiled'
          ? { ratio: `${(perDecision / first!).toFixed(1)} x the time for ${stars / 10} x the size` }
          : {}),
      });
    }
  }
}

function reading(): void {
  const text = String(parsePolicy(workload(1, 20, 1).ram[0]));
  const parse = rate(() => parsePolicy(text), 200);
  const json = rate(() => JSON.parse(text), 200);
  rows.push({
    what: `parsePolicy, a policy of ${policySize(parsePolicy(text))} characters`,
    figure: parse,
    unit: 'policies/s',
    ratio: `${(json / parse).toFixed(0)} x the time of JSON.parse alone`,
  });
}

/** The package alone, in fresh processes, the way a command-line tool would load it. */
function importing(): void {
  const script = `const start = performance.now(); await import('@yunseal/policy-builder'); console.log(performance.now() - start)`;
  const times = Array.from({ length: 9 }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: import.meta.dirname }),
    ),
  ).sort((a, b) => a - b);
  rows.push({
    what: 'import, best of 9 processes',
    figure: times[0]!,
    unit: 'ms',
    ratio: `median ${times[4]!.toFixed(1)} ms`,
  });
}

againstThePeer();
growth();
wildcards();
reading();
importing();

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, rows }, null, 2));
} else {
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, figure, unit, ratio = '' } of rows) {
    const digits = figure >= 100 ? 0 : 2;
    const number = figure.toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    console.log(`${what.padEnd(width)}  ${number.padStart(12)} ${unit.padEnd(13)}  ${ratio}`.trimEnd());
  }
}
