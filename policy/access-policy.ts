// AccessPolicy: what may be done to one App ID, and by whom. docs/policy.md describes the format.

import { createHash } from 'node:crypto'
import type { SpiffeId } from '../spiffe/spiffe-id.ts'
import type { TrustDomain } from '../spiffe/trust-domain.ts'
import type { PolicyTest, Rule } from './rule.ts'
import { type PolicyDocument, readDocuments } from './source/documents.ts'
import { type Place, readMapping, readText, readWord, report } from './source/place.ts'
import type { Problems } from './source/problems.ts'
import { type RuleContext, readRules, readTests } from './source/rules.ts'
import { readId } from './source/subjects.ts'

/** `apiVersion` of every AccessPolicy. */
export const POLICY_API_VERSION = 'countersign.dev/v1'

/** `kind` of every AccessPolicy. */
export const POLICY_KIND = 'AccessPolicy'

/** One AccessPolicy document. A policy is identified by its name within its app. */
export interface AccessPolicy {
  readonly name: string
  /** The App ID that it protects. */
  readonly app: SpiffeId
  /** Empty means that the policy lets nobody in. */
  readonly rules: readonly Rule[]
  readonly tests: readonly PolicyTest[]
  /** The YAML text of this document alone; its digest names the policy in records. */
  readonly source: string
  /** Line of the file on which `source` begins; the lines of rules and tests count from there. */
  readonly firstLine: number
}

/**
 * Reads the AccessPolicies of a YAML text, at least one.
 *
 * Short App IDs are of `trustDomain`, and of `namespace` where they name none; whoever reads the
 * source of a policy again must give the same two.
 *
 * @throws PolicyError with every problem of the text
 */
export function parseAccessPolicies(
  text: string,
  fileName: string,
  trustDomain: TrustDomain,
  namespace = 'default',
): AccessPolicy[] {
  const { documents, problems } = readDocuments(text, fileName)
  if (documents.length === 0) {
    problems.add(0, '', `expected an ${POLICY_KIND}`, 'see docs/policy.md for an example')
  }
  const seen = new Set<string>()
  const policies = documents.flatMap((document) => {
    const context = {
      trustDomain,
      namespace,
      lineOf: (offset: number) => problems.lineOf(offset) - document.firstLine + 1,
    }
    return readPolicy(document, context, seen, problems) ?? []
  })
  problems.throwIfAny()
  return policies
}

/** SHA-256 of a policy's source, lower-case hex. */
export function policyDigest(source: string): string {
  return createHash('sha256').update(source).digest('hex')
}

function readPolicy(
  { contents, source, firstLine }: PolicyDocument,
  context: RuleContext,
  seen: Set<string>,
  problems: Problems,
): AccessPolicy | undefined {
  const root: Place = { node: contents, offset: contents.range[0], path: '', problems }
  const members = readMapping(root, { required: ['apiVersion', 'kind', 'metadata', 'spec'] })
  const at = (parent: ReadonlyMap<string, Place> | undefined, name: string) => parent?.get(name)
  const apiVersion = at(members, 'apiVersion')
  const kind = at(members, 'kind')
  if (apiVersion) readWord(apiVersion, [POLICY_API_VERSION])
  if (kind) readWord(kind, [POLICY_KIND])

  const metadata = at(members, 'metadata')
  const namePlace = at(metadata && readMapping(metadata, { required: ['name'] }), 'name')
  const name = namePlace && readName(namePlace)

  const spec = at(members, 'spec')
  const fields = spec && readMapping(spec, { required: ['app', 'rules'], optional: ['tests'] })
  const appPlace = at(fields, 'app')
  const rulesPlace = at(fields, 'rules')
  const testsPlace = at(fields, 'tests')
  const app = appPlace && readId(appPlace, context)
  const rules = rulesPlace ? readRules(rulesPlace, context) : []
  const tests = testsPlace ? readTests(testsPlace, context) : []
  if (!namePlace || name === undefined || !app) return undefined

  const identity = `${app} ${name}`
  if (seen.has(identity)) {
    report(
      namePlace,
      `expected one policy named ${name} for ${app}`,
      'rename or remove one of them',
    )
  }
  seen.add(identity)
  return { name, app, rules, tests, source, firstLine }
}

function readName(place: Place): string | undefined {
  const name = readText(place, 'a name')
  if (name === undefined) return undefined
  if (/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name)) return name
  const message = 'expected up to 63 lower-case letters, digits, dots and dashes'
  report(
    place,
    `${message}, a letter or digit at both ends`,
    'rename it, for example inventory-tools',
  )
  return undefined
}
