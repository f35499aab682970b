#!/usr/bin/env node
import { runCli } from './run-cli.ts'

const { stdout, stderr, argv, env } = process
const ending = new AbortController()
// Once only: a second signal ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ending.abort())
// The reader of the output is gone, as with head: there is nothing left to print for.
stdout.on('error', () => ending.abort())

process.exitCode = await runCli(argv.slice(2), env, { stdout, stderr, interrupted: ending.signal })
