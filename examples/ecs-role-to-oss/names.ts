/** The names the source documents use, and the ones this story adds. */
export const ROLE_NAME = 'EcsRamRoleTest';
export const POLICY_NAME = 'EcsRamRolePolicyTest';
export const BUCKET = 'ramroletest';
/** Bound to every message: who decrypts must expect the same. */
export const CONTEXT = { project: 'ecs-role-to-oss' };

/** Smaller parts than usual, and fewer at a time: here the client and the whole cloud share one process and its memory. */
export const TRANSFER = { partSize: 4 * 1024 * 1024, concurrency: 2 };
