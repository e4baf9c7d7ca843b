export { objectStoreConformance } from './object-store-conformance.ts';
