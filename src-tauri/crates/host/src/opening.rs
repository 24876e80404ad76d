//! What the contract says of a folder that cannot be opened. Nothing was begun yet, so no money moved by it.

use crate::HostError;
use paydesk_console::{
    contract::{CommandError, ErrorCode, MoneyMark},
    refused, store_error,
};
use std::{error::Error, io};

impl From<HostError> for CommandError {
    fn from(error: HostError) -> CommandError {
        match error {
            HostError::Store(error) => CommandError {
                money: MoneyMark::NotMoved,
                ..store_error(error)
            },
            HostError::Desk(error) => paydesk_console::coded(error),
            HostError::Vault(error) if is_full(&error) => refused(ErrorCode::DiskFull),
            HostError::Vault(_) => refused(ErrorCode::KeysLocked),
            HostError::Demo(error) if is_full(&error) => refused(ErrorCode::DiskFull),
            HostError::Demo(_) => refused(ErrorCode::SandboxGone),
            HostError::Folder { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                refused(ErrorCode::DiskFull)
            }
            HostError::Folder { .. } | HostError::Network(_) => refused(ErrorCode::Internal),
        }
    }
}

/// Whether a full disk is at the bottom of it: then neither keys nor sandbox are what is wrong.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    let is_here = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::StorageFull);
    is_here || error.source().is_some_and(is_full)
}
