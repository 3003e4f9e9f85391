-- An administrator may ask WeChat to take a transfer back that its member does not confirm.
alter table finance.wechat_transfer
    add column cancel_asked_at timestamptz,
    add column cancel_asked_by uuid,
    add constraint wechat_transfer_cancel check ((cancel_asked_at is null) = (cancel_asked_by is null));
