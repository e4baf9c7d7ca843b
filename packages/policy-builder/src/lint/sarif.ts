import { type Finding, RULES } from './finding.ts';

/** Findings of one file. */
export interface FileFindings {
  /** Path of the policy, relative to the repository's root, with forward slashes. */
  readonly file: string;
  readonly findings: readonly Finding[];
}

/** The part of a SARIF log that {@link toSarif} writes. */
export interface SarifLog {
  readonly version: '2.1.0';
  readonly $schema: string;
  readonly runs: readonly SarifRun[];
}

export interface SarifRun {
  readonly tool: {
    readonly driver: {
      readonly name: string;
      readonly informationUri: string;
      readonly rules: readonly {
        readonly id: string;
        readonly shortDescription: { readonly text: string };
      }[];
    };
  };
  readonly columnKind: 'utf16CodeUnits';
  readonly results: readonly SarifResult[];
}

export interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: 'error' | 'warning' | 'note';
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region?: { readonly startLine: number; readonly startColumn: number };
    };
    readonly logicalLocations: readonly { readonly fullyQualifiedName: string; readonly kind: 'member' }[];
  }[];
}

/** Findings as a SARIF 2.1.0 log, which code hosts show beside the lines. Source: OASIS SARIF 2.1.0. */
export function toSarif(files: readonly FileFindings[]): SarifLog {
  const ids = Object.keys(RULES);
  return {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: '@yunseal/policy-builder',
            informationUri: 'https://github.com/yunseal/yunseal/tree/main/packages/policy-builder',
            rules: Object.entries(RULES).map(([id, text]) => ({ id, shortDescription: { text } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: files.flatMap(({ file, findings }) =>
          findings.map((finding) => ({
            ruleId: finding.code,
            ruleIndex: ids.indexOf(finding.code),
            level: finding.severity,
            message: {
              text: finding.fix === undefined ? finding.explanation : `${finding.explanation} ${finding.fix}`,
            },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: encodeURI(file) },
                  ...(finding.line === undefined || finding.column === undefined
                    ? {}
                    : { region: { startLine: finding.line, startColumn: finding.column } }),
                },
                logicalLocations: [{ fullyQualifiedName: finding.path, kind: 'member' as const }],
              },
            ],
          })),
        ),
      },
    ],
  };
}
