//! What machines cost: list prices with discounts, fees, reservations and savings plans.
//!
//! Autoscalers decide by list prices, as the real ones do; what is paid is a matter of the records.

pub mod commitments;
pub mod rules;
