// `npm run api`: a shipping API for `npm start`. Each Enter changes how it answers.
import { fails, hangs, ShippingApi, works } from './shipping-api.ts'

const behaviours = { works, fails: fails(), hangs }
const names = Object.keys(behaviours) as (keyof typeof behaviours)[]
const api = new ShippingApi()
console.log(`${await api.start(Number(process.env.PORT ?? 4000))} works. Enter: it ${names.slice(1).join(', it ')}, …`)
let turn = 0
process.stdin.on('data', () => {
  const name = names[++turn % names.length] ?? 'works'
  api.behaviour = behaviours[name]
  console.log(`it ${name} (${api.requests} requests so far)`)
})
