-- Which hours a category's resolve time counts: every hour, or those of the calendar (6.5 hours make a working day).
alter table tickets.category add column clock text not null default 'NATURAL'
    constraint category_clock check (clock in ('NATURAL', 'WORKING'));
