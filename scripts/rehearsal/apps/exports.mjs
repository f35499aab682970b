// Imports and requires every entry of the packages that are named, as they are installed beside it, and looks at each
// export. Prints what it found; what is wrong ends it with 1.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const problems = []
let exports = 0
for (const name of process.argv.slice(2)) {
  const manifest = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8'))
  for (const entry of Object.keys(manifest.exports)) {
    if (entry.endsWith('.json')) continue
    const specifier = join(name, entry)
    const [imported, required] = [await import(specifier), require(specifier)]
    for (const key of Object.keys(imported)) {
      exports++
      if (imported[key] === undefined) problems.push(`${specifier} exports ${key}, which is undefined`)
      if (required[key] !== imported[key]) problems.push(`${specifier}: require gives another ${key} than import`)
    }
  }
}
for (const problem of problems) console.error(problem)
console.log(`${exports} exports`)
process.exitCode = problems.length === 0 ? 0 : 1
