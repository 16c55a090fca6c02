import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { judgeCases, type Verdict } from '../../clients/cli/commands/conformance/case-runner.ts'
import { bundleCase, judgeBundle } from '../../clients/cli/commands/conformance/parse-bundle.ts'
import { idCase, judgeId } from '../../clients/cli/commands/conformance/parse-id.ts'
import { judgeSvid, svidCase } from '../../clients/cli/commands/conformance/validate-x509.ts'
import { readVectors } from '../support/vectors.ts'

const verdict = z.enum(['accept', 'reject', 'either'])
const corpus = z.object({
  cases: z.array(
    z.looseObject({
      id: z.string(),
      expected: verdict,
      recommended: verdict,
      expectedId: z.string().nullish(),
      expectedCounts: z.string().nullish(),
    }),
  ),
})

const corpora: Readonly<Record<string, (text: string) => readonly Verdict[]>> = {
  spiffeid: (text) => judgeCases(text, idCase, judgeId),
  x509svid: (text) => judgeCases(text, svidCase, judgeSvid),
  bundle: (text) => judgeCases(text, bundleCase, judgeBundle),
}

for (const [name, judge] of Object.entries(corpora)) {
  test(`every verdict of ${name}.dev is the expected one, or the recommended one where there is a choice [DONE-10]`, () => {
    const { cases } = corpus.parse(readVectors(`spiffe/${name}.dev.json`))
    const verdicts = judge(JSON.stringify({ cases }))
    assert.equal(verdicts.length, cases.length)
    for (const [at, { id, expected, recommended, ...wanted }] of cases.entries()) {
      const given = verdicts[at]
      assert.equal(given?.id, id)
      const result = expected === 'either' ? recommended : expected
      if (result !== 'either') assert.equal(given.result, result, `${id}: ${given.detail}`)
      if (given.result === 'reject') continue
      if (wanted.expectedId) assert.equal(given.spiffeId, wanted.expectedId, id)
      if (wanted.expectedCounts) assert.equal(given.detail, wanted.expectedCounts, id)
    }
  })
}

test('one case at a time is judged in well under a second [DONE-10]', () => {
  for (const [name, judge] of Object.entries(corpora)) {
    const { cases } = corpus.parse(readVectors(`spiffe/${name}.dev.json`))
    for (const one of cases) {
      const started = performance.now()
      judge(JSON.stringify([one]))
      assert.ok(performance.now() - started < 5000, one.id)
    }
  }
})
