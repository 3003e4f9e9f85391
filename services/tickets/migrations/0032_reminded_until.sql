-- Up to which instant reminders have been told, and how long before a deadline they were told then: others tell them all again.
create table tickets.reminded_until (
    only_row boolean not null default true constraint reminded_until_one check (only_row),
    until timestamptz not null,
    claim_minutes bigint not null,
    resolve_minutes bigint not null,
    constraint reminded_until_key primary key (only_row)
);
insert into tickets.reminded_until (until, claim_minutes, resolve_minutes) values ('epoch', 0, 0);
