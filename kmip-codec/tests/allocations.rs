//! What decoding may allocate: nothing for fields of fixed size, identifiers of up to 38 bytes and known attribute names.

use allocation_counter::measure;
use kmip_codec::attribute::values::{CryptographicParameters, Link, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestHeader, encode};
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::registry::*;
use kmip_codec::value::{DateTime, Interval, Value};
use kmip_codec::version::{V1_4, V2_1, Version};
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::xml::text::hex;
use kmip_codec::wire::{Source, Strictness};

/// Allocations that taking a value of this type from these bytes makes.
fn taking<T: Value + PartialEq + std::fmt::Debug>(bytes: &[u8], version: Version) -> (u64, T) {
    let mut taken = None;
    let counted = measure(|| {
        let mut reader = TtlvReader::new(bytes, Limits::DEFAULT, Strictness::Strict);
        reader.set_version(version);
        reader.next().unwrap();
        taken = Some(T::take(&mut reader).unwrap());
    });
    (counted.count_total, taken.unwrap())
}

fn allocations<T: Value + PartialEq + std::fmt::Debug>(value: &T, version: Version) -> u64 {
    let bytes = encode(Tag::Attributes, value, version);
    let (count, taken) = taking::<T>(&bytes, version);
    assert_eq!(*value, taken);
    count
}

#[test]
fn fields_of_fixed_size_do_not_allocate() {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        padding_method: Some(PaddingMethod::PKCS5),
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        key_role_type: Some(KeyRoleType::KEK),
        digital_signature_algorithm: Some(DigitalSignatureAlgorithm::ECDSAWithSHA256),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        random_iv: Some(true),
        iv_length: Some(96),
        tag_length: Some(128),
        fixed_field_length: Some(1),
        invocation_field_length: Some(2),
        counter_length: Some(3),
        initial_counter_value: Some(4),
        salt_length: Some(5),
        mask_generator: Some(MaskGenerator::MGF1),
        mask_generator_hashing_algorithm: Some(HashingAlgorithm::SHA_1),
        p_source: None,
        trailer_field: Some(6),
    };
    assert_eq!(allocations(&parameters, V2_1), 0);
    let header = hex("420077010000004842006901000000204200 6A0200000004000000010000000042006B0200000004000000040000000042005002000000040000100000000000420092090000000800000000 47DA67F8".replace(' ', "").as_str());
    // A header with version, maximum response size and time stamp.
    let (count, header) = taking::<RequestHeader>(&header.unwrap(), V1_4);
    assert_eq!((count, header.maximum_response_size), (0, Some(4096)));
}

#[test]
fn identifiers_do_not_allocate_up_to_38_bytes() {
    for (length, expected) in [(0, 0), (36, 0), (38, 0), (39, 1)] {
        let id = UniqueIdentifier::text(&"i".repeat(length));
        assert_eq!(allocations(&id, V2_1), expected, "{length} bytes");
        let link = Link { link_type: LinkType::PreviousLink, linked_object_identifier: id };
        assert_eq!(allocations(&link, V2_1), expected, "link of {length} bytes");
    }
}

/// The list itself is the only allocation: neither names nor values make one.
#[test]
fn known_attribute_names_do_not_allocate() {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::ActivationDate(DateTime(1)),
        Attribute::LeaseTime(Interval(1)),
    ];
    let bag: Bag = attributes.into_iter().collect();
    let request =
        CreateRequest { object_type: ObjectType::SymmetricKey, attributes: Some(bag), protection_storage_masks: None };
    assert_eq!(allocations(&request, V1_4), 1);
    assert_eq!(allocations(&request, V2_1), 1);
}

/// The message's own buffer is the only one.
#[test]
fn encoding_allocates_once() {
    let id = UniqueIdentifier::text("00000000-0000-4000-8000-000000000000");
    let request = kmip_codec::operation::get::GetRequest {
        unique_identifier: Some(id),
        key_format_type: Some(KeyFormatType::Raw),
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    let counted = measure(|| drop(encode(Tag::RequestPayload, &request, V2_1)));
    assert_eq!(counted.count_total, 1);
}
