import { fleetContract } from '@svcproxy/demo-services/fleet-contract'

fleetContract(new URL('./main.ts', import.meta.url))
