//! The printer shows no secret, in whatever field or unknown item it stands, and keeps its bound.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::credential::PasswordCredential;
use kmip_codec::message::{Credential, CredentialValue, print};
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SymmetricKey};
use kmip_codec::operation::get::GetResponse;
use kmip_codec::registry::{CredentialType, KeyFormatType, ObjectType, Tag};
use kmip_codec::secret::{Secret, SecretText};
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_4, V2_1};

const PLANTED: &[u8] = b"planted-secret-0";

fn is_clean(line: &str) -> bool {
    let hex: String = PLANTED.iter().map(|byte| format!("{byte:02x}")).collect();
    !line.to_lowercase().contains(&hex) && !line.contains("planted")
}

#[test]
fn a_key_shows_its_length() {
    let material = KeyMaterial::Bytes(Secret::copy_from(PLANTED));
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material: material, attributes: None }))),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    };
    let response = GetResponse {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: UniqueIdentifier::text("k1"),
        object: ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })),
    };
    let line = print(Tag::ResponsePayload, &response, V2_1, 1_000);
    assert!(is_clean(&line), "{line}");
    assert!(line.contains("KeyMaterial=<16 bytes>"), "{line}");
    assert!(line.contains("UniqueIdentifier=\"k1\""), "{line}");
}

#[test]
fn a_password_shows_its_length_and_the_user_a_name() {
    let password =
        PasswordCredential { username: Text::new("alice"), password: Some(SecretText::copy_from("planted-secret-0")) };
    let credential = Credential {
        credential_type: CredentialType::UsernameAndPassword,
        credential_value: CredentialValue::Password(Box::new(password)),
    };
    let line = print(Tag::Credential, &credential, V1_4, 1_000);
    assert!(is_clean(&line), "{line}");
    assert!(line.contains("Username=\"alice\" Password=<16 bytes>"), "{line}");
}

#[test]
fn items_without_a_type_show_no_bytes() {
    let bytes = |tag| Item { tag, value: ItemValue::Bytes(ByteString::new(PLANTED)) };
    let text = Item { tag: Tag::new(0x54_0001), value: ItemValue::Text(Text::new("planted-secret-0")) };
    let number = Item { tag: Tag::D, value: ItemValue::BigInteger(ByteString::new(PLANTED)) };
    let items = ItemValue::Structure(vec![bytes(Tag::Key), bytes(Tag::new(0x54_0002)), number]);
    let line = print(Tag::RequestPayload, &items, V2_1, 1_000);
    assert!(is_clean(&line), "{line}");
    let credential = Credential {
        credential_type: CredentialType(0x8000_0001),
        credential_value: CredentialValue::Unknown(ItemValue::Structure(vec![text, bytes(Tag::NonceID)])),
    };
    let line = print(Tag::Credential, &credential, V2_1, 1_000);
    assert!(is_clean(&line), "{line}");
}

#[test]
fn a_line_is_bounded_and_has_no_line_breaks() {
    let many = |count| {
        let item = Item { tag: Tag::Comment, value: ItemValue::Text(Text::from("a\nb\u{1b}[31m".repeat(50))) };
        ItemValue::Structure(vec![item; count])
    };
    let line = print(Tag::RequestPayload, &many(10_000), V2_1, 500);
    assert!(line.len() <= 504 && line.ends_with(" ..."), "{line}");
    assert!(line.chars().all(|c| !c.is_control()), "{line}");
    let whole = print(Tag::RequestPayload, &many(1), V2_1, 500);
    assert!(whole.ends_with("...}"), "{whole}");
}
