/** The names the source documents use, and the ones this story adds. */
export const ROLE_NAME = 'EcsRamRoleTest';
export const POLICY_NAME = 'EcsRamRolePolicyTest';
export const BUCKET = 'ramroletest';
/** Bound to every message: who decrypts must expect the same. */
export const CONTEXT = { project: 'ecs-role-to-oss' };
