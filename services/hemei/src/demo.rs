//! Invented districts to try the suite with.
