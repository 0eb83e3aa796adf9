//! Makes an AES-256 key, reads it back, and destroys it.
//!
//! Start a server with `cargo run --release --bin kmip-server -- serve --dev`, then
//! `cargo run --release -p kmip-client --example first_key`. Arguments: the server (127.0.0.1:5696) and the folder of the
//! certificates (kmip-data/pki).

use std::path::PathBuf;

use kmip_client::codec::object::{KeyMaterial, KeyValue};
use kmip_client::codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, RevocationReasonCode};
use kmip_client::{Client, Config, attributes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap_or_else(|| "127.0.0.1:5696".into());
    let pki = PathBuf::from(arguments.next().unwrap_or_else(|| "kmip-data/pki".into()));

    let config = Config::new(server, pki.join("ca.pem"), pki.join("client.pem"), pki.join("client.key"));
    let mut client = Client::connect(config).await?;
    println!("connected: {client:?}");

    let usage = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let name = attributes::name(&format!("first-key-{}", std::process::id()));
    let id = client.create_symmetric_key(CryptographicAlgorithm::AES, 256, usage, [name]).await?;
    client.activate(&id).await?;
    println!("created and activated: {id}");

    let key = client.get(&id).await?;
    match key.object.key_block().and_then(|block| block.key_value.as_ref()) {
        Some(KeyValue::Plain(value)) => match &value.key_material {
            KeyMaterial::Bytes(bytes) => println!("read back: {} bytes of key material", bytes.expose_secret().len()),
            other => println!("read back: {other:?}"),
        },
        other => println!("read back: {other:?}"),
    }

    client.revoke(&id, RevocationReasonCode::CessationOfOperation, Some("end of the example"), None).await?;
    client.destroy(&id).await?;
    println!("revoked and destroyed");
    Ok(())
}
