import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from '../../clients/cli/command.ts'
import { judgeCases, type Verdict } from '../../clients/cli/commands/conformance/case-runner.ts'
import { judgePath, pathCase } from '../../clients/cli/commands/conformance/validate-path.ts'
import { runCommand } from '../../clients/cli/commands.ts'
import { writePem } from '../../spiffe/pem.ts'
import { type Issued, issue } from '../support/issue.ts'

const time = '2030-01-01T00:00:00Z'
const pem = ({ der }: Issued): string => writePem('CERTIFICATE', der)
const root = issue({ subject: 'root', isCa: true })
const ca = issue({ subject: 'ca', issuer: root, isCa: true })
const leaf = issue({ subject: 'leaf', issuer: ca })
const sound = { id: 'a', leaf: pem(leaf), intermediates: [pem(ca)], roots: [pem(root)], time }

function judge(...cases: readonly unknown[]): readonly Verdict[] {
  return judgeCases(JSON.stringify(cases), pathCase, judgePath)
}

function results(...cases: readonly unknown[]): string {
  return judge(...cases)
    .map(({ result }) => result)
    .join(' ')
}

test('a case is judged under its own time, however that is written', () => {
  const seconds = Date.parse(time) / 1000
  const times = [time, seconds, String(seconds), '2030-01-01T01:00:00+01:00']
  assert.equal(
    results(...times.map((one) => ({ ...sound, time: one }))),
    'accept accept accept accept',
  )
  assert.equal(
    results({ ...sound, time: '2028-01-01' }, { ...sound, time: 'noon' }),
    'reject reject',
  )
})

test('certificates may stand together, among comments, and beside what cannot be read', () => {
  const commented = `subject=ca\n${pem(ca)}\nsubject=root\n${pem(root)}\n# end\n`
  assert.equal(results({ ...sound, intermediates: commented }), 'accept')
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  assert.equal(results({ ...sound, intermediates: [broken, 'nothing', pem(ca)] }), 'accept')
  assert.equal(results({ ...sound, leaf: broken }, { ...sound, leaf: '' }), 'reject reject')
})

test('a case of the wrong shape is rejected and says so, and the others are judged', () => {
  const wrong = { id: 'b', leaf: 3 }
  assert.equal(results(wrong, sound), 'reject accept')
  const [verdict] = judge(wrong)
  assert.equal(verdict?.id, 'b')
  assert.match(verdict.detail, /^case: /)
})

test('the number of candidates has a limit', () => {
  const [verdict] = judge({ ...sound, intermediates: Array.from({ length: 1001 }, () => pem(ca)) })
  assert.match(verdict?.detail ?? '', /more than 1000/)
})

test('input that is no list of cases is an error of the command', () => {
  for (const text of ['', '{', '3', '{"case":[]}']) {
    assert.throws(() => judgeCases(text, pathCase, judgePath), UsageError, text)
  }
})

test('the command reads cases from its input and prints one verdict for each', async () => {
  let printed = ''
  const code = await runCommand(['conformance', 'validate-path'], {
    out: (text) => {
      printed += text
    },
    err: (text) => {
      assert.fail(text)
    },
    readInput: async () => JSON.stringify([sound, { ...sound, id: 'b', roots: [] }]),
    env: {},
    signal: new AbortController().signal,
    pretty: false,
    hints: false,
  })
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(printed), [
    { id: 'a', result: 'accept', detail: 'path of 3 certificates' },
    {
      id: 'b',
      result: 'reject',
      detail: 'no path leads from the leaf to a trust anchor',
    },
  ])
})
