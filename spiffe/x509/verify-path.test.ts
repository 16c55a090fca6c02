import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { extension, type Issued, issue, issueTime, read } from '../../test/support/issue.ts'
import { nullValue, oid, sequence } from '../der/writer.ts'
import { SpiffeError } from '../spiffe-error.ts'
import { pathLimits, verifyPath } from './verify-path.ts'

/** Length of the path, or why there is none. */
function verify(
  leaf: Issued,
  intermediates: readonly Issued[],
  anchors: readonly Issued[],
  now = issueTime,
): number | string {
  try {
    return verifyPath(read(leaf), intermediates.map(read), anchors.map(read), now).length
  } catch (error) {
    if (error instanceof SpiffeError) return error.message
    throw error
  }
}

const root = issue({ subject: 'root', isCa: true })
const ca = issue({ subject: 'ca', issuer: root, isCa: true })
const leaf = issue({ subject: 'leaf', issuer: ca })
const unknownCritical = extension('1.2.3.4', nullValue(), 'critical')

test('a path leads from the leaf over intermediates in any order to an anchor [X5-9]', () => {
  const lower = issue({ subject: 'lower', issuer: ca, isCa: true })
  const below = issue({ subject: 'leaf', issuer: lower })
  assert.equal(verify(leaf, [ca], [root]), 3)
  assert.equal(verify(below, [ca, lower], [root]), 4)
  assert.equal(verify(below, [lower, root, ca, leaf], [root]), 4)
  assert.match(String(verify(below, [lower], [root])), /no path leads/)
  assert.match(String(verify(leaf, [ca], [])), /no path leads/)
})

test('an anchor may be an intermediate, and it ends the path', () => {
  assert.equal(verify(leaf, [], [ca]), 2)
  assert.equal(verify(leaf, [ca], [root, ca]), 2)
})

test('a leaf that is an anchor itself is a path of one', () => {
  assert.equal(verify(leaf, [], [leaf]), 1)
  assert.match(String(verify(leaf, [], [leaf], new Date('2032-01-01'))), /expired/)
})

test('every certificate of the path has to be valid at the time, in whole seconds', () => {
  const at = (text: string): Date => new Date(text)
  const brief = { notBefore: at('2029-06-01T00:00:00Z'), notAfter: at('2030-06-01T00:00:00Z') }
  const briefRoot = issue({ subject: 'root', isCa: true, ...brief })
  const briefCa = issue({ subject: 'ca', issuer: root, isCa: true, ...brief })
  const paths: readonly (readonly [Issued, Issued[], Issued])[] = [
    [issue({ subject: 'leaf', issuer: root, ...brief }), [], root],
    [issue({ subject: 'leaf', issuer: briefCa }), [briefCa], root],
    [issue({ subject: 'leaf', issuer: briefRoot }), [], briefRoot],
  ]
  for (const [one, between, anchor] of paths) {
    const verdict = (text: string): unknown => verify(one, between, [anchor], at(text))
    assert.match(String(verdict('2029-05-31T23:59:59.999Z')), /not valid yet/)
    assert.equal(typeof verdict('2029-06-01T00:00:00Z'), 'number')
    assert.equal(typeof verdict('2030-06-01T00:00:00.999Z'), 'number')
    assert.match(String(verdict('2030-06-01T00:00:01Z')), /expired/)
  }
})

test('an issuer is a CA that may sign certificates, wherever it stands [X5-4]', () => {
  const shapes: readonly (readonly [Partial<Parameters<typeof issue>[0]>, RegExp])[] = [
    [{ isCa: false, keyUsage: [] }, /not a CA/],
    [{ keyUsage: [6] }, /lacks keyCertSign/],
    [{ extensions: [unknownCritical] }, /1\.2\.3\.4 is not understood/],
    [{ extensions: [extension('2.5.29.36', sequence())] }, /policy constraints/],
    [{ extensions: [extension('2.5.29.33', sequence(), 'critical')] }, /not understood/],
  ]
  for (const [shape, message] of shapes) {
    const anchor = issue({ subject: 'bad', isCa: true, ...shape })
    assert.match(String(verify(issue({ subject: 'leaf', issuer: anchor }), [], [anchor])), message)
    const between = issue({ subject: 'bad', issuer: root, isCa: true, ...shape })
    const below = issue({ subject: 'leaf', issuer: between })
    assert.match(String(verify(below, [between], [root])), message)
  }
})

test('a CA has a name', () => {
  const nameless = issue({ subject: sequence(), issuer: root, isCa: true })
  const below = issue({ subject: 'leaf', issuer: nameless })
  assert.throws(() => read(below), /issuer is empty/)
})

test('only a certificate of version 3 is a leaf or a CA', () => {
  for (const version of [1, 2] as const) {
    const old = issue({ subject: 'old', issuer: root, version })
    assert.match(String(verify(old, [], [root])), /expected 3/)
    const oldRoot = issue({ subject: 'old', version })
    assert.match(
      String(verify(issue({ subject: 'leaf', issuer: oldRoot }), [], [oldRoot])),
      /not a CA/,
    )
  }
})

test('a CA without key usage may sign', () => {
  const plain = issue({ subject: 'plain', issuer: root, isCa: true, keyUsage: [] })
  assert.equal(verify(issue({ subject: 'leaf', issuer: plain }), [plain], [root]), 3)
})

