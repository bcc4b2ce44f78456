//! Lists of orders, so that a query for some of them does not scan all of them.
//!
//! | list | which orders |
//! |---|---|
//! | by channel and order state | each order is in the one of its state |
//! | by warehouse and stage | an order is in one for each pair of warehouse and stage among its sub-orders |
//! | by customer | an order that names its customer is in one |
//! | refund due | an order of which money is owed back, whatever its state, is in its channel's list of that name as well |
//!
//! Placing an order of one parcel without a named customer therefore appends to two lists. There is no list of all orders,
//! of a whole channel or of a whole warehouse: a page of these is merged from the lists above and still costs its own
//! length. A page over all channels or all warehouses looks at each of them once; the world bounds their number.
//!
//! A list is sorted by the sequence of the event that placed the order, oldest first. This sequence is also the cursor, and
//! it means the same in every list. Finished orders stay in their lists until they are removed.
//!
//! **Locks.** All lists of one channel share a lock, as do all lists of one warehouse. An order that moves between two
//! lists of the same owner is therefore always seen in one of them. The locks are leaves: a thread holds at most one of
//! them and calls nothing while it does. A commit updates the lists of an order before it releases the order's lock.
//!
//! **Pages.** A page is not a snapshot of one instant. An order that stays in the lists read, from the first page to the
//! last, is returned exactly once. An order that leaves one warehouse for another between two looks may be missed by a
//! page over all warehouses.
//!
//! | file | holds |
//! |---|---|
//! | `list` | one sorted list |
//! | `groups` | the lists of all channels, or of all warehouses, with their locks |
//! | `customers` | the lists of customers |
//! | `listed` | which lists an order belongs to |
//! | `all` | insertion, change and removal over all lists, and their check |
//! | `page` | filters and pages |
//! | `refunds` | the list of refunds, open and closed |

mod all;
mod customers;
mod groups;
mod list;
mod listed;
mod page;
mod refunds;
#[cfg(all(test, not(stockade_loom)))]
mod tests;

pub use all::Lists;
pub use list::Entry;
pub use listed::{Listed, Stood};
pub use page::{ListFilter, Page, Range};
pub use refunds::{RefundAt, RefundCounts, Refunds};
