-- A group hears what has happened since it has a robot, however late it comes.
alter table tickets.channel add column bound_at timestamptz;
update tickets.channel set bound_at = changed_at where robot_sealed is not null;

-- SUMMED: told in a message that counts, because too many had come too late to be told one by one.
alter table tickets.channel_message drop constraint channel_message_state;
alter table tickets.channel_message add constraint channel_message_state
    check (state in ('PENDING', 'SENDING', 'SENT', 'SUMMED', 'DEAD'));
