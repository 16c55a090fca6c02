// Bounds on what an AccessPolicy may hold, so that no text stalls whoever reads or compiles it.

/** Named limits of the policy language. */
export const POLICY_LIMITS = {
  /** Bytes of one text, all its documents together. */
  maxTextBytes: 1024 * 1024,
  maxDocuments: 100,
  /** Mappings and lists inside one another. */
  maxDepth: 16,
  /** Words, brackets, gaps and line ends of one text; a rule has thirty or so. */
  maxTokens: 500_000,
  /** Characters of one scalar. */
  maxScalarLength: 4096,
  /** Rules of one policy. */
  maxRules: 10_000,
  /** Inline tests of one policy. */
  maxTests: 1000,
  /** Entries of one list of callers, methods, tools or paths. */
  maxListItems: 1000,
  /** Callers times subjects, over all rules of one policy: what the compiled index holds. */
  maxIndexEntries: 250_000,
  /** Characters of a policy's name, a method, a tool or a path. */
  maxNameLength: 2048,
  /** Problems that one error lists. */
  maxProblems: 100,
} as const
