-- Found to be made in bad faith, as long as it is invalid for that.
alter table incentives.ticket add column malicious boolean not null default false;
create index ticket_malicious on incentives.ticket (district_id, reporter_id, received_at) where malicious;

-- A signal is about a person's award: who takes the place of a reporter who left is looked at anew.
alter table incentives.signal
    add column person_id uuid,
    drop constraint signal_known,
    add constraint signal_known check (signal in ('SAME_PLACE', 'BURST', 'SAME_PAIR', 'SAME_PHOTO', 'STRIKES')),
    drop constraint signal_key,
    -- of signals kept by the build before, nobody is named
    add constraint signal_key unique nulls not distinct (district_id, ticket_id, rule, signal, person_id);
-- Kept before the present award was made, it was about somebody else's.
update incentives.signal s set person_id = a.person_id from incentives.award a
where (a.district_id, a.ticket_id, a.rule) = (s.district_id, s.ticket_id, s.rule) and (a.round = 0 or s.at >= a.awarded_at);
