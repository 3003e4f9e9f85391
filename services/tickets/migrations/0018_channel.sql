-- A group of the three tiers, or of a department; bound to a robot or to none.
create table tickets.channel (
    district_id uuid not null,
    channel_id uuid not null,
    tier text not null constraint channel_tier check (tier in ('COMMUNITY', 'SUBDISTRICT', 'DISTRICT', 'DEPARTMENT')),
    -- Of a department: the district's.
    place_id uuid not null,
    place_path text collate "C" not null,
    -- Nil but for a department's.
    department_id uuid not null,
    name text not null,
    -- The robot's key, and by what two channels of one robot are known; none: bound to no robot.
    robot_sealed bytea,
    robot_blind bytea,
    -- Phones that urgent messages mention, sealed as a JSON list.
    mentioned_sealed bytea,
    changed_by uuid not null,
    changed_at timestamptz not null,
    -- The sender's: not before, how often in a row it failed and why, and who works on it until when.
    next_at timestamptz,
    failures integer not null default 0,
    last_error text not null default '',
    leased_until timestamptz,
    constraint channel_key primary key (district_id, channel_id),
    constraint channel_of unique (district_id, tier, place_path, department_id)
);

-- What a group is to hear, in order. Written once for each change, reminder and group.
create table tickets.channel_message (
    district_id uuid not null,
    channel_id uuid not null,
    message_id bigint not null generated always as identity,
    ticket_id uuid not null,
    -- "T3", or "BEFORE_CLAIM" with the deadline's second as the sequence.
    kind text not null,
    sequence bigint not null,
    text text not null,
    urgent boolean not null,
    at timestamptz not null,
    state text not null default 'PENDING' constraint channel_message_state check (state in ('PENDING', 'SENDING', 'SENT', 'DEAD')),
    send_id uuid,
    -- The answer to an earlier try was lost: the group may have it twice.
    maybe_twice boolean not null default false,
    constraint channel_message_key primary key (district_id, channel_id, message_id),
    constraint channel_message_once unique (district_id, channel_id, ticket_id, kind, sequence)
);
create index channel_message_waiting on tickets.channel_message (district_id, channel_id, message_id) where state in ('PENDING', 'SENDING');

-- Every try to send, written before the call: what counts for the robot's twenty a minute.
create table tickets.channel_send (
    district_id uuid not null,
    send_id uuid not null,
    channel_id uuid not null,
    robot_blind bytea not null,
    at timestamptz not null,
    messages integer not null,
    -- UNKNOWN until an answer came, and for ever where none did.
    outcome text not null default 'UNKNOWN' constraint channel_send_outcome check (outcome in ('UNKNOWN', 'OK', 'REFUSED', 'UNSURE')),
    code integer,
    constraint channel_send_key primary key (district_id, send_id)
);
create index channel_send_rate on tickets.channel_send (robot_blind, at);
