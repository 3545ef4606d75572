//! Windows links everywhere.

pub mod win32_error;

pub use win32_error::{ErrorClass, Win32Error};
