/** An arbitrary number for the lock under which the schema is created, so that several processes may start at once. */
const LOCK = 7_282_776

/**
 * Tables and first rows in their own schema. Idempotent. Sent as one simple query, which PostgreSQL runs as one
 * transaction.
 */
export const CREATE_SCHEMA: string = `
  select pg_advisory_xact_lock(${LOCK});
  create schema if not exists svcproxy_demo;
  create table if not exists svcproxy_demo.vehicles (
    id    text primary key,
    name  text not null,
    model text not null
  );
  create table if not exists svcproxy_demo.vehicle_states (
    vehicle_id      text primary key references svcproxy_demo.vehicles,
    speed_kmh       integer not null,
    battery_percent integer not null check (battery_percent between 0 and 100),
    locked          boolean not null default true,
    speed_limit_kmh integer,
    updated_at      timestamptz not null default now()
  );
  create table if not exists svcproxy_demo.audit_entries (
    id        bigint generated always as identity primary key,
    at        timestamptz not null default now(),
    actor     text not null,
    action    text not null,
    entity_id text not null,
    details   jsonb not null
  );
  insert into svcproxy_demo.vehicles (id, name, model)
    select 'veh-' || lpad(n::text, 3, '0'), 'Vehicle ' || n, (array['van', 'truck', 'bus'])[1 + n % 3]
    from generate_series(1, 12) n
    on conflict do nothing;
  insert into svcproxy_demo.vehicle_states (vehicle_id, speed_kmh, battery_percent, locked)
    select 'veh-' || lpad(n::text, 3, '0'), (n * 17) % 90, 100 - (n * 7) % 80, n % 4 = 0
    from generate_series(1, 12) n
    on conflict do nothing;
`
