//! The console: one list of commands, their bodies, coded errors.
//! Used by the window, the command line and the test host; knows none of them.

pub mod contract;
