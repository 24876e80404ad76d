//! Bill lines against our books: matches and typed differences.
//! Opens nothing and reads no clock: lines are handed in, differences are handed out.
