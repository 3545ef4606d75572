//! No mount here offers raw reparse data.

use std::os::fd::AsFd;

use super::stat;
use crate::entry::Entry;
use crate::foreign::Form;
use crate::path::Name;
use crate::reparse::ReparsePoint;
use crate::volume::Cause;

const NONE: Cause = Cause::Unsupported("reparse points");

pub(super) fn offered(_: &impl AsFd) -> bool {
    false
}

pub(super) fn data(_: &impl AsFd, _: &Name) -> Result<Option<ReparsePoint>, Cause> {
    Ok(None)
}

pub(super) fn kept(_: &impl AsFd, _: &Name) -> rustix::io::Result<Option<(Form, Vec<u8>)>> {
    Ok(None)
}

pub(super) fn set(_: &impl AsFd, _: &Name, _: &ReparsePoint) -> Result<(), Cause> {
    Err(NONE)
}

pub(super) fn clear(_: &impl AsFd, _: &Name) -> Result<(), Cause> {
    Err(NONE)
}

pub(super) fn entry(dir: &impl AsFd, name: Option<&Name>) -> rustix::io::Result<Entry> {
    stat::entry(dir, name)
}

pub(super) fn settle(_: &impl AsFd, _: &Name) {}
