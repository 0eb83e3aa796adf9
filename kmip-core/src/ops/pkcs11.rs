//! PKCS#11 (KMIP 2.1 §6.1.37): a function of Cryptoki on the objects of the client. See [`crate::pkcs11`].

use kmip_codec::operation::pkcs11::{Pkcs11Request, Pkcs11Response};

use crate::batch::Context;
use crate::error::OpResult;

pub(super) fn pkcs11(context: &mut Context<'_>, request: Pkcs11Request) -> OpResult<Pkcs11Response> {
    crate::pkcs11::call(context, request)
}
