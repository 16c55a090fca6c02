import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { formatPublished } from '../../../../audit/trust-history.ts'
import { formatSpiffeBundle } from '../../../../spiffe/bundle/spiffe-bundle.ts'
import { parseCertificate } from '../../../../spiffe/x509/certificate.ts'
import { AuditChain } from '../../../../test/support/audit-chain.ts'
import { CollectedIo } from '../../../../test/support/collected-io.ts'
import { TestCa } from '../../../../test/support/test-ca.ts'
import { command } from './verify.ts'

const ca = new TestCa('example.org')
const certificate = parseCertificate(ca.certificate)
const home = await mkdtemp(path.join(tmpdir(), 'audit-verify-'))
after(() => rm(home, { recursive: true }))

const pem = await file('bundle.pem', ca.certificatePem)
const json = await file(
  'bundle.json',
  formatSpiffeBundle({
    trustDomain: ca.trustDomain,
    x509Authorities: [{ certificate, tainted: false }],
    jwtAuthorities: [],
  }),
)
const history = await file(
  'history.jsonl',
  `${formatPublished({ trustDomain: ca.trustDomain, certificate, publishedAt: new Date(0) })}\n`,
)

test('an intact record says so, whichever form its trust comes in [REC-6]', async () => {
  const chain = signedChain()
  const dir = await directory('intact', chain)
  for (const trust of [`-bundle=${pem}`, `-bundle=${json}`, `-history=${history}`]) {
    const { code, stdout, stderr } = await run('-dir', dir, trust)
    assert.equal(code, 0, stderr)
    assert.match(stdout, new RegExp(`^chain ${chain.chain}  intact\n`))
    assert.match(stdout, /writer +spiffe:\/\/example.org\/proxy\n/)
    assert.match(stdout, /records +7: 1 allowed, 1 denied, 0 would be denied\n/)
    assert.match(stdout, /signed +through record 4, at /)
    assert.match(stdout, /unsigned +1 record not yet signed\n/)
    assert.ok(stdout.endsWith('intact: 1 chain\n'))
  }
})

test('the data_dir of a proxy will do for its record directory', async () => {
  await directory('data/record', signedChain())
  assert.equal((await run('-dir', path.join(home, 'data'), '-bundle', pem)).code, 0)
})

test('one flipped byte is named by record and line, and the exit code is 1 [REC-5]', async () => {
  const chain = signedChain()
  const bytes = chain.bytes
  const at = bytes.indexOf('get_inventory')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  const dir = await directory('flipped', chain, bytes)
  const { code, stdout } = await run('-dir', dir, '-bundle', pem)
  assert.equal(code, 1)
  assert.match(stdout, /FAULTY +record 2 was changed: .* \(line 3\)\n/)
  const { stdout: text } = await run('-dir', dir, '-bundle', pem, '-output', 'json')
  assert.deepEqual(parsed(text), ['faulty', 2, 3])
})

test('a head that was kept shows that the end is gone, or the whole chain', async () => {
  const chain = signedChain()
  const dir = await directory('heads', chain)
  const [, head = ''] = /head +(\S+)/.exec((await run('-dir', dir, '-bundle', pem)).stdout) ?? []
  assert.equal((await run('-dir', dir, '-bundle', pem, '-head', head)).code, 0)
  const cut = await directory('cut', chain, Buffer.from(chain.lines.slice(0, -2).join('')))
  const { code, stdout } = await run('-dir', cut, '-bundle', pem, '-head', head)
  assert.equal(code, 1)
  assert.match(stdout, /record 5 is missing: the chain went on to record 6/)
  const other = await directory('other', signedChain())
  assert.match((await run('-dir', other, '-bundle', pem, '-head', head)).stdout, /is not here/)
})

test('an unfinished last record is told and is no fault', async () => {
  const chain = signedChain()
  const dir = await directory('torn', chain, chain.bytes.subarray(0, -10))
  const { code, stdout } = await run('-dir', dir, '-bundle', pem)
  assert.equal(code, 0)
  assert.match(stdout, /cut +last record unfinished after \d+ bytes/)
})

test('wrong use has exit code 2 and says what is missing', async () => {
  const dir = await directory('misuse', signedChain())
  const cases: readonly (readonly [string[], RegExp])[] = [
    [[], /trust comes from one of -bundle FILE and -history FILE/],
    [['-dir', dir], /trust comes from one of/],
    [['-dir', dir, '-bundle', pem, '-history', history], /trust comes from one of/],
    [['-bundle', pem], /a record is required/],
    [['-dir', path.join(home, 'none'), '-bundle', pem], /there is no .*none/],
    [['-dir', home, '-bundle', pem], /holds no record/],
    [['-file', path.join(home, 'none'), '-bundle', pem], /there is no .*none/],
    [['-dir', dir, '-bundle', path.join(home, 'none')], /no such file/],
    [['-dir', dir, '-bundle', pem, '-head', 'x'], /expected a head/],
    [['-dir', dir, '-bundle', pem, 'more'], /unexpected word "more"/],
    [['-nonsense'], /flag provided but not defined/],
  ]
  for (const [argv, message] of cases) {
    const { code, stderr } = await run(...argv)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
})

test('the record of a foreign trust domain is not trusted', async () => {
  const dir = await directory('foreign', signedChain())
  const foreign = await file('foreign.pem', new TestCa('other.org').certificatePem)
  const { code, stdout } = await run('-dir', dir, '-bundle', foreign)
  assert.equal(code, 1)
  assert.match(stdout, /no X.509 bundle for trust domain "example.org"/)
})

async function run(
  ...argv: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = new CollectedIo()
  const code = await command.run(argv, io)
  return { code, stdout: io.stdout, stderr: io.stderr }
}

function signedChain(): AuditChain {
  const chain = new AuditChain().svid(ca.svid('/proxy')).decision().outcome()
  return chain.decision({ verdict: 'deny' }).checkpoint().append({
    kind: 'summary',
    since: new Date().toISOString(),
    refusals: [],
    others: 1,
  })
}

async function directory(name: string, chain: AuditChain, bytes = chain.bytes): Promise<string> {
  const made = path.join(home, name)
  await mkdir(made, { recursive: true })
  await writeFile(path.join(made, `${chain.chain}.jsonl`), bytes)
  return made
}

async function file(name: string, content: string): Promise<string> {
  const made = path.join(home, name)
  await writeFile(made, content)
  return made
}

/** Verdict, number and line of the first fault. */
function parsed(text: string): unknown[] {
  const { verdict, files } = JSON.parse(text) as {
    verdict: string
    files: { report: { fault?: { seq: number; line: number } } }[]
  }
  return [verdict, files[0]?.report.fault?.seq, files[0]?.report.fault?.line]
}
