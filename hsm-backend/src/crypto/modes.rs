//! Block ciphers in the modes that do not authenticate (NIST SP 800-38A, XTS of SP 800-38E), with their padding.

use blowfish::Blowfish;
use cipher::array::Array;
use cipher::common::InnerIvInit;
use cipher::consts::{U8, U16};
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, StreamCipher};
use kmip_core::ports::crypto::{BlockCipher, BlockMode, BlockPadding, CryptoError};
use xts_mode::Xts128;
use zeroize::Zeroizing;

use super::block_cipher::{Aes, FromKey, TripleDes, wrong_length};
use super::stream::{Bytes, CipherStream, Direction, End, Whole, copy};

/// A block cipher in a mode, with its padding and first block.
pub(crate) struct Mode<'a> {
    pub(crate) cipher: BlockCipher,
    pub(crate) mode: BlockMode,
    pub(crate) padding: BlockPadding,
    pub(crate) iv: &'a [u8],
}

/// Begins a stream.
pub(super) fn begin(how: &Mode<'_>, direction: Direction, key: &[u8]) -> Result<Box<dyn CipherStream>, CryptoError> {
    check(how)?;
    if how.mode == BlockMode::Xts {
        return xts(how, direction, key);
    }
    let engine = match how.cipher {
        BlockCipher::Aes => engine_of_16(Aes::from_key(key)?, how, direction),
        BlockCipher::TripleDes => engine_of_8(TripleDes::from_key(key)?, how, direction),
        BlockCipher::Blowfish => engine_of_8(<Blowfish as FromKey>::from_key(key)?, how, direction),
    }?;
    Ok(stream(engine, how, direction))
}

/// The stream of an engine: padding, and whole blocks from parts of any length.
pub(crate) fn stream(engine: Box<dyn Engine>, how: &Mode<'_>, direction: Direction) -> Box<dyn CipherStream> {
    let block = if how.mode.takes_any_length() { 1 } else { how.cipher.block() };
    let holds_back = direction == Direction::Decrypt && how.padding != BlockPadding::None;
    let held = Zeroizing::new(Vec::with_capacity(block.saturating_mul(2)));
    Box::new(BlockStream { engine, block, padding: how.padding, direction, holds_back, held })
}

/// Refuses a padding or a first block that the mode does not take.
pub(crate) fn check(how: &Mode<'_>) -> Result<(), CryptoError> {
    if how.mode.takes_any_length() && how.padding != BlockPadding::None {
        return Err(CryptoError::Parameters(format!("{:?} mode takes no padding", how.mode)));
    }
    let wanted = if how.mode == BlockMode::Ecb { 0 } else { how.cipher.block() };
    if how.iv.is_empty() && wanted > 0 {
        return Err(CryptoError::MissingIv("the block cipher mode"));
    }
    if how.iv.len() != wanted {
        let message =
            format!("{:?} in {:?} mode takes an initialization vector of {wanted} bytes", how.cipher, how.mode);
        return Err(CryptoError::Parameters(format!("{message}, not {}", how.iv.len())));
    }
    Ok(())
}

/// A mode at work: changes whole blocks, or any number of bytes in the modes that take them, in place.
pub(crate) trait Engine: Send {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError>;
}

struct EcbEncrypt<C>(C);
struct EcbDecrypt<C>(C);
struct CbcEncrypt<C: BlockCipherEncrypt>(cbc::Encryptor<C>);
struct CbcDecrypt<C: BlockCipherDecrypt>(cbc::Decryptor<C>);
struct CfbEncrypt<C: BlockCipherEncrypt>(cfb_mode::BufEncryptor<C>);
struct CfbDecrypt<C: BlockCipherEncrypt>(cfb_mode::BufDecryptor<C>);
struct Keystream<S>(S);

impl<C: BlockCipherEncrypt + Send> Engine for EcbEncrypt<C> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.encrypt_blocks(whole_blocks::<C>(data)?);
        Ok(())
    }
}

impl<C: BlockCipherDecrypt + Send> Engine for EcbDecrypt<C> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.decrypt_blocks(whole_blocks::<C>(data)?);
        Ok(())
    }
}

impl<C: BlockCipherEncrypt + Send> Engine for CbcEncrypt<C> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.encrypt_blocks(whole_blocks::<C>(data)?);
        Ok(())
    }
}

impl<C: BlockCipherDecrypt + Send> Engine for CbcDecrypt<C> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.decrypt_blocks(whole_blocks::<C>(data)?);
        Ok(())
    }
}

