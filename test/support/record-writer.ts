/**
 * A process that writes a record until it is killed, for tests of what survives. Prints its CA in
 * base64, `ca DER`, then a line for each decision: `written ID`, or `refused ID` when it could not be
 * recorded.
 *
 * node record-writer.ts DIRECTORY COUNT: COUNT decisions a turn of the event loop.
 */

import { randomBytes } from 'node:crypto'
import { checkpointSigner } from '../../audit/checkpoint.ts'
import { bootId } from '../../proxy/record/boot-id.ts'
import { openJournal } from '../../proxy/record/journal.ts'
import { systemClock } from '../../runtime/clock.ts'
import { testDecision, testWriter } from './audit-chain.ts'
import { TestCa } from './test-ca.ts'

const [directory = '', count = '1'] = process.argv.slice(2)
const ca = new TestCa('example.org')
const svid = ca.svid('/proxy')
await print(`ca ${Buffer.from(ca.certificate).toString('base64')}`)
const journal = await openJournal(
  { directory, writer: testWriter, durability: 'written', checkpointMs: 5 },
  { certificates: svid.chain, sign: checkpointSigner(svid.key) },
  {
    boot: bootId(),
    clock: systemClock,
    onCheckpoint: () => undefined,
    onProblem: () => undefined,
    randomBytes,
  },
)

/** The end mark tells a whole line from one that the kill cut short. */
async function print(line: string): Promise<void> {
  await new Promise<void>((resolve) => void process.stdout.write(`${line} .\n`, () => resolve()))
}

async function decide(): Promise<void> {
  const { decisionId, written } = journal.appendDecision(testDecision)
  const word = await written.then(
    () => 'written',
    () => 'refused',
  )
  await print(`${word} ${decisionId}`)
  if (word === 'written')
    journal.appendOutcome(decisionId, {
      ended: 'complete',
      requestBytes: 1,
      answerBytes: 1,
      durationMs: 1,
    })
}

for (;;) {
  await Promise.all(Array.from({ length: Number(count) }, decide))
}
