//! The real binary: what it starts, what it says, and that it leaves nothing behind.
mod doctor;
mod launch;
mod up;
mod with_servers;
