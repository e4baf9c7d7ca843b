export { type ConformanceCase, objectStoreConformance, oddKeys } from './object-store-conformance.ts';
