// App IDs and callers as a policy writes them: `inventory`, `shop/inventory`, a SPIFFE ID, one that
// ends with `/*`, a namespace, a trust domain, everyone.

import { isMap } from 'yaml'
import { SpiffeError } from '../../spiffe/spiffe-error.ts'
import { makeSpiffeId, parseSpiffeId, pathOf, type SpiffeId } from '../../spiffe/spiffe-id.ts'
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts'
import { POLICY_LIMITS } from '../limits.ts'
import type { CallerPattern } from '../rule.ts'
import { isStar, type Place, quoted, readList, readMapping, readText, report } from './place.ts'

/** What a short App ID leaves out. */
export interface AppIdDefaults {
  readonly trustDomain: TrustDomain
  /** Namespace of an App ID without one. */
  readonly namespace: string
}

const APP_ID = {
  what: 'an App ID',
  fix: 'write an App ID (inventory, shop/inventory) or a SPIFFE ID with a path',
}

/** One App ID or SPIFFE ID. */
export function readId(place: Place, defaults: AppIdDefaults): SpiffeId | undefined {
  const text = readText(place, 'an App ID')
  if (text === undefined) return undefined
  if (text.includes('*')) {
    report(place, `expected one App ID, found ${quoted(text)}`, APP_ID.fix)
    return undefined
  }
  return attempt({ place, text, ...APP_ID }, () => idOf(text, defaults))
}

function idOf(text: string, { trustDomain, namespace }: AppIdDefaults): SpiffeId {
  if (text.includes(':')) return withPath(parseSpiffeId(text))
  const slash = text.indexOf('/')
  if (slash === -1) return makeSpiffeId(trustDomain, `/ns/${namespace}/${text}`)
  if (text.includes('/', slash + 1)) throw new SpiffeError('ERR_SPIFFE_ID', 'more than one slash')
  return makeSpiffeId(trustDomain, `/ns/${text}`)
}

function withPath(id: SpiffeId): SpiffeId {
  if (pathOf(id) === '') throw new SpiffeError('ERR_SPIFFE_ID', 'path is missing')
  return id
}

/** The `callers` of a rule: `"*"`, or a list. */
export function readCallers(place: Place, defaults: AppIdDefaults): CallerPattern[] | undefined {
  if (isStar(place)) return [{ kind: 'anyone' }]
  const items = readList(place, 'callers', { min: 1, max: POLICY_LIMITS.maxListItems })
  return items?.flatMap((item) => readCaller(item, defaults) ?? [])
}

function readCaller(place: Place, defaults: AppIdDefaults): CallerPattern | undefined {
  if (isStar(place)) return { kind: 'anyone' }
  if (isMap(place.node)) return readGroup(place, defaults)
  const text = readText(place, 'a caller')
  if (text === undefined) return undefined
  if (text.endsWith('/*') && text.includes(':')) return readPrefix(place, text.slice(0, -2))
  if (text.includes('*')) {
    const fix = 'write "*" for everyone, {namespace: shop}, or a SPIFFE ID that ends with /*'
    report(place, `expected a caller, found ${quoted(text)}`, fix)
    return undefined
  }
  const id = attempt({ place, text, ...APP_ID }, () => idOf(text, defaults))
  return id && { kind: 'exact', id }
}

function readPrefix(place: Place, text: string): CallerPattern | undefined {
  const base = attempt(
    { place, text, what: 'a SPIFFE ID before /*', fix: 'write one' },
    parseSpiffeId,
  )
  return base && { kind: 'under', prefix: `${base}/` }
}

/** `{namespace: shop}`, `{trustDomain: partner.example}`, or both. */
function readGroup(place: Place, defaults: AppIdDefaults): CallerPattern | undefined {
  const members = readMapping(place, { required: [], optional: ['namespace', 'trustDomain'] })
  const trustDomainPlace = members?.get('trustDomain')
  const trustDomain = trustDomainPlace ? readTrustDomain(trustDomainPlace) : defaults.trustDomain
  const namespacePlace = members?.get('namespace')
  if (!members || trustDomain === undefined) return undefined
  if (namespacePlace) return readNamespace(namespacePlace, trustDomain)
  if (trustDomainPlace) return { kind: 'trust-domain', trustDomain }
  report(place, 'expected namespace or trustDomain', 'add one of them, or write "*" for everyone')
  return undefined
}

function readNamespace(place: Place, trustDomain: TrustDomain): CallerPattern | undefined {
  const text = readText(place, 'a namespace')
  if (text === undefined) return undefined
  if (text.includes('/')) {
    report(place, `expected a namespace, found ${quoted(text)}`, 'write its name alone')
    return undefined
  }
  const fix = 'use letters, digits, dots, dashes and underscores'
  const base = attempt({ place, text, what: 'a namespace', fix }, () =>
    makeSpiffeId(trustDomain, `/ns/${text}`),
  )
  return base && { kind: 'under', prefix: `${base}/` }
}

function readTrustDomain(place: Place): TrustDomain | undefined {
  const fix = 'write its name, such as partner.example'
  const text = readText(place, 'a trust domain')
  if (text === undefined) return undefined
  return attempt({ place, text, what: 'a trust domain', fix }, parseTrustDomain)
}

function attempt<T>(wanted: Wanted, parse: (text: string) => T): T | undefined {
  const { place, text, what, fix } = wanted
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof SpiffeError)) throw error
    report(place, `expected ${what}, found ${quoted(text)}: ${error.message}`, fix)
    return undefined
  }
}

/** A text that has to become something, and what to say when it cannot. */
interface Wanted {
  readonly place: Place
  readonly text: string
  readonly what: string
  readonly fix: string
}
