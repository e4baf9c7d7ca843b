/** How many there may be, and how long they may be ("Limits" of the RAM documentation). */
export const limits = {
  users: 1000,
  groups: 50,
  roles: 1000,
  customPolicies: 1500,
  accessKeysPerUser: 2,
  groupsPerUser: 5,
  policyVersions: 5,
  /** Characters of a policy document. */
  policyLength: 6144,
  /** Characters of a trust policy. */
  trustPolicyLength: 4096,
  attachments: {
    user: { System: 20, Custom: 10 },
    group: { System: 20, Custom: 5 },
    role: { System: 20, Custom: 5 },
  },
} as const;
