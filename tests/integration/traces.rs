//! Published and neutral traces are read.
