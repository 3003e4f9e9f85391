-- What was done to one subject, without reading the district's whole log.
create index audit_subject on tickets.audit (district_id, subject, audit_id);
