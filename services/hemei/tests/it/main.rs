//! The real binary: what it starts, what it says, and that it leaves nothing behind.
mod doctor;
mod empty;
mod events;
mod http;
mod launch;
mod role;
mod up;
mod with_servers;
