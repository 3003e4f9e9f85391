-- A session also ends when its person holds no post any more in the district it is in.
alter table residents.session
    drop constraint session_ended_because_check,
    add constraint session_ended_because_check check (ended_because in ('SIGNED_OUT', 'REUSED', 'POST_ENDED'));
