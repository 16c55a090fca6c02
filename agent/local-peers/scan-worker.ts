/** The worker thread of `holder-scan.ts`: one scan of /proc per message, one answer per scan. */
import { parentPort } from 'node:worker_threads'
import { scanHolders } from './holders.ts'

parentPort?.on('message', (inodes: readonly number[]) => {
  parentPort?.postMessage(scanHolders(inodes))
})
