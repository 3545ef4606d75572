//! Windows links everywhere.
