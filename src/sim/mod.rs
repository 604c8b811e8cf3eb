//! The assembly: events, dispatch, world.