test('a leaf without critical surprises, with a name, and that claims no rights of a CA', () => {
  const refused = [
    issue({ subject: 'leaf', issuer: ca, extensions: [unknownCritical] }),
    issue({ subject: 'leaf', issuer: ca, keyUsage: [5] }),
    issue({
      subject: 'leaf',
      issuer: ca,
      extensions: [extension('2.5.29.30', sequence(sequence()))],
    }),
    issue({ subject: sequence(), issuer: ca }),
    issue({ subject: sequence(), issuer: ca, names: [sequence()] }),
  ]
  for (const one of refused) {
    assert.throws(() => verifyPath(read(one), [read(ca)], [read(root)], issueTime), SpiffeError)
  }
})

test('the path length counts intermediates that are not self-issued', () => {
  const limited = issue({ subject: 'limited', isCa: true, pathLength: 0 })
  const lower = issue({ subject: 'lower', issuer: limited, isCa: true })
  const rollover = issue({ subject: 'limited', issuer: limited, isCa: true })
  assert.equal(verify(issue({ subject: 'leaf', issuer: limited }), [], [limited]), 2)
  assert.equal(verify(lower, [], [limited]), 2)
  assert.match(
    String(verify(issue({ subject: 'leaf', issuer: lower }), [lower], [limited])),
    /path length/,
  )
  assert.equal(verify(issue({ subject: 'leaf', issuer: rollover }), [rollover], [limited]), 3)
  const wider = issue({ subject: 'wider', issuer: lower, isCa: true, pathLength: 9 })
  assert.match(
    String(verify(issue({ subject: 'leaf', issuer: wider }), [wider, lower], [limited])),
    /path length/,
  )
})

test('of several CAs of one name the one that signed is found', () => {
  const others = Array.from({ length: 20 }, () => issue({ subject: 'root', isCa: true }))
  assert.equal(verify(issue({ subject: 'leaf', issuer: root }), [], [...others, root]), 2)
})

test('a second path is tried where the first is not valid', () => {
  const expired = issue({
    subject: 'ca',
    issuer: root,
    isCa: true,
    key: ca.key,
    notAfter: new Date('2029-02-01'),
  })
  const elsewhere = issue({ subject: 'ca', issuer: leaf, isCa: true, key: ca.key })
  assert.equal(verify(leaf, [expired, elsewhere, ca], [root]), 3)
})

test('a signature by another key, a weak key or a weak hash is no signature', () => {
  const impostor = issue({ subject: 'root', isCa: true })
  assert.match(String(verify(issue({ subject: 'leaf', issuer: impostor }), [], [root])), /is wrong/)
  const sha1 = { der: sequence(oid('1.2.840.10045.4.1')), hash: 'sha1' }
  const old = issue({ subject: 'leaf', issuer: root, algorithm: sha1 })
  assert.match(String(verify(old, [], [root])), /not accepted/)
  const oldRoot = issue({ subject: 'old root', isCa: true, algorithm: sha1 })
  assert.equal(verify(issue({ subject: 'leaf', issuer: oldRoot }), [], [oldRoot]), 2)
  const key = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  assert.match(
    String(verify(issue({ subject: 'leaf', issuer: root, key }), [], [root])),
    /2048 bits/,
  )
})

test('purposes that leave nothing in common make no path', () => {
  const purpose = (id: string): Uint8Array => extension('2.5.29.37', sequence(oid(id)))
  const [server, client, any] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2', '2.5.29.37.0'] as const
  const clientCa = issue({ subject: 'c', issuer: root, isCa: true, extensions: [purpose(client)] })
  const below = (id: string): Issued =>
    issue({ subject: 'leaf', issuer: clientCa, extensions: [purpose(id)] })
  assert.match(String(verify(below(server), [clientCa], [root])), /no purpose is left/)
  assert.equal(verify(below(client), [clientCa], [root]), 3)
  assert.equal(verify(below(any), [clientCa], [root]), 3)
})

test('rings, meshes and crowds of one name end with a refusal well within a second [BAD-6]', () => {
  const names = Array.from({ length: 12 }, (_, at) => `mesh ${at}`)
  const keys = names.map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const selves = names.map((subject, at) => issue({ subject, isCa: true, ...keyAt(at) }))
  const mesh = selves.flatMap((issuer) =>
    names.map((subject, at) => issue({ subject, issuer, isCa: true, ...keyAt(at) })),
  )
  const crowd = Array.from({ length: 132 }, () => issue({ subject: 'mesh 0', isCa: true }))
  const ladder = Array.from({ length: 20 }).reduce<Issued[]>(
    (all) => [
      ...all,
      issue({ subject: `step ${all.length}`, issuer: all.at(-1) ?? root, isCa: true }),
    ],
    [],
  )
  const [first = root] = selves
  const cases: readonly (readonly [Issued, readonly Issued[]])[] = [
    [issue({ subject: 'leaf', issuer: first }), mesh],
    [issue({ subject: 'leaf', issuer: first }), crowd],
    [issue({ subject: 'leaf', issuer: ladder.at(-1) ?? root }), ladder],
  ]
  for (const [one, between] of cases) {
    const certificates = between.map(read)
    const started = performance.now()
    assert.throws(() => verifyPath(read(one), certificates, [read(root)], issueTime), SpiffeError)
    assert.ok(performance.now() - started < 5000)
  }
  assert.match(
    String(verify(issue({ subject: 'leaf', issuer: ladder.at(-1) ?? root }), ladder, [root])),
    new RegExp(`longer than ${pathLimits.certificates}`),
  )

  function keyAt(at: number): { key?: Issued['key'] } {
    const key = keys[at]
    return key === undefined ? {} : { key }
  }
})
