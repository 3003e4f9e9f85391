-- Who took the approvals of a month back: the same again by the same person takes none back that came later.
alter table incentives.month add column returned_by uuid;
