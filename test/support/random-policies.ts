// Random AccessPolicies in the form in which people write them, random calls, and an evaluator that
// reads the written form rule by rule. It shares no code with policy/, so that both agree only when
// both are right.

import fc from 'fast-check'
import type { Call } from '../../policy/call.ts'

/** A caller as a policy writes it. */
export type WrittenCaller = string | { namespace?: string; trustDomain?: string }

/** A rule as a policy writes it. */
export interface WrittenRule {
  effect?: 'allow' | 'deny'
  callers: '*' | WrittenCaller[]
  mcp?: '*' | { methods?: '*' | string[]; tools?: '*' | string[] }
  http?: '*' | { methods: '*' | string[]; paths: string[] }
  tcp?: '*'
}

/** Trust domain of short App IDs in what is generated here. */
export const LOCAL_TRUST_DOMAIN = 'a.org'

const subset = <T>(...values: [T, ...T[]]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const star = fc.constant('*' as const)

const writtenCallers = fc.oneof(
  { arbitrary: star, weight: 1 },
  {
    weight: 4,
    arbitrary: fc.array(
      fc.constantFrom<WrittenCaller>(
        'x',
        'shop/x',
        'shop/y',
        'spiffe://a.org/ns/default/y',
        'spiffe://b.org/other',
        'spiffe://a.org/ns/*',
        'spiffe://b.org/*',
        'spiffe://a.org/ns/shop/x/*',
        { namespace: 'shop' },
        { namespace: 'default', trustDomain: 'b.org' },
        { trustDomain: 'b.org' },
        '*',
      ),
      { minLength: 1, maxLength: 2 },
    ),
  },
)

const tools = ['a', 'A', 'b', '__proto__', 'constructor', 'größe', 'db/query'] as const
const methods = [
  'ping',
  'tools/list',
  'initialize',
  'resources/read',
  'notifications/initialized',
  'toString',
] as const

const writtenMcp = fc.oneof(
  star,
  fc.record({ tools: fc.oneof(star, subset(...tools)) }),
  fc.record({ methods: subset(...methods) }),
  fc.record({
    methods: fc.oneof(star, subset(...methods, 'tools/call')),
    tools: fc.oneof(star, subset(...tools)),
  }),
)

const writtenHttp = fc.oneof(
  star,
  fc.record({
    methods: fc.oneof(star, subset('GET', 'POST')),
    paths: subset('/', '/*', '/a', '/a/', '/a/*', '/a/b', '/a/b/*'),
  }),
)

const writtenRule: fc.Arbitrary<WrittenRule> = fc
  .record(
    {
      effect: fc.constantFrom('allow', 'deny'),
      callers: writtenCallers,
      mcp: writtenMcp,
      http: writtenHttp,
      tcp: star,
    },
    { requiredKeys: ['callers'] },
  )
  .filter(({ mcp, http, tcp }) => mcp !== undefined || http !== undefined || tcp !== undefined)

/** The rules of one policy. */
export const writtenRules = fc.array(writtenRule, { maxLength: 6 })

/** Rules of one caller and little more, as people write most of them. */
export const narrowRules: fc.Arbitrary<WrittenRule[]> = fc.array(
  fc
    .tuple(
      fc.constantFrom('x', 'y', 'shop/x'),
      fc.oneof(
        subset('a', 'b', 'größe').map((names) => ({ mcp: { tools: names } })),
        subset('/', '/a', '/a/b').map((paths) => ({ http: { methods: ['GET'], paths } })),
        fc.constant({ tcp: '*' as const }),
      ),
    )
    .map(([caller, scope]) => ({ callers: [caller], ...scope })),
  { maxLength: 4 },
)

/** SPIFFE IDs, some of which the random rules speak of. */
export const callers = fc.constantFrom(
  'spiffe://a.org/ns/default/x',
  'spiffe://a.org/ns/default/y',
  'spiffe://a.org/ns/shop/x',
  'spiffe://a.org/ns/shop/x/y',
  'spiffe://a.org/ns/shopping/x',
  'spiffe://a.org/ns/shop',
  'spiffe://a.org',
  'spiffe://b.org',
  'spiffe://b.org/other',
  'spiffe://b.org/ns/default/x',
  'spiffe://bb.org/other',
)

/** Calls, some of which the random rules speak of. */
export const calls: fc.Arbitrary<Call> = fc.oneof(
  fc
    .constantFrom(...tools, '*', 'hasOwnProperty', '')
    .map((tool): Call => ({ kind: 'mcp', method: 'tools/call', tool, isNotification: false })),
  fc
    .tuple(fc.constantFrom(...methods, '*', 'tools/call', 'valueOf'), fc.boolean())
    .map(([method, isNotification]): Call => ({ kind: 'mcp', method, isNotification })),
  fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'get', '*'),
      fc.constantFrom('/', '/a', '/A', '/a/', '/a/b', '/ab', '/a/b/c', '/*', '*', ''),
    )
    .map(([method, path]): Call => ({ kind: 'http', method, path })),
  fc.constant<Call>({ kind: 'tcp' }),
)

