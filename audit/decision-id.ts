/**
 * Chain ids and decision ids. A decision id is a chain id and a sequence number, so that the record
 * it names is found by seeking. Both are safe in URLs, file names and shells.
 */

declare const chainIdBrand: unique symbol
declare const decisionIdBrand: unique symbol

/** 80 random bits in 16 characters of lower-case base32 (RFC 4648 alphabet). */
export type ChainId = string & { readonly [chainIdBrand]: true }

/** `<chain id>-<sequence number>`, such as `k5xw6ylsnzsxe3tf-128`. */
export type DecisionId = string & { readonly [decisionIdBrand]: true }

/** How many random bytes a chain id is made of. */
export const chainIdBytes = 10

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const chainIdForm = /^[a-z2-7]{16}$/
const decisionIdForm = /^([a-z2-7]{16})-(0|[1-9][0-9]{0,15})$/

/** Throws TypeError unless there are {@link chainIdBytes} of them. */
export function makeChainId(random: Uint8Array): ChainId {
  if (random.length !== chainIdBytes) throw new TypeError(`a chain id takes ${chainIdBytes} bytes`)
  let bits = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let text = ''
  for (; text.length < 16; bits >>= 5n) text = alphabet.charAt(Number(bits & 31n)) + text
  if (!isChainId(text)) throw new TypeError('chain id alphabet')
  return text
}

export function isChainId(value: unknown): value is ChainId {
  return typeof value === 'string' && chainIdForm.test(value)
}

/** Throws TypeError for a number that cannot be a sequence number. */
export function makeDecisionId(chain: ChainId, seq: number): DecisionId {
  const id = `${chain}-${seq}`
  if (!isDecisionId(id)) throw new TypeError(`${seq} is not a sequence number`)
  return id
}

export function isDecisionId(value: unknown): value is DecisionId {
  return typeof value === 'string' && readDecisionId(value) !== undefined
}

/** The chain and the sequence number, or undefined when the text is not a decision id. */
export function readDecisionId(text: string): { chain: ChainId; seq: number } | undefined {
  const [, chain, digits] = decisionIdForm.exec(text) ?? []
  const seq = Number(digits)
  return isChainId(chain) && Number.isSafeInteger(seq) ? { chain, seq } : undefined
}
