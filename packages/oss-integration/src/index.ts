export * from './errors.ts';
export { type AliOssStoreOptions, aliOssStore } from './store/ali-oss/store.ts';
export { type AlicloudOssStoreOptions, alicloudOssStore } from './store/alicloud-oss/store.ts';
export type * from './store/object-store.ts';