impl<C: BlockCipherEncrypt + Send> Engine for CfbEncrypt<C> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.encrypt(data);
        Ok(())
    }
}

impl<C: BlockCipherEncrypt + Send> Engine for CfbDecrypt<C> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.0.decrypt(data);
        Ok(())
    }
}

impl<S: StreamCipher + Send> Engine for Keystream<S> {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        let exhausted = |_| CryptoError::Limit("the key stream of this initialization vector is used up".to_owned());
        self.0.try_apply_keystream(data).map_err(exhausted)
    }
}

fn whole_blocks<C: BlockSizeUser>(data: &mut [u8]) -> Result<&mut [Array<u8, C::BlockSize>], CryptoError> {
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    if rest.is_empty() { Ok(blocks) } else { Err(no_whole_blocks(C::block_size())) }
}

fn no_whole_blocks(block: usize) -> CryptoError {
    CryptoError::Data(format!("without padding the data must be a multiple of {block} bytes"))
}

fn engine_of_16<C>(cipher: C, how: &Mode<'_>, direction: Direction) -> Result<Box<dyn Engine>, CryptoError>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Send + 'static,
{
    match how.mode {
        BlockMode::Ctr => {
            let core = ctr::CtrCore::inner_iv_slice_init(cipher, how.iv).map_err(bad_iv)?;
            Ok(Box::new(Keystream(ctr::Ctr128BE::from_core(core))))
        }
        BlockMode::Ofb => {
            let core = ofb::OfbCore::inner_iv_slice_init(cipher, how.iv).map_err(bad_iv)?;
            Ok(Box::new(Keystream(ofb::Ofb::from_core(core))))
        }
        _ => engine(cipher, how, direction),
    }
}

fn engine_of_8<C>(cipher: C, how: &Mode<'_>, direction: Direction) -> Result<Box<dyn Engine>, CryptoError>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U8> + Send + 'static,
{
    match how.mode {
        BlockMode::Ctr => {
            let core = ctr::CtrCore::inner_iv_slice_init(cipher, how.iv).map_err(bad_iv)?;
            Ok(Box::new(Keystream(ctr::Ctr64BE::from_core(core))))
        }
        BlockMode::Ofb => {
            let core = ofb::OfbCore::inner_iv_slice_init(cipher, how.iv).map_err(bad_iv)?;
            Ok(Box::new(Keystream(ofb::Ofb::from_core(core))))
        }
        _ => engine(cipher, how, direction),
    }
}

fn engine<C>(cipher: C, how: &Mode<'_>, direction: Direction) -> Result<Box<dyn Engine>, CryptoError>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + Send + 'static,
{
    use Direction::{Decrypt, Encrypt};
    let iv = how.iv;
    Ok(match (how.mode, direction) {
        (BlockMode::Ecb, Encrypt) => Box::new(EcbEncrypt(cipher)),
        (BlockMode::Ecb, Decrypt) => Box::new(EcbDecrypt(cipher)),
        (BlockMode::Cbc, Encrypt) => {
            Box::new(CbcEncrypt(cbc::Encryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?))
        }
        (BlockMode::Cbc, Decrypt) => {
            Box::new(CbcDecrypt(cbc::Decryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?))
        }
        (BlockMode::Cfb, Encrypt) => {
            Box::new(CfbEncrypt(cfb_mode::BufEncryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?))
        }
        (BlockMode::Cfb, Decrypt) => {
            Box::new(CfbDecrypt(cfb_mode::BufDecryptor::inner_iv_slice_init(cipher, iv).map_err(bad_iv)?))
        }
        (BlockMode::Ctr | BlockMode::Ofb | BlockMode::Xts, _) => {
            return Err(CryptoError::Unsupported(format!("{:?} in {:?} mode", how.cipher, how.mode)));
        }
    })
}

fn bad_iv(_: cipher::InvalidLength) -> CryptoError {
    CryptoError::Parameters("the initialization vector has the wrong length".to_owned())
}

/// A mode with its padding, and the bytes that are no whole block yet.
struct BlockStream {
    engine: Box<dyn Engine>,
    block: usize,
    padding: BlockPadding,
    direction: Direction,
    /// Whether the last block must stay until it is known to be the last, because it holds the padding.
    holds_back: bool,
    held: Bytes,
}

impl BlockStream {
    /// What is held, and the data, with room for padding.
    fn joined(&self, data: &[u8]) -> Bytes {
        let length = self.held.len().saturating_add(data.len()).saturating_add(self.block);
        let mut joined = Zeroizing::new(Vec::with_capacity(length));
        joined.extend_from_slice(&self.held);
        joined.extend_from_slice(data);
        joined
    }
}

impl CipherStream for BlockStream {
    fn update(&mut self, data: &[u8]) -> Result<Bytes, CryptoError> {
        let mut ready = self.joined(data);
        let mut rest = ready.len().checked_rem(self.block).unwrap_or_default();
        if self.holds_back && rest == 0 {
            rest = self.block.min(ready.len());
        }
        let whole = ready.len().saturating_sub(rest);
        self.held.clear();
        self.held.extend_from_slice(ready.get(whole..).unwrap_or_default());
        ready.truncate(whole);
        self.engine.apply(&mut ready)?;
        Ok(ready)
    }

    fn finish(mut self: Box<Self>, data: &[u8], _: Option<&[u8]>) -> Result<End, CryptoError> {
        let mut last = self.joined(data);
        if self.direction == Direction::Encrypt {
            pad(&mut last, self.padding, self.block);
        }
        if !last.len().is_multiple_of(self.block) {
            return Err(no_whole_blocks(self.block));
        }
        self.engine.apply(&mut last)?;
        if self.holds_back {
            let length = unpadded(&last, self.padding, self.block)?;
            last.truncate(length);
        }
        Ok((last, None))
    }
}

/// Brings data to a multiple of the block.
fn pad(data: &mut Vec<u8>, padding: BlockPadding, block: usize) {
    let rest = data.len().checked_rem(block).unwrap_or_default();
    let missing = block.saturating_sub(rest);
    let count = u8::try_from(missing).unwrap_or_default();
    match padding {
        BlockPadding::None => (),
        BlockPadding::Pkcs5 => data.extend(std::iter::repeat_n(count, missing)),
        BlockPadding::AnsiX923 => {
            data.extend(std::iter::repeat_n(0, missing.saturating_sub(1)));
            data.push(count);
        }
    }
}

/// The length without the padding. All of the last block is looked at, whatever its padding says.
fn unpadded(data: &[u8], padding: BlockPadding, block: usize) -> Result<usize, CryptoError> {
    let wrong = || CryptoError::Data("the data does not decrypt to padded data".to_owned());
    let start = data.len().checked_sub(block).ok_or_else(wrong)?;
    let last = data.get(start..).ok_or_else(wrong)?;
    let count = usize::from(*last.last().ok_or_else(wrong)?);
    let mut bad = u8::from(count == 0) | u8::from(count > block);
    for (place, byte) in last.iter().rev().enumerate() {
        let expected = match padding {
            BlockPadding::AnsiX923 if place > 0 => 0,
            _ => u8::try_from(count).unwrap_or_default(),
        };
        bad |= u8::from(place < count) & u8::from(*byte != expected);
    }
    if bad == 0 { data.len().checked_sub(count).ok_or_else(wrong) } else { Err(wrong()) }
}

/// XTS (IEEE 1619, NIST SP 800-38E): the data of one unit, in one piece.
fn xts(how: &Mode<'_>, direction: Direction, key: &[u8]) -> Result<Box<dyn CipherStream>, CryptoError> {
    let (data_key, tweak_key) = match (how.cipher, key.len()) {
        (BlockCipher::Aes, 32 | 64) => key.split_at(key.len() / 2),
        (BlockCipher::Aes, _) => return Err(wrong_length("AES-XTS", "256 or 512", key)),
        _ => return Err(CryptoError::Unsupported(format!("{:?} in Xts mode", how.cipher))),
    };
    if bool::from(subtle::ConstantTimeEq::ct_eq(data_key, tweak_key)) {
        return Err(CryptoError::Key("the two halves of an AES-XTS key must differ".to_owned()));
    }
    let xts = Xts128::new(Aes::from_key(data_key)?, Aes::from_key(tweak_key)?);
    let tweak = Array::try_from(how.iv).map_err(|_| CryptoError::Parameters("an XTS tweak has 16 bytes".to_owned()))?;
    Ok(Whole::boxed(move |data, _| {
        if data.len() < 16 {
            return Err(CryptoError::Data("XTS takes at least 16 bytes".to_owned()));
        }
        let mut unit = copy(data);
        match direction {
            Direction::Encrypt => xts.encrypt_sector(&mut unit, tweak),
            Direction::Decrypt => xts.decrypt_sector(&mut unit, tweak),
        }
        Ok((unit, None))
    }))
}
