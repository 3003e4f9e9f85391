-- Why an administrator asked to take a transfer back, for its member.
alter table finance.wechat_transfer add column cancel_reason text not null default '';