/** The YAML text of a policy with these rules. */
export function policyText(name: string, rules: readonly WrittenRule[]): string {
  return JSON.stringify({
    apiVersion: 'countersign.dev/v1',
    kind: 'AccessPolicy',
    metadata: { name },
    spec: { app: 'inventory', rules },
  })
}

/** What the rules come to, by reading them one after the other. */
export function evaluate(
  rules: readonly WrittenRule[],
  caller: string,
  call: Call,
): 'allow' | 'deny' {
  const matching = rules.filter((rule) => speaksOf(rule, caller) && covers(rule, call))
  if (matching.some((rule) => rule.effect === 'deny')) return 'deny'
  if (matching.length > 0) return 'allow'
  const hasMcp = rules.some(
    (rule) => rule.effect !== 'deny' && rule.mcp !== undefined && speaksOf(rule, caller),
  )
  return hasMcp && comesWithMcp(call) ? 'allow' : 'deny'
}

function comesWithMcp(call: Call): boolean {
  if (call.kind !== 'mcp') return false
  return call.isNotification
    ? ['notifications/initialized', 'notifications/cancelled'].includes(call.method)
    : ['initialize', 'server/discover', 'ping', 'tools/list'].includes(call.method)
}

function speaksOf(rule: WrittenRule, caller: string): boolean {
  if (rule.callers === '*') return true
  return rule.callers.some((written) => {
    if (written === '*') return true
    const segments = caller.slice('spiffe://'.length).split('/')
    if (typeof written === 'object') {
      const { trustDomain = LOCAL_TRUST_DOMAIN, namespace } = written
      if (segments[0] !== trustDomain) return false
      return (
        namespace === undefined ||
        (segments[1] === 'ns' && segments[2] === namespace && segments.length > 3)
      )
    }
    if (written.endsWith('/*')) {
      const wanted = written.slice('spiffe://'.length, -2).split('/')
      return segments.length > wanted.length && wanted.every((each, at) => each === segments[at])
    }
    if (written.startsWith('spiffe://')) return written === caller
    const app = written.includes('/') ? written : `default/${written}`
    return caller === `spiffe://${LOCAL_TRUST_DOMAIN}/ns/${app}`
  })
}

function covers(rule: WrittenRule, call: Call): boolean {
  switch (call.kind) {
    case 'tcp':
      return rule.tcp === '*'
    case 'http': {
      if (rule.http === undefined) return false
      if (rule.http === '*') return call.path.startsWith('/')
      return (
        isIn(rule.http.methods, call.method) &&
        rule.http.paths.some((path) =>
          path.endsWith('/*') ? call.path.startsWith(path.slice(0, -1)) : path === call.path,
        )
      )
    }
    case 'mcp': {
      if (rule.mcp === undefined) return false
      const { methods, tools } =
        rule.mcp === '*' ? ({ methods: '*', tools: '*' } as const) : rule.mcp
      if (call.method !== 'tools/call') return isIn(methods, call.method)
      return call.tool !== undefined && isIn(tools, call.tool)
    }
  }
}

function isIn(names: '*' | string[] | undefined, name: string): boolean {
  return names === '*' || (names?.includes(name) ?? false)
}
