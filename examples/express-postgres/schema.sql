create table if not exists products (
  id integer generated always as identity primary key,
  name text not null unique,
  cents integer not null check (cents >= 0)
);
insert into products (name, cents) values ('Bread', 390), ('Coffee', 850) on conflict do nothing;
