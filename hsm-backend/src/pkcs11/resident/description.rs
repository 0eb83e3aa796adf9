//! What the blob of a resident key says: on which device the key is, and what it is.
//!
//! ```text
//! serial number (16) ‖ kind (1) ‖ bits (4) ‖ flags (1) ‖ CKA_ID (the rest)
//! ```
//! The kind gives the object's class and key type (PKCS #11 v2.40 §4.4, §2). It is sealed, and bound to its object, by
//! `scope_keys`.

use kmip_core::ports::resident::{Residence, ResidentKind};
use kmip_core::ports::vault::{Curve, VaultError};

use crate::pkcs11::address::Serial;

const SENSITIVE: u8 = 1;
const EXTRACTABLE: u8 = 2;

/// What the blob of a resident key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// The device that has the key.
    pub(super) device: Serial,
    /// What the key is.
    pub(super) what: Residence,
    /// `CKA_ID`: the Unique Identifier of the object.
    pub(super) id: String,
}

impl Description {
    pub(super) fn encode(&self) -> Vec<u8> {
        let (kind, bits) = code(self.what.kind);
        let flags =
            if self.what.sensitive { SENSITIVE } else { 0 } | if self.what.extractable { EXTRACTABLE } else { 0 };
        [&self.device.0, [kind].as_slice(), &bits.to_be_bytes(), &[flags], self.id.as_bytes()].concat()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let read = || {
            let (serial, rest) = bytes.split_first_chunk::<16>()?;
            let ([kind], rest) = rest.split_first_chunk::<1>()?;
            let (bits, rest) = rest.split_first_chunk::<4>()?;
            let (flags, id) = rest.split_first()?;
            let kind = kind_of(*kind, u32::from_be_bytes(*bits))?;
            let (sensitive, extractable) = (flags & SENSITIVE != 0, flags & EXTRACTABLE != 0);
            let what = Residence { kind, sensitive, extractable };
            Some(Self { device: Serial(*serial), what, id: std::str::from_utf8(id).ok()?.to_owned() })
        };
        read()
            .ok_or_else(|| VaultError::DoesNotOpen("a description of a resident key that is not understood".to_owned()))
    }
}

/// The curves that keys stay in a device on, with their codes.
const CURVES: [(u8, Curve); 3] = [(4, Curve::P256), (5, Curve::P384), (6, Curve::P521)];

fn code(kind: ResidentKind) -> (u8, u32) {
    match kind {
        ResidentKind::Aes { bits } => (1, bits),
        ResidentKind::Hmac { bits } => (2, bits),
        ResidentKind::Rsa { bits } => (3, bits),
        // A curve without a code is not understood when it is read; `objects` makes no key on it.
        ResidentKind::Ec { curve } => {
            (CURVES.iter().find(|(_, listed)| *listed == curve).map_or(0, |(code, _)| *code), 0)
        }
    }
}

fn kind_of(code: u8, bits: u32) -> Option<ResidentKind> {
    match code {
        1 => Some(ResidentKind::Aes { bits }),
        2 => Some(ResidentKind::Hmac { bits }),
        3 => Some(ResidentKind::Rsa { bits }),
        _ => CURVES.iter().find(|(listed, _)| *listed == code).map(|(_, curve)| ResidentKind::Ec { curve: *curve }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_reads_back_and_a_damaged_one_is_refused() {
        let kinds = [
            ResidentKind::Aes { bits: 256 },
            ResidentKind::Hmac { bits: 512 },
            ResidentKind::Rsa { bits: 4096 },
            ResidentKind::Ec { curve: Curve::P256 },
            ResidentKind::Ec { curve: Curve::P384 },
            ResidentKind::Ec { curve: Curve::P521 },
        ];
        for kind in kinds {
            for (sensitive, extractable) in [(true, false), (true, true), (false, true), (false, false)] {
                let what = Residence { kind, sensitive, extractable };
                let description = Description { device: Serial::of("1f2e"), what, id: "an id".to_owned() };
                let bytes = description.encode();
                assert_eq!(Description::parse(&bytes).unwrap(), description);
                assert!(bytes.starts_with(b"1f2e            "));
                for length in 0..22 {
                    assert!(Description::parse(&bytes[..length]).is_err(), "{length}");
                }
                let mut unknown = bytes.clone();
                unknown[16] = 7;
                assert!(Description::parse(&unknown).is_err());
            }
        }
    }
}
