export {
  type ConformanceCase,
  ConformanceError,
  type KeyringConformanceOptions,
  keyringConformance,
} from './keyring-conformance.ts';
