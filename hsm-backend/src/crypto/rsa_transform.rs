//! The private RSA function itself (RFC 8017 §5.1.2, §5.2.1), without padding, with AWS-LC: for the hash functions and combinations of
//! padding, hash and mask hash that aws-lc-rs has no name for. Blinding and the check of the result are the library's.
//!
//! Unsafe because the binding is C. Every pointer lives as long as the call that it is given to; the key is freed once.

#![allow(unsafe_code)]

use std::ptr::NonNull;

use aws_lc_sys::{ERR_clear_error, RSA, RSA_NO_PADDING, RSA_decrypt, RSA_free, RSA_private_key_from_bytes, RSA_size};
use zeroize::Zeroizing;

/// A private RSA key.
pub(super) struct RsaKey(NonNull<RSA>);

// SAFETY: AWS-LC documents that an RSA object may be used on several threads by functions that do not change it, which
// `RSA_decrypt` and `RSA_size` do not observably: the cached blinding is under a lock of its own (rsa.h).
unsafe impl Send for RsaKey {}
// SAFETY: as above.
unsafe impl Sync for RsaKey {}

impl RsaKey {
    /// Parses an `RSAPrivateKey` (DER, RFC 8017 §A.1.2) and checks that its numbers belong together.
    pub(super) fn private(pkcs1: &[u8]) -> Option<Self> {
        // SAFETY: the pointer and the length are those of one slice; the result is null or a key of our own.
        let key = unsafe { RSA_private_key_from_bytes(pkcs1.as_ptr(), pkcs1.len()) };
        Self::owned(key)
    }

    fn owned(key: *mut RSA) -> Option<Self> {
        let key = NonNull::new(key).map(Self);
        if key.is_none() {
            clear_errors();
        }
        key
    }

    /// Bytes of the modulus.
    pub(super) fn length(&self) -> usize {
        // SAFETY: the key lives as long as `self`.
        let length = unsafe { RSA_size(self.0.as_ptr()) };
        usize::try_from(length).unwrap_or_default()
    }

    /// `input` to the private exponent. The input has the length of the modulus and is less than it.
    pub(super) fn apply_private(&self, input: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.length()]);
        let mut written = 0;
        // SAFETY: the key lives as long as `self`; the buffers are slices with their own lengths, and the library writes at
        // most `out.len()` bytes and their number.
        let done = unsafe {
            let (to, from) = (out.as_mut_ptr(), input.as_ptr());
            RSA_decrypt(self.0.as_ptr(), &mut written, to, out.len(), from, input.len(), RSA_NO_PADDING)
        };
        finished(done, written == out.len()).then_some(out)
    }
}

fn finished(done: i32, whole: bool) -> bool {
    if done != 1 {
        clear_errors();
    }
    done == 1 && whole
}

/// What failed is told by the result; the library's queue of errors, one for each thread, must not grow.
fn clear_errors() {
    // SAFETY: it has no arguments and touches only the queue of this thread.
    unsafe { ERR_clear_error() };
}

impl Drop for RsaKey {
    fn drop(&mut self) {
        // SAFETY: the key is ours, and nothing refers to it after this. The library wipes what it frees.
        unsafe { RSA_free(self.0.as_ptr()) };
    }
}
