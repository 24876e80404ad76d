//! Money, identities, and the state machines of orders, payments and refunds.
//! Pure values: no socket, file, environment, clock, randomness or thread; nothing here is async.

pub mod bill;
pub mod cash;
pub mod coins;
pub mod evidence;
pub mod explanation;
pub mod flow;
pub mod money;
pub mod number;
pub mod order;
pub mod payment;
pub mod refund;
pub mod settlement;
pub mod statement;
pub mod time;
pub mod worklist;

pub use bill::*;
pub use cash::*;
pub use coins::*;
pub use evidence::*;
pub use explanation::*;
pub use flow::*;
pub use money::*;
pub use number::*;
pub use order::*;
pub use payment::*;
pub use refund::*;
pub use settlement::*;
pub use statement::*;
pub use time::*;
pub use worklist::*;
