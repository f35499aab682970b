import { fleetCommandContract, fleetContract } from '@svcproxy/demo-services/fleet-contract'

const MAIN = new URL('./main.ts', import.meta.url)

fleetContract(MAIN)
fleetCommandContract(MAIN)
