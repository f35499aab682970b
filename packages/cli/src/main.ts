#!/usr/bin/env node
import { runCli } from './run-cli.ts'

const { stdout, stderr, argv, env } = process
const ending = new AbortController()
// Once: whoever asks a second time does not want to wait.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ending.abort())
// Whoever read what is printed has left, as head does; there is nothing to print for.
stdout.on('error', () => ending.abort())

process.exitCode = await runCli(argv.slice(2), env, { stdout, stderr, interrupted: ending.signal })
